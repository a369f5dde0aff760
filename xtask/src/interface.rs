//! `cargo xtask interface`: the reference page of each version of the interface, made of the words in its `.wit` files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem};

/// Options of `cargo xtask interface`.
#[derive(clap::Args)]
pub struct Args {}

/// Writes a page beside each version's folder: `wit/v0.1.0.md`.
pub fn run(root: &Path, _args: &Args) -> Result<()> {
    for (version, page) in pages(root)? {
        fs::write(&version, page).with_context(|| format!("cannot write {}", version.display()))?;
        println!("{}", version.display());
    }
    Ok(())
}

/// Each page's file and its text.
fn pages(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let wit = root.join("wit");
    let mut pages = Vec::new();
    for entry in fs::read_dir(&wit).with_context(|| format!("cannot read {}", wit.display()))? {
        let folder = entry?.path();
        if folder.is_dir() {
            let name = folder.file_name().context("a folder has a name")?.to_string_lossy().into_owned();
            pages.push((wit.join(format!("{name}.md")), page(&folder, &name)?));
        }
    }
    pages.sort();
    Ok(pages)
}

fn page(folder: &Path, name: &str) -> Result<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder).with_context(|| format!("{} is no WIT", folder.display()))?;
    let package = &resolve.packages[package];
    let mut page = Page { resolve: &resolve, text: String::new() };
    page.line(&format!("# {}", package.name));
    page.line(&format!("What a policy component exports and may import. Made of the files in [`{name}`]({name}) by `cargo xtask interface`; change those."));
    if package.name.version.as_ref().is_some_and(|version| !version.pre.is_empty()) {
        let number = name.trim_start_matches('v');
        page.line(&format!(
            "This version is a draft: it may change with any release of the gateway, which serves components built for it only where its configuration says so, `policies: {{ drafts: [{number}] }}`."
        ));
    }
    let worlds: Vec<String> = package.worlds.keys().map(|world| format!("[`{world}`](#world-{world})")).collect();
    let interfaces: Vec<String> = package.interfaces.keys().map(|interface| format!("[`{interface}`](#interface-{interface})")).collect();
    page.line(&format!("A component is of one world: {}.", worlds.join(", ")));
    page.line(&format!("Interfaces that they share: {}.", interfaces.join(", ")));
    for world in package.worlds.values() {
        page.world(*world);
    }
    for interface in package.interfaces.values() {
        page.interface(*interface);
    }
    Ok(page.text)
}

struct Page<'a> {
    resolve: &'a Resolve,
    text: String,
}

