//! Is this a component of that world, and does it import only what there is?

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::host::Imports;
use crate::plugin::Capabilities;
use crate::wit::World;
use crate::wit::version::{Interface, Version};

/// Why a component is not what the bundle says.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The bytes are no component.
    #[error("it is not a WebAssembly component: {0}; build it with `portcullis plugin build`")]
    Compile(String),
    /// It declares more memory, tables or instances than the sandbox has room for.
    #[error("it is larger than the sandbox allows: {0}; build a smaller one")]
    TooLarge(String),
    /// It begins with more memory than the sandbox gives any plugin.
    #[error("it begins with more memory than any plugin may have: {0}; build a smaller one, or have the operator raise `grants.limits.memory` in the gateway's configuration")]
    Memory(String),
    /// It imports what does not exist, or what it may not have.
    #[error("it imports `{import}`: {why}")]
    Import {
        /// The import's full name.
        import: String,
        /// Why it cannot be had, and what to do.
        why: String,
    },
    /// It is of another world.
    #[error("it is a {built}, and bundle.yaml says {said}; correct `world` there, or name another component")]
    World {
        /// The world that it was built for.
        built: World,
        /// The one that the bundle says.
        said: World,
    },
    /// It lacks an export.
    #[error("it does not export `{0}`; check that `world` in bundle.yaml is the world it was built for")]
    Export(String),
    /// It was built for a version of the interface that there is not.
    #[error("it was built for version {number} of the interface, and the gateway has {known}; build it for one of these")]
    Version {
        /// The version that it exports.
        number: String,
        /// Those that there are.
        known: String,
    },
    /// It was built for a version that is not released.
    #[error("it was built for version {number} of the interface, which is a draft; build it for {known}, or have the operator name it under `policies.drafts` in the gateway's configuration")]
    Draft {
        /// The version that it exports.
        number: String,
        /// Those that it may be built for.
        known: String,
    },
    /// It is of several versions at once.
    #[error("it exports the versions {0} of the interface; build it for one of them")]
    Versions(String),
    /// An import or export has another type than the interface says.
    #[error("it does not fit its world: {what}; build it against wit/v{version}")]
    Type {
        /// Which function, and how it differs.
        what: String,
        /// The version of the interface that it was built for.
        version: &'static str,
    },
}

impl ComponentError {
    /// Why it was not compiled. wasmtime's own words tell what is too large.
    pub(super) fn of_compiler(error: &wasmtime::Error) -> ComponentError {
        match format!("{error:#}") {
            text if text.contains("memory index") && text.contains("exceeds the") => ComponentError::Memory(text),
            text if text.contains("exceeds the") => ComponentError::TooLarge(text),
            text => ComponentError::Compile(text),
        }
    }
}

/// Looks at every import: it is of the interface, its world has it, the bundle asks for it and the operator granted that.
pub(super) fn imports(component: &Component, version: &dyn Version, world: World, capabilities: &Capabilities) -> Result<Imports, ComponentError> {
    let engine = component.engine();
    // First, because what is wrong with the imports of another world would lead an author astray.
    let exports = |world: World| component.component_type().exports(engine).any(|(name, _)| name == version.main(world));
    if !exports(world)
        && let Some(built) = World::ALL.into_iter().find(|world| exports(*world))
    {
        return Err(ComponentError::World { built, said: world });
    }
    let mut imports = Imports::default();
    for (name, import) in component.component_type().imports(engine) {
        let refuse = |why: &str| Err(ComponentError::Import { import: name.to_owned(), why: why.to_owned() });
        match version.names().interface(name) {
            Some(Interface::Types) => {}
            Some(Interface::Documents) if matches!(world, World::Guard | World::ApprovalRouter) => {
                imports.documents = true;
                if let ComponentItem::ComponentInstance(instance) = &import.ty {
                    imports.preview = instance.exports(engine).any(|(function, _)| function == "[method]document.preview");
                }
            }
            Some(Interface::Documents) => return refuse("a component of this world sees no body; leave it out"),
            Some(Interface::Log) => imports.log = true,
            Some(Interface::Clock) if world == World::Masker => {
                return refuse("a plan is kept, so it cannot depend on the time; leave it out");
            }
            Some(Interface::Clock) => imports.clock = true,
            Some(Interface::Http) if !matches!(world, World::AuditSink | World::Notifier) => {
                return refuse("only an audit-sink or a notifier may use the network; leave it out");
            }
            Some(Interface::Http) if capabilities.http.is_none() => {
                return refuse("bundle.yaml does not ask for the network; name the origins under capabilities.http, and have the operator grant them");
            }
            Some(Interface::Http) => imports.http = true,
            Some(Interface::Cluster) if !matches!(world, World::Guard | World::ApprovalRouter) => {
                return refuse("only a guard or an approval-router may read the cluster; leave it out");
            }
            Some(Interface::Cluster) if capabilities.cluster.is_none() => {
                return refuse("bundle.yaml does not ask for the cluster; name resources and fields under capabilities.cluster, and have the operator grant them");
            }
            Some(Interface::Cluster) => imports.cluster = true,
            Some(Interface::Counter) if world != World::Guard => return refuse("only a guard may keep counts; leave it out"),
            Some(Interface::Counter) if !capabilities.counter => {
                return refuse("bundle.yaml does not ask for counts; write `counter: true` under capabilities, and have the operator grant it");
            }
            Some(Interface::Counter) => imports.counter = true,
            // A world's `use types.{facts}` gives the type a second name at the root: there is nothing to call in it.
            None if matches!(import.ty, ComponentItem::Type(_)) => {}
            // And so does `use documents.{document}`; what has it imports the interface too, which is looked at by its own name.
            None if name == "document" && matches!(import.ty, ComponentItem::Resource(_)) => {}
            None if name.starts_with("wasi:") => return refuse("there are no files, environment or sockets here; build without WASI"),
            None => {
                return refuse(&format!("the gateway has nothing of that name; use only what wit/v{} offers", version.number()));
            }
        }
    }
    Ok(imports)
}
