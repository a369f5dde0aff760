//! The same rules in Kubewarden's way: for each evaluation the settings and the whole admission request become one JSON text, and a fresh instance
//! parses it. The engine is set up as its evaluator sets it up, deadlines by epoch and everything else as it comes; and once more in the gateway's
//! manner, with pooled instances, so that both parts of the difference are seen.

use std::time::{Duration, Instant};

use policy::Facts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

/// A guest, and what it is given each time.
pub struct Kubewarden {
    engine: Engine,
    pre: InstancePre<()>,
    settings: Value,
}

#[derive(Serialize)]
struct Payload<'a> {
    request: Request<'a>,
    settings: &'a Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    uid: &'a str,
    kind: Kind<'a>,
    resource: Resource<'a>,
    request_kind: Kind<'a>,
    request_resource: Resource<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_resource: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    operation: String,
    user_info: UserInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a Value>,
    old_object: Option<&'a Value>,
    dry_run: bool,
    options: Options<'a>,
}

#[derive(Clone, Copy, Serialize)]
struct Kind<'a> {
    group: &'a str,
    version: &'a str,
    kind: &'a str,
}

#[derive(Clone, Copy, Serialize)]
struct Resource<'a> {
    group: &'a str,
    version: &'a str,
    resource: &'a str,
}

#[derive(Serialize)]
struct UserInfo<'a> {
    username: &'a str,
    groups: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options<'a> {
    api_version: &'a str,
    kind: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    accepted: bool,
}

impl Kubewarden {
    /// Compiles the guest. `pooled` as the gateway pools its own instances.
    pub fn new(wasm: &[u8], settings: Value, pooled: bool) -> wasmtime::Result<Kubewarden> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        if pooled {
            let mut pool = PoolingAllocationConfig::new();
            pool.total_component_instances(64).linear_memory_keep_resident(512 << 10).table_keep_resident(64 << 10).pagemap_scan(Enabled::Auto);
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)).concurrency_support(false);
        }
        let engine = Engine::new(&config)?;
        let component = Component::new(&engine, wasm)?;
        let pre = Linker::new(&engine).instantiate_pre(&component)?;
        Ok(Kubewarden { engine, pre, settings })
    }

    /// One evaluation.
    pub fn evaluate(&self, facts: &Facts, object: Option<&Value>) -> wasmtime::Result<bool> {
        let request = &facts.request;
        let kind = Kind { group: &request.group, version: &request.version, kind: "Pod" };
        let resource = Resource { group: &request.group, version: &request.version, resource: &request.resource };
        let request = Request {
            uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
            kind,
            resource,
            request_kind: kind,
            request_resource: resource,
            sub_resource: request.subresource.as_deref(),
            name: request.name.as_deref(),
            namespace: request.namespace.as_deref(),
            operation: request.verb.to_uppercase(),
            user_info: UserInfo { username: &facts.identity.subject, groups: &facts.identity.groups },
            object,
            old_object: None,
            dry_run: request.dry_run,
            options: Options { api_version: "meta.k8s.io/v1", kind: "CreateOptions" },
        };
        let payload = serde_json::to_string(&Payload { request, settings: &self.settings }).map_err(wasmtime::Error::from)?;
        let mut store = Store::new(&self.engine, ());
        store.set_epoch_deadline(1000);
        let instance = self.pre.instantiate(&mut store)?;
        let (answer,) = instance.get_typed_func::<(&str,), (String,)>(&mut store, "validate")?.call(&mut store, (&payload,))?;
        Ok(serde_json::from_str::<Answer>(&answer).map_err(wasmtime::Error::from)?.accepted)
    }

    /// The times of so many evaluations.
    pub fn times(&self, facts: &Facts, object: Option<&Value>, n: usize) -> wasmtime::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(n);
        for _ in 0..n {
            let start = Instant::now();
            let accepted = self.evaluate(facts, object)?;
            times.push(start.elapsed());
            assert!(accepted);
        }
        Ok(times)
    }
}
