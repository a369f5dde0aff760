//! Is this a component of that world, and does it import only what there is?

use wasmtime::component::types::ComponentItem;
use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, Resource};

use crate::facts::Facts;
use crate::host::{CallState, DocumentHandle, Imports};
use crate::wit::{
    Batch, Candidate, Description, Finding, Notice, ResponseKind, Route, SessionAsk, Verdict, WitFailure, WitPlan, WitSessionAnswer, World, names,
};

/// Why a component is not what the bundle says.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The bytes are no component.
    #[error("it is not a WebAssembly component: {0}; build it with `portcullis plugin build`")]
    Compile(String),
    /// It imports what does not exist, or what it may not have.
    #[error("it imports `{import}`: {why}")]
    Import {
        /// The import's full name.
        import: String,
        /// Why it cannot be had, and what to do.
        why: &'static str,
    },
    /// It lacks an export.
    #[error("it does not export `{0}`; check that `world` in bundle.yaml is the world it was built for")]
    Export(String),
    /// An import or export has another type than the interface says.
    #[error("it does not fit its world: {0}; build it against wit/v0.1.0")]
    Type(String),
}

/// Looks at every import. Names are compared in full: an interface of another version is another interface.
pub(super) fn imports(component: &Component, world: World, http_granted: bool) -> Result<Imports, ComponentError> {
    let engine = component.engine();
    let mut imports = Imports::default();
    for (name, import) in component.component_type().imports(engine) {
        let refuse = |why| Err(ComponentError::Import { import: name.to_owned(), why });
        match name {
            names::TYPES => {}
            // A world's `use types.{facts}` gives the type a second name at the root: there is nothing to call in it.
            _ if matches!(import.ty, ComponentItem::Type(_)) => {}
            // And so does `use documents.{document}`; what has it imports the interface too, which is looked at by its own name.
            "document" if matches!(import.ty, ComponentItem::Resource(_)) => {}
            names::DOCUMENTS if matches!(world, World::Guard | World::ApprovalRouter) => {
                imports.documents = true;
                if let ComponentItem::ComponentInstance(instance) = &import.ty {
                    imports.preview = instance.exports(engine).any(|(function, _)| function == "[method]document.preview");
                }
            }
            names::DOCUMENTS => return refuse("a component of this world sees no body; leave it out"),
            names::LOG => imports.log = true,
            names::CLOCK if world == World::Masker => return refuse("a plan is kept, so it cannot depend on the time; leave it out"),
            names::CLOCK => imports.clock = true,
            names::HTTP if !matches!(world, World::AuditSink | World::Notifier) => {
                return refuse("only an audit-sink or a notifier may use the network; leave it out");
            }
            names::HTTP if !http_granted => {
                return refuse("the network is given only when bundle.yaml asks for it under capabilities.http and the operator grants the origin");
            }
            names::HTTP => imports.http = true,
            _ if name.starts_with("wasi:") => return refuse("there are no files, environment or sockets here; build without WASI"),
            _ => return refuse("the gateway has nothing of that name; use only what wit/v0.1.0 offers"),
        }
    }
    Ok(imports)
}

/// The index of an exported function.
pub(super) fn export(component: &Component, name: &str) -> Result<ComponentExportIndex, ComponentError> {
    component.get_export_index(None, name).ok_or_else(|| ComponentError::Export(name.to_owned()))
}

/// The index of `describe` or `configure`.
pub(super) fn plugin_export(component: &Component, name: &str) -> Result<ComponentExportIndex, ComponentError> {
    let missing = || ComponentError::Export(format!("{}#{name}", names::PLUGIN));
    let instance = component.get_export_index(None, names::PLUGIN).ok_or_else(missing)?;
    component.get_export_index(Some(&instance), name).ok_or_else(missing)
}

/// Compares the functions' types with the world's, so that a call can only fail for what the guest does.
pub(super) fn functions(store: &mut Store<CallState>, instance: &Instance, component: &Component, world: World) -> Result<(), ComponentError> {
    let name = world.export();
    let mut check = Check { store, instance };
    check.function::<(), (Description,)>(plugin_export(component, "describe")?, "describe")?;
    check.function::<(&str,), (Result<(), String>,)>(plugin_export(component, "configure")?, "configure")?;
    let main = export(component, name)?;
    match world {
        World::Guard => check.function::<(&Facts, Option<Resource<DocumentHandle>>), (Verdict,)>(main, name),
        World::ApprovalRouter => {
            check.function::<(&Facts, Option<Resource<DocumentHandle>>, &[Finding]), (Option<Route>,)>(main, name)
        }
        World::Masker => {
            check.function::<(&ResponseKind,), (WitPlan,)>(main, name)?;
            check.function::<(&[Candidate],), (Vec<Option<String>>,)>(export(component, "inspect")?, "inspect")
        }
        World::AuditSink => check.function::<(Batch<'_>,), (Result<u64, WitFailure>,)>(main, name),
        World::Notifier => check.function::<(&Notice,), (Result<(), WitFailure>,)>(main, name),
        World::SessionPolicy => check.function::<(&SessionAsk,), (WitSessionAnswer,)>(main, name),
    }
}

struct Check<'a> {
    store: &'a mut Store<CallState>,
    instance: &'a Instance,
}

impl Check<'_> {
    fn function<P, R>(&mut self, index: ComponentExportIndex, name: &str) -> Result<(), ComponentError>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        match self.instance.get_typed_func::<P, R>(&mut *self.store, &index) {
            Ok(_) => Ok(()),
            Err(error) => Err(ComponentError::Type(format!("`{name}`: {error:#}"))),
        }
    }
}
