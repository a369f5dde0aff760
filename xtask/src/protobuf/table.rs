//! The table's text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use super::golang::{self, Package};
use super::modules::Module;

/// Types that write their JSON themselves, and how the gateway writes it: the words are explained in its
/// `protobuf/special.rs`. A type that is not here and does so is an error, for it would be guessed at.
const FORMS: [(&str, &str); 14] = [
    ("api/resource.Quantity", "quantity"),
    ("apiextensions/v1.JSON", "bare"),
    ("apiextensions/v1.JSONSchemaPropsOrArray", "bare"),
    ("apiextensions/v1.JSONSchemaPropsOrBool", "schema-or-bool"),
    ("apiextensions/v1.JSONSchemaPropsOrStringArray", "bare"),
    ("apiextensions/v1beta1.JSON", "bare"),
    ("apiextensions/v1beta1.JSONSchemaPropsOrArray", "bare"),
    ("apiextensions/v1beta1.JSONSchemaPropsOrBool", "schema-or-bool"),
    ("apiextensions/v1beta1.JSONSchemaPropsOrStringArray", "bare"),
    ("meta/v1.Duration", "duration"),
    ("meta/v1.FieldsV1", "bare"),
    ("meta/v1.MicroTime", "micro-time"),
    ("meta/v1.Time", "time"),
    ("pkg/runtime.RawExtension", "bare"),
];
/// The same, of a type that the list above has no room beside.
const INT_OR_STRING: (&str, &str) = ("util/intstr.IntOrString", "int-or-string");
/// Messages whose bytes are JSON.
const RAW: [&str; 4] = ["apiextensions/v1.JSON", "apiextensions/v1beta1.JSON", "meta/v1.FieldsV1", "pkg/runtime.RawExtension"];
/// Types that are never in a body: their own JSON says nothing here.
const NEVER: [&str; 2] = ["pkg/runtime.Unknown", "meta/v1.GroupVersion"];

/// What is registered in every group (`metav1.AddToGroupVersion`). A `DELETE` takes the first of them.
const OF_ANY_GROUP: [&str; 7] = ["DeleteOptions", "CreateOptions", "GetOptions", "ListOptions", "PatchOptions", "UpdateOptions", "WatchEvent"];
/// Registered without a group of their own (`metav1.AddToGroupVersion`), and so under `v1`.
const UNVERSIONED: [&str; 5] = ["APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "Status"];

/// Everything that the API server takes as protobuf, as a table.
///
/// # Errors
/// When the sources have something in them that is not known here.
pub fn write(modules: &[Module]) -> Result<String> {
    let pool = compile(modules)?;
    let mut sources = Sources { modules, packages: BTreeMap::new() };
    let kinds = sources.kinds(&pool)?;
    let mut reached = BTreeMap::new();
    for message in kinds.values() {
        reach(message, &mut reached)?;
    }
    let mut out = header(modules);
    for ((api_version, kind), message) in &kinds {
        out += &format!("kind {api_version} {kind} {}\n", name(message)?);
    }
    for (name, message) in &reached {
        sources.message(name, message, &mut out)?;
    }
    Ok(out)
}

fn header(modules: &[Module]) -> String {
    let versions: Vec<String> = modules.iter().map(|module| format!("{} {}", module.path, module.version)).collect();
    format!(
        "# Kubernetes' messages on the wire, and their JSON. Written by `cargo xtask protobuf` from {}.\n\
         #\n\
         # kind APIVERSION KIND MESSAGE: what a body of that kind holds; * is any version.\n\
         # message NAME [FORM]: then its fields in the order of its JSON, NUMBER NAME TYPE; the form is that of a type\n\
         # that writes its JSON itself. A name with ? is left out when it is empty; + stands for the fields of a message\n\
         # that lies flat in this one. A type with * can be absent, which is not the same as empty; [] is a list, {{}} a map.\n",
        versions.join(", ")
    )
}

/// Compiles all `.proto` files of the modules.
fn compile(modules: &[Module]) -> Result<DescriptorPool> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(GoogleFileResolver::new());
    resolver.add(InModules(modules.iter().map(|module| (module.path.clone(), module.dir.clone())).collect()));
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    for module in modules {
        let mut files = Vec::new();
        protos(&module.dir, &mut files)?;
        files.sort();
        for file in files {
            let inside = file.strip_prefix(&module.dir)?.to_string_lossy().into_owned();
            // A group that only tests have.
            if !inside.contains("testapigroup") {
                compiler.open_file(format!("{}/{inside}", module.path)).with_context(|| format!("{inside} does not compile"))?;
            }
        }
    }
    Ok(compiler.descriptor_pool())
}

