//! Versions of the interface: all of them are served at once, each by one file that adapts it upwards to the engine's own types.
//!
//! A component says which version it was built for by the name of the interface `plugin` that it exports. Nothing outside these files asks which it is.
//! The functions of `plugin` itself, `describe` and `configure`, are the same in every version.

use futures_util::future::BoxFuture;
use masking::Plan;
use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower};

use crate::call::{Callable, Params, Results};
use crate::facts::Facts;
use crate::failure::Failure;
use crate::host::CallState;
use crate::plugin::ComponentError;
use crate::wit::records::{Candidate, Description, Finding, Notice, ResponseKind, Route, SessionAsk, SessionOpinion, Undelivered, Verdict};
use crate::wit::world::World;

/// All versions, the newest last.
static VERSIONS: [&dyn Version; 2] = [&super::v0_1_0::V0_1_0, &super::v0_2_0_draft::V0_2_0Draft];

/// The newest that is released.
const RELEASED: &dyn Version = &super::v0_1_0::V0_1_0;

/// What a component of every version exports, before its version.
const PLUGIN: &str = "portcullis:policy/plugin@";

/// Versions that are not released: they may change without a word, and are served where [`crate::EngineOptions`] names them.
pub fn drafts() -> Vec<&'static str> {
    VERSIONS.iter().filter(|version| version.draft()).map(|version| version.number()).collect()
}

/// The version that a component was built for. A draft is one only where `drafts` names it.
pub(crate) fn of(component: &Component, drafts: &[String]) -> Result<&'static dyn Version, ComponentError> {
    let engine = component.engine();
    let mut exports = component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    exports.retain(|name| name.starts_with(PLUGIN));
    let served = |version: &dyn Version| !version.draft() || drafts.iter().any(|draft| draft == version.number());
    let known = || VERSIONS.iter().filter(|version| served(**version)).map(|v| v.number()).collect::<Vec<_>>().join(", ");
    let number = match exports.as_slice() {
        // Its imports may say better what it is; if not, it lacks this export.
        [] => return Ok(RELEASED),
        [one] => &one[PLUGIN.len()..],
        _ => return Err(ComponentError::Versions(exports.iter().map(|name| &name[PLUGIN.len()..]).collect::<Vec<_>>().join(" and "))),
    };
    match VERSIONS.iter().find(|v| v.number() == number) {
        None => Err(ComponentError::Version { number: number.to_owned(), known: known() }),
        Some(version) if !served(*version) => Err(ComponentError::Draft { number: number.to_owned(), known: known() }),
        Some(version) => Ok(*version),
    }
}

/// An interface that a component may import, whatever its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Types,
    Documents,
    Log,
    Clock,
    Cluster,
    Counter,
    Http,
}

/// Full names of one version's interfaces, as components import and export them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub types: &'static str,
    pub documents: &'static str,
    pub log: &'static str,
    pub clock: &'static str,
    pub cluster: &'static str,
    pub counter: &'static str,
    pub http: &'static str,
    pub plugin: &'static str,
}

/// The [`Names`] of a version that has all interfaces.
macro_rules! names {
    ($number:literal) => {
        $crate::wit::version::Names {
            types: concat!("portcullis:policy/types@", $number),
            documents: concat!("portcullis:policy/documents@", $number),
            log: concat!("portcullis:policy/log@", $number),
            clock: concat!("portcullis:policy/clock@", $number),
            cluster: concat!("portcullis:policy/cluster@", $number),
            counter: concat!("portcullis:policy/counter@", $number),
            http: concat!("portcullis:policy/http@", $number),
            plugin: concat!("portcullis:policy/plugin@", $number),
        }
    };
}
pub(super) use names;

impl Names {
    /// Which interface an import is. Names are compared in full: an interface of another version is another interface.
    pub(crate) fn interface(&self, import: &str) -> Option<Interface> {
        let all = [
            (self.types, Interface::Types),
            (self.documents, Interface::Documents),
            (self.log, Interface::Log),
            (self.clock, Interface::Clock),
            (self.cluster, Interface::Cluster),
            (self.counter, Interface::Counter),
            (self.http, Interface::Http),
        ];
        all.into_iter().find_map(|(name, interface)| (name == import).then_some(interface))
    }
}

/// One call to come: which component, which of its functions, and with what around it.
pub(crate) struct Call<'a> {
    pub callable: &'a Callable,
    pub export: &'a ComponentExportIndex,
    /// Made anew for each attempt.
    pub state: &'a (dyn Fn() -> CallState + Sync),
}