impl Page<'_> {
    /// A paragraph, a heading, or a table.
    fn line(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn world(&mut self, id: WorldId) {
        let world = &self.resolve.worlds[id];
        self.line(&format!("## World `{}`", world.name));
        self.line(&words(world.docs.contents.as_deref()));
        let of = |items: &mut dyn Iterator<Item = &WorldItem>| -> Vec<String> {
            let names = items.filter_map(|item| match item {
                WorldItem::Interface { id, .. } => self.resolve.interfaces[*id].name.clone(),
                _ => None,
            });
            names.map(|name| format!("[`{name}`](#interface-{name})")).collect()
        };
        let (imports, exports) = (of(&mut world.imports.values()), of(&mut world.exports.values()));
        self.line(&format!("May import {}. Exports {}, and:", imports.join(", "), exports.join(", ")));
        for item in world.exports.values() {
            if let WorldItem::Function(function) = item {
                self.function(function);
            }
        }
        for item in world.imports.values() {
            if let WorldItem::Type { id: of, .. } = item
                && self.resolve.types[*of].owner == TypeOwner::World(id)
            {
                self.definition(*of);
            }
        }
    }

    fn interface(&mut self, id: InterfaceId) {
        let interface = &self.resolve.interfaces[id];
        self.line(&format!("## Interface `{}`", interface.name.as_deref().unwrap_or_default()));
        self.line(&words(interface.docs.contents.as_deref()));
        for function in interface.functions.values() {
            self.function(function);
        }
        for definition in interface.types.values() {
            self.definition(*definition);
        }
    }

    fn function(&mut self, function: &Function) {
        let parameters: Vec<String> = function
            .params
            .iter()
            .filter(|parameter| parameter.name != "self")
            .map(|parameter| format!("{}: {}", parameter.name, self.name(&parameter.ty)))
            .collect();
        let result = function.result.as_ref().map(|result| format!(" -> {}", self.name(result))).unwrap_or_default();
        // `[method]document.get`
        let name = function.name.rsplit(']').next().unwrap_or_default();
        self.line(&format!("### `{name}`"));
        self.line(&format!("```wit\n{name}: func({}){result}\n```", parameters.join(", ")));
        self.line(&words(function.docs.contents.as_deref()));
    }

    /// A type that has a name of its own here; one that is only taken from another interface says nothing new.
    fn definition(&mut self, id: TypeId) {
        let definition = &self.resolve.types[id];
        let name = definition.name.as_deref().unwrap_or_default();
        let table: Vec<(&str, String, &str)> = match &definition.kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().map(|f| (f.name.as_str(), self.name(&f.ty), f.docs.contents.as_deref().unwrap_or_default())).collect()
            }
            TypeDefKind::Variant(variant) => variant
                .cases
                .iter()
                .map(|c| (c.name.as_str(), c.ty.as_ref().map(|ty| self.name(ty)).unwrap_or_default(), c.docs.contents.as_deref().unwrap_or_default()))
                .collect(),
            TypeDefKind::Enum(cases) => {
                cases.cases.iter().map(|c| (c.name.as_str(), String::new(), c.docs.contents.as_deref().unwrap_or_default())).collect()
            }
            TypeDefKind::Type(Type::Id(_)) => return,
            _ => Vec::new(),
        };
        let kind = match &definition.kind {
            TypeDefKind::Type(of) => format!("is `{}`", self.name(of)),
            other => other.as_str().to_owned(),
        };
        self.line(&format!("### `{name}`: {kind}"));
        if definition.docs.contents.is_some() {
            self.line(&words(definition.docs.contents.as_deref()));
        }
        if table.is_empty() {
            return;
        }
        let mut rows = "| | type | |\n| --- | --- | --- |\n".to_owned();
        for (name, of, docs) in table {
            let of = if of.is_empty() { of } else { format!("`{of}`") };
            let _ = writeln!(rows, "| `{name}` | {of} | {} |", docs.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|"));
        }
        self.line(&rows);
    }

    /// As WIT spells it.
    fn name(&self, of: &Type) -> String {
        let Type::Id(id) = of else {
            return match of {
                Type::Bool => "bool",
                Type::U8 => "u8",
                Type::U16 => "u16",
                Type::U32 => "u32",
                Type::U64 => "u64",
                Type::S8 => "s8",
                Type::S16 => "s16",
                Type::S32 => "s32",
                Type::S64 => "s64",
                Type::F32 => "f32",
                Type::F64 => "f64",
                Type::Char => "char",
                Type::String => "string",
                _ => "error-context",
            }
            .to_owned();
        };
        let definition = &self.resolve.types[*id];
        if let Some(name) = &definition.name {
            return name.clone();
        }
        let inner = |of: &Option<Type>| of.as_ref().map_or("_".to_owned(), |of| self.name(of));
        match &definition.kind {
            TypeDefKind::List(of) => format!("list<{}>", self.name(of)),
            TypeDefKind::Option(of) => format!("option<{}>", self.name(of)),
            TypeDefKind::Result(result) if result.err.is_none() => format!("result<{}>", inner(&result.ok)),
            TypeDefKind::Result(result) => format!("result<{}, {}>", inner(&result.ok), inner(&result.err)),
            TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(|of| self.name(of)).collect::<Vec<_>>().join(", ")),
            TypeDefKind::Handle(wit_parser::Handle::Borrow(of)) => format!("borrow<{}>", self.name(&Type::Id(*of))),
            TypeDefKind::Handle(wit_parser::Handle::Own(of)) => self.name(&Type::Id(*of)),
            other => other.as_str().to_owned(),
        }
    }
}

/// A doc comment as one paragraph or several.
fn words(docs: Option<&str>) -> String {
    docs.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_a_page_that_says_what_its_files_say() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        for (file, page) in pages(root).expect("the interface can be read") {
            let found = fs::read_to_string(&file).unwrap_or_default();
            assert!(found == page, "{} is not what the .wit files say: run `cargo xtask interface`", file.display());
        }
    }
}