fn protos(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            protos(&path, found)?;
        } else if path.file_name().is_some_and(|name| name == "generated.proto") {
            found.push(path);
        }
    }
    Ok(())
}

/// Finds `k8s.io/api/core/v1/generated.proto` in the module `k8s.io/api`.
struct InModules(Vec<(String, PathBuf)>);

impl FileResolver for InModules {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let within = |path: &str| name.strip_prefix(path)?.strip_prefix('/').map(str::to_owned);
        let found = self.0.iter().find_map(|(path, dir)| Some(dir.join(within(path)?)));
        let source = found.and_then(|path| fs::read_to_string(path).ok()).ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, &source)
    }
}

/// The Go package that a message was made from.
fn package(message: &MessageDescriptor) -> Result<String> {
    let file = message.parent_file();
    let options = file.file_descriptor_proto().options.as_ref();
    options.and_then(|options| options.go_package.clone()).with_context(|| format!("{} names no Go package", file.name()))
}

/// `core/v1.Pod`: the last two parts of the package are enough to tell it from all others.
fn name(message: &MessageDescriptor) -> Result<String> {
    let package = package(message)?;
    let mut parts = package.rsplit('/');
    let (last, before) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Ok(format!("{before}/{last}.{}", message.name()))
}

/// Everything that a message may hold.
fn reach(message: &MessageDescriptor, reached: &mut BTreeMap<String, MessageDescriptor>) -> Result<()> {
    let name = name(message)?;
    if let Some(known) = reached.get(&name) {
        ensure!(known == message, "two messages have the name {name}");
        return Ok(());
    }
    reached.insert(name, message.clone());
    for field in message.fields() {
        if let Kind::Message(inner) = value_of(&field).kind() {
            reach(&inner, reached)?;
        }
    }
    Ok(())
}

/// The field of a map's values, or the field itself.
fn value_of(field: &FieldDescriptor) -> FieldDescriptor {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field(),
        _ => field.clone(),
    }
}

/// The Go packages, each read once.
struct Sources<'m> {
    modules: &'m [Module],
    packages: BTreeMap<String, Package>,
}

impl Sources<'_> {
    fn package(&mut self, path: &str) -> Result<&Package> {
        if !self.packages.contains_key(path) {
            let within = |module: &Module| path.strip_prefix(&module.path)?.strip_prefix('/').map(|inside| module.dir.join(inside));
            let folder = self.modules.iter().find_map(within).with_context(|| format!("{path} is in none of the modules"))?;
            self.packages.insert(path.to_owned(), golang::read(&folder)?);
        }
        Ok(&self.packages[path])
    }

    /// What is registered, with the message of each.
    fn kinds(&mut self, pool: &DescriptorPool) -> Result<BTreeMap<(String, String), MessageDescriptor>> {
        let mut paths = BTreeMap::new();
        for message in pool.all_messages().filter(|message| !message.is_map_entry()) {
            paths.insert((package(&message)?, message.name().to_owned()), message);
        }
        let meta = "k8s.io/apimachinery/pkg/apis/meta/v1".to_owned();
        let of_meta = |kind: &str| paths.get(&(meta.clone(), kind.to_owned())).cloned().with_context(|| format!("meta/v1 has no {kind}"));
        let mut kinds = BTreeMap::new();
        let of_any = OF_ANY_GROUP.iter().map(|kind| ("*", *kind));
        for (api_version, kind) in of_any.chain(UNVERSIONED.iter().map(|kind| ("v1", *kind))) {
            kinds.insert((api_version.to_owned(), kind.to_owned()), of_meta(kind)?);
        }
        let packages: BTreeSet<String> = paths.keys().map(|(package, _)| package.clone()).collect();
        for path in packages {
            let Some(registered) = &self.package(&path)?.registered else { continue };
            let api_version = if registered.group.is_empty() { registered.version.clone() } else { format!("{}/{}", registered.group, registered.version) };
            for kind in &registered.kinds {
                let (home, kind) = match kind.split_once('.') {
                    Some(("metav1", kind)) => (&meta, kind),
                    Some(_) => bail!("{path} registers {kind}, whose package is not known"),
                    None => (&path, kind.as_str()),
                };
                // Table and its kin are never sent as protobuf.
                if let Some(message) = paths.get(&(home.clone(), kind.to_owned())) {
                    kinds.insert((api_version.clone(), kind.to_owned()), message.clone());
                }
            }
        }
        Ok(kinds)
    }

    /// A message with its fields.
    fn message(&mut self, name: &str, message: &MessageDescriptor, out: &mut String) -> Result<()> {
        let package = self.package(&package(message)?)?;
        let form = FORMS.iter().chain([&INT_OR_STRING]).find(|(of, _)| *of == name).map(|(_, form)| *form);
        ensure!(
            form.is_some() == package.own_json.contains(message.name()) || NEVER.contains(&name),
            "{name} writes its JSON itself, or does so no longer: say how in FORMS"
        );
        // A list that has a name, and so a message around it.
        let form = form.or_else(|| package.lists.contains(message.name()).then_some("bare"));
        let Some(form) = form else {
            *out += &format!("message {name}\n");
            let same_as = package.same_as.get(message.name()).cloned();
            let (package, as_name) = match &same_as {
                Some((path, there)) => (self.package(path)?, there.as_str()),
                None => (package, message.name()),
            };
            let fields = package.structs.get(as_name).with_context(|| format!("{name} is no struct"))?;
            return object(name, message, fields, out);
        };
        *out += &format!("message {name} {form}\n");
        for field in message.fields() {
            let of = if RAW.contains(&name) { "json".to_owned() } else { type_of(&field)? };
            *out += &format!("{} {} {of}\n", field.number(), field.name());
        }
        Ok(())
    }
}