impl Call<'_> {
    /// Makes it. `params` may be asked for twice, as [`Callable::call`] says.
    pub(super) async fn make<P: Params, R: Results>(self, params: impl Fn() -> P + Send) -> Result<(R, CallState), Failure> {
        self.callable.call(self.export, self.state, params).await
    }
}

/// What a call came to, and what it left in its state.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<(T, CallState), Failure>>;

/// One version of the interface.
pub(crate) trait Version: Send + Sync {
    /// As package names have it: `0.1.0`.
    fn number(&self) -> &'static str;

    /// It may still change, so nobody should rest on it: served only where it is named.
    fn draft(&self) -> bool;

    /// The names of its interfaces.
    fn names(&self) -> &'static Names;

    /// The first function that a component of this world exports.
    fn main(&self, world: World) -> &'static str;

    /// Compares the types of a world's functions with what the methods below call.
    fn check(&self, functions: &mut Functions<'_>, world: World) -> Result<(), ComponentError>;

    /// Asks a guard. `body` says whether the state's first document is lent to it.
    fn evaluate<'a>(&self, call: Call<'a>, facts: &'a Facts, body: bool) -> Answer<'a, Verdict>;

    /// Asks an approval router.
    fn route<'a>(&self, call: Call<'a>, facts: &'a Facts, body: bool, findings: &'a [Finding]) -> Answer<'a, Option<Route>>;

    /// Asks a masker for its plan.
    fn plan<'a>(&self, call: Call<'a>, kind: &'a ResponseKind) -> Answer<'a, Plan>;

    /// Asks a masker about values.
    fn inspect<'a>(&self, call: Call<'a>, candidates: &'a [Candidate]) -> Answer<'a, Vec<Option<String>>>;

    /// Gives a sink records.
    fn deliver<'a>(&self, call: Call<'a>, first: u64, records: &'a [String]) -> Answer<'a, Result<u64, Undelivered>>;

    /// Gives a notifier something to tell.
    fn notify<'a>(&self, call: Call<'a>, notice: &'a Notice) -> Answer<'a, Result<(), Undelivered>>;

    /// Asks a session policy.
    fn open_session<'a>(&self, call: Call<'a>, ask: &'a SessionAsk) -> Answer<'a, SessionOpinion>;
}

/// The exported functions of an instance, to compare their types.
pub(crate) struct Functions<'a> {
    pub store: &'a mut Store<CallState>,
    pub instance: &'a Instance,
    pub component: &'a Component,
    pub version: &'static dyn Version,
}

impl Functions<'_> {
    /// Every function that a component of this world exports, so that a call can only fail for what the guest does.
    pub(crate) fn check(mut self, world: World) -> Result<(), ComponentError> {
        let version = self.version;
        let plugin = version.names().plugin;
        self.typed::<(), (Description,)>(Some(plugin), "describe")?;
        self.typed::<(&str,), (Result<(), String>,)>(Some(plugin), "configure")?;
        version.check(&mut self, world)
    }

    /// One function of a world.
    pub(super) fn function<P: ComponentNamedList + Lower, R: ComponentNamedList + Lift>(&mut self, name: &str) -> Result<(), ComponentError> {
        self.typed::<P, R>(None, name)
    }

    fn typed<P: ComponentNamedList + Lower, R: ComponentNamedList + Lift>(&mut self, interface: Option<&str>, name: &str) -> Result<(), ComponentError> {
        let index = export(self.component, interface, name)?;
        match self.instance.get_typed_func::<P, R>(&mut *self.store, &index) {
            Ok(_) => Ok(()),
            Err(error) => Err(ComponentError::Type { what: format!("`{name}`: {error:#}"), version: self.version.number() }),
        }
    }
}

/// The index of a function that a component exports, by itself or within an interface.
pub(crate) fn export(component: &Component, interface: Option<&str>, name: &str) -> Result<ComponentExportIndex, ComponentError> {
    let missing = || ComponentError::Export(interface.map_or_else(|| name.to_owned(), |interface| format!("{interface}#{name}")));
    let within = interface.map(|interface| component.get_export_index(None, interface).ok_or_else(missing)).transpose()?;
    match component.get_export(within.as_ref(), name) {
        Some((ComponentItem::ComponentFunc(_), index)) => Ok(index),
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests;
