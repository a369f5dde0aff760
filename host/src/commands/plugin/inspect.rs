//! `plugin inspect`: what a component is, wants and offers.

use std::io::Read;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use policy::World;
use serde_json::{Value, json};
use wit_component::{DecodedWasm, WitPrinter};

use crate::commands::failure::Failure;
use crate::commands::output::{self, Output, Row, clean, details, grid, say, size, text};
use crate::commands::sandbox;

/// What the gateway would read of a component, at most.
const COMPONENT_MAX: u64 = 128 << 20;

/// Rows of a schema's table.
const ROWS: usize = 64;

/// Which component.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The component, or the folder of its policy.
    #[arg(value_name = "FILE", default_value = ".")]
    file: PathBuf,
    /// Its whole interface as WIT.
    #[arg(long)]
    wit: bool,
}

/// What a component that imports an interface is granted, or sees.
const NEEDS: [(&str, &str); 7] = [
    ("types", "nothing: the shapes of facts"),
    ("documents", "nothing: the request's body"),
    ("log", "nothing: lines in the gateway's log"),
    ("clock", "nothing; its verdicts are not remembered"),
    ("cluster", "`capabilities.cluster` in the bundle, and the operator's grant; its verdicts are not remembered"),
    ("counter", "`capabilities.counter` in the bundle, and the operator's grant; its verdicts are not remembered"),
    ("http", "`capabilities.http` in the bundle, and the operator's grant of each origin"),
];

/// Shows it.
///
/// # Errors
/// When the file is no component.
pub async fn run(args: Args, output: Output) -> Result<(), Failure> {
    let file = if args.file.is_dir() { authoring::build::component(&args.file).map_err(super::build::failure)? } else { args.file };
    let bytes = read(&file)?;
    let decoded = decoded(&file, &bytes)?;
    if args.wit {
        return say(clean_wit(&decoded)?.trim_end());
    }
    let mut described = described(&bytes, &decoded);
    let world = described["world"].as_str().and_then(|name| serde_json::from_value::<World>(Value::from(name)).ok());
    if let Some(world) = world {
        let _said = super::Said::after(super::PATIENCE, "the component is being compiled; a large one takes a while");
        // Compiles, and runs `describe`: both block.
        let looked = tokio::task::spawn_blocking(move || {
            // Without a cache: how long compiling takes is part of what is told.
            let engine = sandbox::engine(policy::EngineOptions { cache_dir: None, remember: 0, ..sandbox::cached() })?;
            policy::inspect(&engine, &bytes, world).map_err(|error| Failure::No(clean(&error.to_string())))
        });
        add(&mut described, &looked.await.map_err(anyhow::Error::from)??);
    }
    let row: Row = serde_json::value::to_raw_value(&described).map_err(anyhow::Error::from)?;
    output::object(&row, output, shown)
}

fn add(described: &mut Value, looked: &policy::Inspected) {
    let description = &looked.description;
    described["interface"] = json!(looked.interface);
    described["name"] = json!(description.name);
    described["version"] = json!(description.version);
    described["summary"] = json!(description.summary);
    described["compile_ms"] = json!(looked.compile.as_secs_f64() * 1e3);
    described["born_configured"] = json!(looked.born_configured);
    described["pure"] = json!(looked.pure);
    described["configuration_schema"] = serde_json::from_str(&description.configuration_schema).unwrap_or(Value::Null);
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|opened| opened.take(COMPONENT_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|e| Failure::Usage(format!("cannot read {}: {e}; give a component's file", file.display())))?;
    if bytes.len() as u64 > COMPONENT_MAX {
        return Err(Failure::No(format!("{} is longer than {} MiB; the gateway takes no such component", file.display(), COMPONENT_MAX >> 20)));
    }
    Ok(bytes)
}

pub(super) fn decoded(file: &Path, bytes: &[u8]) -> Result<DecodedWasm, Failure> {
    if !bytes.starts_with(b"\0asm") {
        return Err(Failure::No(format!("{} is no WebAssembly; give a component's file, as `portcullis plugin build` makes it", file.display())));
    }
    // The layer of the binary format: a core module's is 0, and it would be read for a component's description that it may carry.
    if bytes.get(6..8) == Some(&[0, 0]) {
        return Err(Failure::No(format!("{} is no component: it is a core module; build it with `portcullis plugin build`", file.display())));
    }
    wit_component::decode(bytes).map_err(|e| {
        let why = clean(&format!("{e:#}"));
        Failure::No(format!("{} is no component: {why}; build it with `portcullis plugin build`", file.display()))
    })
}

pub(super) fn described(bytes: &[u8], decoded: &DecodedWasm) -> Value {
    let (imports, exports) = match decoded {
        DecodedWasm::Component(resolve, world) => {
            let world = &resolve.worlds[*world];
            let names = |keys: &mut dyn Iterator<Item = &_>| keys.map(|key| resolve.name_world_key(key)).collect::<Vec<_>>();
            (names(&mut world.imports.keys()), names(&mut world.exports.keys()))
        }
        DecodedWasm::WitPackage(..) => (Vec::new(), Vec::new()),
    };
    // Types that a world takes from its interfaces stand among the imports too, and ask for nothing.
    let imports: Vec<String> = imports.into_iter().filter(|name| name.contains(':')).collect();
    let world = authoring::World::ALL.into_iter().find(|world| exports.iter().any(|name| name == world.export()));
    json!({
        "world": world.map(authoring::World::as_str),
        "component": format!("sha256:{}", hex::encode(digest::digest(&digest::SHA256, bytes))),
        "bytes": bytes.len(),
        "imports": imports,
        "exports": exports,
    })
}