/// The fields of a message that is a struct, whose JSON Go writes by their tags.
fn object(name: &str, message: &MessageDescriptor, fields: &[golang::Field], out: &mut String) -> Result<()> {
    let mut missing: BTreeSet<u32> = message.fields().map(|field| field.number()).collect();
    for declared in fields {
        let Some(number) = declared.number else { continue };
        let field = message.get_field(number).with_context(|| format!("{name} has no field {number}"))?;
        missing.remove(&number);
        let pointer = declared.of.starts_with('*');
        if declared.embedded && declared.json.is_empty() {
            ensure!(!pointer && matches!(field.kind(), Kind::Message(_)), "{name} embeds {} in a way that is not known", declared.of);
            *out += &format!("{number} + {}\n", type_of(&field)?);
            continue;
        }
        ensure!(!declared.json.is_empty() && declared.json != "-", "{name} has a field {number} without a name in JSON");
        let single = !field.is_list() && !field.is_map();
        // `omitempty` says nothing about a struct, which is never empty to Go (`encoding/json`).
        let is_struct = single && !pointer && matches!(field.kind(), Kind::Message(_));
        ensure!(!declared.omitzero || type_of(&field)? == "meta/v1.Time", "{name} has {}, whose zero is not known", declared.json);
        let omitted = if is_struct { declared.omitzero } else { declared.omitempty };
        let (mark, star) = (if omitted { "?" } else { "" }, if single && pointer { "*" } else { "" });
        *out += &format!("{number} {}{mark} {star}{}\n", declared.json, type_of(&field)?);
    }
    ensure!(missing.is_empty(), "the Go type of {name} does not have the fields {missing:?}");
    Ok(())
}

/// A field's type in the table's words.
fn type_of(field: &FieldDescriptor) -> Result<String> {
    let around = match (field.is_list(), field.is_map()) {
        (true, _) => "[]",
        (_, true) => "{}",
        _ => "",
    };
    if let Kind::Message(entry) = field.kind()
        && field.is_map()
    {
        ensure!(entry.map_entry_key_field().kind() == Kind::String, "{} has keys that are no strings", field.full_name());
    }
    let one = match value_of(field).kind() {
        Kind::Message(message) => name(&message)?,
        Kind::String => "string".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Int32 => "int32".to_owned(),
        Kind::Int64 => "int64".to_owned(),
        Kind::Double => "double".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        other => bail!("{} is of a type that is not known: {other:?}", field.full_name()),
    };
    Ok(format!("{around}{one}"))
}
