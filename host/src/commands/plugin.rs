//! `plugin inspect`: what a component is, wants and offers, without running it.

use std::io::Read;
use std::path::PathBuf;

use aws_lc_rs::digest;
use clap::Subcommand;
use serde_json::{Value, json};
use wit_component::{DecodedWasm, WitPrinter};

use super::bundle::{self, Check};
use super::failure::Failure;
use super::output::{self, OutputArgs, Row, clean, details, say, size, text};

/// What the gateway would read of a component, at most.
const COMPONENT_MAX: u64 = 64 << 20;

/// Policy components, for their authors.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what a component is: its world, what it imports and exports, its digest.
    Inspect {
        /// The component.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Its whole interface as WIT.
        #[arg(long)]
        wit: bool,
    },
    /// Run the cases of a folder with a `bundle.yaml`. Exits with 1 when one does not hold.
    Test(Check),
}

/// The function by which a component's world is known.
const WORLDS: [(&str, &str); 6] = [
    ("evaluate", "guard"),
    ("route-approval", "approval-router"),
    ("plan-masking", "masker"),
    ("deliver", "audit-sink"),
    ("notify", "notifier"),
    ("open-session", "session-policy"),
];

/// Runs it.
///
/// # Errors
/// When the file is no component, or a case does not hold.
pub async fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Inspect { file, wit } => {
            let bytes = read(&file)?;
            let decoded = decoded(&file, &bytes)?;
            if wit {
                return say(clean_wit(&decoded)?.trim_end());
            }
            let described = described(&bytes, &decoded);
            let row: Row = serde_json::value::to_raw_value(&described).map_err(anyhow::Error::from)?;
            output::object(&row, args.output.output, shown)
        }
        Command::Test(check) => {
            let status = bundle::loaded(&check).await?;
            let names: Vec<&str> = status.plugins.iter().map(|plugin| plugin.name.as_str()).collect();
            say(&clean(&format!("all cases hold, for the plugins {}", names.join(", "))))
        }
    }
}

fn read(file: &PathBuf) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|opened| opened.take(COMPONENT_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|e| Failure::Usage(format!("cannot read {}: {e}; give a component's file", file.display())))?;
    if bytes.len() as u64 > COMPONENT_MAX {
        return Err(Failure::No(format!("{} is longer than {} MiB; the gateway takes no such component", file.display(), COMPONENT_MAX >> 20)));
    }
    Ok(bytes)
}

fn decoded(file: &std::path::Path, bytes: &[u8]) -> Result<DecodedWasm, Failure> {
    if !bytes.starts_with(b"\0asm") {
        return Err(Failure::No(format!("{} is no WebAssembly; give a component's file, such as target/bundles/default/deny-list.wasm", file.display())));
    }
    wit_component::decode(bytes).map_err(|e| {
        let why = clean(&format!("{e:#}"));
        Failure::No(format!("{} is no component: {why}; build it with `cargo xtask plugins` or another component toolchain", file.display()))
    })
}

fn described(bytes: &[u8], decoded: &DecodedWasm) -> Value {
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
    let world = WORLDS.iter().find(|(function, _)| exports.iter().any(|name| name == function)).map(|(_, world)| *world);
    json!({
        "world": world,
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
    let lines = |pointer: &str| text(component, pointer).split(',').map(clean).collect::<Vec<_>>().join("\n");
    let world = text(component, "/world");
    details(&[
        ("World", if world.is_empty() { "none of the gateway's".to_owned() } else { clean(&world) }),
        ("Component", clean(&text(component, "/component"))),
        ("Size", size(component["bytes"].as_u64().unwrap_or(0))),
        ("Imports", lines("/imports")),
        ("Exports", lines("/exports")),
    ])
}