fn clean_wit(decoded: &DecodedWasm) -> Result<String, Failure> {
    let mut printer = WitPrinter::default();
    printer.print(decoded.resolve(), decoded.package(), &[]).map_err(|e| anyhow::anyhow!("its interface cannot be written: {e:#}"))?;
    Ok(output::clean_lines(&printer.output.to_string()))
}

fn shown(component: &Value) -> String {
    let world = text(component, "/world");
    let yes = |key: &str, yes: &str, no: &str| match component[key].as_bool() {
        Some(true) => yes.to_owned(),
        Some(false) => no.to_owned(),
        None => String::new(),
    };
    let named = [text(component, "/name"), text(component, "/version")].join(" ");
    let rows = details(&[
        ("Name", clean(named.trim())),
        ("Summary", clean(&text(component, "/summary"))),
        ("World", if world.is_empty() { "none of the gateway's".to_owned() } else { clean(&world) }),
        ("Interface", clean(&text(component, "/interface"))),
        ("Component", clean(&text(component, "/component"))),
        ("Size", size(component["bytes"].as_u64().unwrap_or(0))),
        ("Compiles in", component["compile_ms"].as_f64().map(|ms| format!("{ms:.0} ms")).unwrap_or_default()),
        ("Configured", yes("born_configured", "once, by a snapshot", "anew in every instance: it cannot be snapshotted")),
        ("Remembered", yes("pure", "yes: it is a pure function of the facts", "no: it sees more than the facts")),
        ("Imports", imports(component)),
    ]);
    let schema = schema(&component["configuration_schema"]);
    if schema.is_empty() { rows } else { format!("{}\n\nConfiguration:\n{schema}", rows.trim_end()) }
}

/// Each import, and what it needs.
fn imports(component: &Value) -> String {
    let names = component["imports"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let line = |name: &str| {
        let short = name.strip_prefix("portcullis:policy/").and_then(|rest| rest.split('@').next());
        match short.and_then(|short| NEEDS.iter().find(|(interface, _)| *interface == short)) {
            Some((interface, needs)) => format!("{interface}: {needs}"),
            None => format!("{}: the gateway has no such interface and refuses the component", clean(name)),
        }
    };
    names.map(line).collect::<Vec<_>>().join("\n")
}

/// The first two levels of a configuration's schema as a table.
fn schema(schema: &Value) -> String {
    let mut rows = Vec::new();
    properties(schema, schema, "", 0, &mut rows);
    if rows.is_empty() {
        return String::new();
    }
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    let mut table = grid(&["KEY".to_owned(), "TYPE".to_owned(), "REQUIRED".to_owned(), "WHAT IT IS".to_owned()], &rows);
    if more > 0 {
        table.push_str(&format!("and {more} more: see --output json\n"));
    }
    table
}

fn properties(root: &Value, object: &Value, prefix: &str, depth: usize, rows: &mut Vec<Vec<String>>) {
    let required = |key: &str| object["required"].as_array().is_some_and(|keys| keys.iter().any(|one| one == key));
    for (key, property) in object["properties"].as_object().into_iter().flatten() {
        let target = resolved(root, property);
        let description = [property, target].iter().find_map(|one| one["description"].as_str()).unwrap_or_default();
        let sentence = description.split('\n').next().unwrap_or_default();
        let path = format!("{prefix}{key}");
        rows.push(vec![clean(&path), clean(&kind(root, property)), if required(key) { "yes".to_owned() } else { String::new() }, clean(sentence)]);
        if depth < 1 {
            let (inner, mark) = if target["items"].is_object() { (resolved(root, &target["items"]), "[].") } else { (target, ".") };
            properties(root, inner, &format!("{path}{mark}"), depth + 1, rows);
        }
    }
}

/// What a `$ref` within the schema stands for, and an optional value's own schema.
fn resolved<'a>(root: &'a Value, property: &'a Value) -> &'a Value {
    let mut at = property;
    // A schema may refer to itself.
    for _ in 0..8 {
        let of_any = at["anyOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null"));
        let of_ref = at["$ref"].as_str().and_then(|to| to.strip_prefix('#')).and_then(|pointer| root.pointer(pointer));
        match of_ref.or(of_any) {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

fn kind(root: &Value, property: &Value) -> String {
    let target = resolved(root, property);
    let name = match &target["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect::<Vec<_>>().join(" or "),
        _ if target["enum"].is_array() => "string".to_owned(),
        _ => "any".to_owned(),
    };
    if name == "array" { format!("list of {}", kind(root, &target["items"])) } else { name }
}

#[cfg(test)]
mod tests;
