//! Just enough of Go to read what `gofmt` made of Kubernetes' `types.go`: structs, their fields, and their tags.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What a package says about its types.
#[derive(Debug, Default)]
pub struct Package {
    /// The fields of each struct, in their order, which is that of its JSON.
    pub structs: BTreeMap<String, Vec<Field>>,
    /// Types that write their JSON themselves.
    pub own_json: BTreeSet<String>,
    /// Types that are lists by another name.
    pub lists: BTreeSet<String>,
    /// Types that are those of another package by another name: its path and the name there.
    pub same_as: BTreeMap<String, (String, String)>,
    /// The group and version that its kinds are registered under, and those kinds.
    pub registered: Option<Registered>,
}

/// What `register.go` says.
#[derive(Debug)]
pub struct Registered {
    pub group: String,
    pub version: String,
    /// Go's names of the types, which may be of another package: `Pod`, `metav1.Status`.
    pub kinds: Vec<String>,
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Without a name of its own: `metav1.TypeMeta`.
    pub embedded: bool,
    /// As Go writes it: `*string`, `[]Container`.
    pub of: String,
    /// Its name in JSON, empty when it has none of its own.
    pub json: String,
    /// Left out when empty.
    pub omitempty: bool,
    /// Left out when zero, which structs can be.
    pub omitzero: bool,
    /// Its number in protobuf, if it is in it.
    pub number: Option<u32>,
}

/// Reads a package's folder, tests and generated files left out.
///
/// # Errors
/// When it cannot be read.
pub fn read(folder: &Path) -> Result<Package> {
    let mut package = Package::default();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".go") || name.ends_with("_test.go") || name.contains("generated") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        types(&text, &mut package);
        if name == "register.go" {
            package.registered = registered(&text);
        }
    }
    Ok(package)
}

fn types(text: &str, package: &mut Package) {
    let mut imports = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(method) = line.strip_prefix("func (")
            && let Some((receiver, rest)) = method.split_once(')')
            && rest.starts_with(" MarshalJSON(")
        {
            let of = receiver.rsplit([' ', '*']).next().unwrap_or_default();
            package.own_json.insert(of.to_owned());
        }
        if let Some((alias, path)) = line.trim_start_matches("import").trim().split_once(" \"") {
            imports.insert(alias, path.trim_end_matches('"'));
        }
        let Some(declared) = line.strip_prefix("type ") else { continue };
        if let Some(name) = declared.strip_suffix(" struct {") {
            let fields = lines.by_ref().take_while(|line| *line != "}").filter_map(field).collect();
            package.structs.insert(name.to_owned(), fields);
        } else if let Some(name) = declared.strip_suffix(" struct{}") {
            package.structs.insert(name.to_owned(), Vec::new());
        } else if let Some((name, of)) = declared.split_once(' ') {
            if of.starts_with("[]") {
                package.lists.insert(name.to_owned());
            } else if let Some((alias, there)) = of.split_once('.')
                && let Some(path) = imports.get(alias)
            {
                package.same_as.insert(name.to_owned(), ((*path).to_owned(), there.to_owned()));
            }
        }
    }
}

/// A line of a struct: `Name Type` and tags between backticks, or a type alone, which is embedded.
fn field(line: &str) -> Option<Field> {
    let line = line.trim();
    if line.is_empty() || line.starts_with("//") {
        return None;
    }
    let (declared, tags) = line.split_once('`').unwrap_or((line, ""));
    let mut words = declared.split("//").next()?.split_whitespace();
    let first = words.next()?;
    let second = words.next();
    let mut json = tag(tags, "json").unwrap_or_default().split(',');
    let name = json.next().unwrap_or_default().to_owned();
    let options: Vec<&str> = json.collect();
    Some(Field {
        embedded: second.is_none(),
        of: second.unwrap_or(first).to_owned(),
        json: name,
        omitempty: options.contains(&"omitempty"),
        omitzero: options.contains(&"omitzero"),
        number: tag(tags, "protobuf").and_then(|tag| tag.split(',').nth(1)?.parse().ok()),
    })
}

/// The value of `key:"value"` among a field's tags.
fn tag<'a>(tags: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = tags.split_once(&format!("{key}:\""))?;
    rest.split('"').next()
}

/// The group, version and kinds of a `register.go`; nothing for a package without them.
fn registered(text: &str) -> Option<Registered> {
    let quoted = |after: &str| Some(text.split_once(after)?.1.split('"').nth(1)?.to_owned());
    let kinds = text
        .split("AddKnownTypes(")
        .skip(1)
        .filter_map(|call| call.split_once(")\n").map(|(list, _)| list))
        .flat_map(|list| list.split('&').skip(1))
        .filter_map(|one| Some(one.split_once('{')?.0.to_owned()))
        .collect();
    Some(Registered {
        group: quoted("const GroupName =")?,
        version: quoted("schema.GroupVersion{Group: GroupName, Version:")?,
        kinds,
    })
}
