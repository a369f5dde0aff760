//! What a component can reach: the state of one call, and the functions of the gateway that are linked into it.
//!
//! There is no WASI. A capability is one file here; it is linked only when the component imports it and may have it, so that
//! what is not in this folder does not exist for a policy.

use std::sync::Arc;

use wasmtime::component::Linker;

use crate::document::Document;
use crate::failure::Misuse;
#[cfg(doc)]
use crate::failure::MustWait;
use crate::grants::ClusterRead;
use crate::plugin::{Limits, Tap};
use crate::wit::version::Names;

mod clock;
mod cluster;
mod counter;
mod documents;
mod fixed;
mod http;
mod log;
mod usage;

pub use cluster::{Cluster, OBJECTS, Question, ResourceType, Selection, Wanted};
pub use counter::{Charge, Counter, Excess};
pub use fixed::FixedCluster;
pub use http::{HttpClient, Origin, OriginError};
pub(crate) use cluster::ClusterAccess;
pub(crate) use counter::CounterAccess;
pub(crate) use documents::DocumentHandle;
pub(crate) use http::HttpGrant;
pub(crate) use log::{Log, LogLines};
pub(crate) use usage::Usage;

/// What a request's plugins may reach besides its body, as far as they were granted it: given per request, like its [`Document`]. Cheap to clone.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The cluster that the request goes to. Without one every read is an error.
    pub cluster: Option<Arc<dyn Cluster>>,
    /// The counts that the request may charge. Without them a charge ends the call.
    pub counter: Option<Arc<dyn Counter>>,
    /// What the clock says, in milliseconds since 1970: the time, when nothing is set.
    pub now: Option<u64>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("cluster", &self.cluster.is_some()).field("counter", &self.counter.is_some()).field("now", &self.now).finish()
    }
}

/// The state of one call of one component. Nothing in it outlives the call.
pub(crate) struct CallState {
    pub documents: Vec<Arc<dyn Document>>,
    /// The component asked what its write would make: the answer rests on the cluster, and is not remembered.
    pub previewed: bool,
    pub usage: Usage,
    pub log: LogLines,
    pub http: Option<Arc<HttpGrant>>,
    cluster: Option<ClusterAccess>,
    counter: Option<CounterAccess>,
    /// What the clock says: the time, when nothing is set.
    now: Option<u64>,
}

impl CallState {
    /// What a component has while it is configured: no capability, since what it learnt would be frozen into every instance.
    pub(crate) fn new(log: Arc<Log>, limits: Limits) -> CallState {
        CallState {
            documents: Vec::new(),
            previewed: false,
            usage: Usage::new(limits),
            log: LogLines::new(log, limits.log_lines),
            http: None,
            cluster: None,
            counter: None,
            now: None,
        }
    }

    /// Gives a call what it was granted of its request's surroundings.
    pub(crate) fn put(&mut self, surroundings: &Surroundings, plugin: &Arc<str>, reads: Option<&Arc<[ClusterRead]>>, counter: bool) {
        self.cluster = reads.map(|reads| ClusterAccess::new(surroundings.cluster.clone(), reads.clone()));
        self.counter = counter.then(|| CounterAccess::new(surroundings.counter.clone(), plugin.clone()));
        self.now = surroundings.now;
    }

    /// Lets somebody outside see what the call logs and how much memory it takes.
    pub(crate) fn listen(&mut self, tap: &Arc<Tap>) {
        self.log.listen(tap.clone());
        self.usage.listen(tap.clone());
    }

    /// The charge of this call that did not fit, when there was one.
    pub(crate) fn excess(&self) -> Option<Excess> {
        self.counter.as_ref().and_then(|counter| counter.excess)
    }

    fn cluster(&mut self) -> wasmtime::Result<&mut ClusterAccess> {
        self.usage.host_call()?;
        self.cluster.as_mut().ok_or_else(|| wasmtime::Error::new(Misuse("it asked the cluster while it was being configured".to_owned())))
    }

    fn counter(&mut self) -> wasmtime::Result<&mut CounterAccess> {
        self.usage.host_call()?;
        self.counter.as_mut().ok_or_else(|| wasmtime::Error::new(Misuse("it used its counts while it was being configured".to_owned())))
    }
}

/// What a component imports, as far as it matters for how it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Imports {
    pub documents: bool,
    pub preview: bool,
    pub log: bool,
    pub clock: bool,
    pub cluster: bool,
    pub counter: bool,
    pub http: bool,
}

impl Imports {
    /// The component talks to the network, so it waits in every call.
    pub(crate) fn always_waits(self) -> bool {
        self.http
    }

    /// Given the same, it answers the same: it sees no clock and nothing outside. (A preview is noticed when it is asked for.)
    pub(crate) fn pure(self) -> bool {
        !self.clock && !self.http && !self.cluster && !self.counter
    }
}

/// Whether host functions may keep the guest waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linking {
    /// They may: calls run on stacks of their own.
    Waiting,
    /// They may not. The few that would have to are linked as stubs that end the call with [`MustWait`]; it is then made again the other way.
    Immediate,
}

/// Links what the component imports and nothing else, under the names of its version.
pub(crate) fn linker(engine: &wasmtime::Engine, names: &Names, imports: Imports, linking: Linking) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    // Types only: there is nothing to call in it.
    linker.instance(names.types)?;
    if imports.documents {
        documents::link(&mut linker, names.documents, imports.preview.then_some(linking))?;
    }
    if imports.log {
        log::link(&mut linker, names.log)?;
    }
    if imports.clock {
        clock::link(&mut linker, names.clock)?;
    }
    if imports.cluster {
        cluster::link(&mut linker, names.cluster, linking)?;
    }
    if imports.counter {
        counter::link(&mut linker, names.counter, linking)?;
    }
    if imports.http {
        http::link(&mut linker, names.http)?;
    }
    Ok(linker)
}

#[cfg(test)]
mod tests;
