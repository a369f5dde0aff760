//! How many pods a request would hit, in the cluster as it is now.

use portcullis_sdk::Request;
use portcullis_sdk::cluster::{self, Object, Objects};

/// Where a workload says how many pods it has; a job without a word has one, and a daemon set's are counted by its controller.
const WORKLOADS: [(&str, &str, &str); 7] = [
    ("apps", "deployments", "/spec/replicas"),
    ("apps", "replicasets", "/spec/replicas"),
    ("apps", "statefulsets", "/spec/replicas"),
    ("", "replicationcontrollers", "/spec/replicas"),
    ("apps", "daemonsets", "/status/desiredNumberScheduled"),
    ("batch", "jobs", "/spec/parallelism"),
    ("batch", "cronjobs", "/spec/jobTemplate/spec/parallelism"),
];

/// What hits no pods, or is nothing of which that is known, hits none.
///
/// # Errors
///
/// When the cluster could not be read.
pub(crate) fn pods(request: &Request<'_>) -> Result<u64, String> {
    if request.is_read() || !request.is_resource() {
        return Ok(of_a_command(request));
    }
    match (request.group(), request.resource()) {
        ("", "pods") => match request.name() {
            Some(_) => Ok(1),
            None if request.verb() == "deletecollection" => found(selected(request, request.namespace())?),
            None => Ok(1),
        },
        ("", "namespaces") if deletes(request) => match request.name() {
            Some(name) => found(cluster::list(&cluster::resource("v1", "pods"), Some(name), "", &[])?),
            None => Ok(u64::MAX),
        },
        ("", "nodes") if request.verb() != "create" => match request.name() {
            Some(name) => of_node(name),
            None => Ok(u64::MAX),
        },
        ("", "services") => of_service(request),
        (group, resource) => match WORKLOADS.iter().find(|(of, name, _)| (*of, *name) == (group, resource)) {
            Some((.., pointer)) => of_workload(request, pointer),
            None => Ok(0),
        },
    }
}

/// Exec, attach and port-forward are reads by their verb.
fn of_a_command(request: &Request<'_>) -> u64 {
    u64::from(matches!(request.subresource(), Some("exec" | "attach" | "portforward" | "ephemeralcontainers")))
}

fn deletes(request: &Request<'_>) -> bool {
    matches!(request.verb(), "delete" | "deletecollection")
}

/// Those that there are, or more than any number when they were not all given.
fn found(objects: Objects) -> Result<u64, String> {
    Ok(if objects.complete { objects.items.len() as u64 } else { u64::MAX })
}

/// What a deletion of a collection selects. A field selector only makes it fewer.
fn selected(request: &Request<'_>, namespace: Option<&str>) -> Result<Objects, String> {
    cluster::list(&cluster::resource_of(request), namespace, request.query("labelSelector").unwrap_or_default(), &[])
}

fn of_node(name: &str) -> Result<u64, String> {
    let all = cluster::list(&cluster::resource("v1", "pods"), None, "", &["/spec/nodeName"])?;
    if !all.complete {
        return Ok(u64::MAX);
    }
    let on_it = |pod: &Object| pod.get::<String>("/spec/nodeName").as_deref() == Some(name);
    Ok(all.items.iter().filter(|pod| on_it(pod)).count() as u64)
}

/// The pods behind it, which it no longer leads to.
fn of_service(request: &Request<'_>) -> Result<u64, String> {
    let (Some(namespace), Some(name)) = (request.namespace(), request.name()) else { return Ok(if deletes(request) { u64::MAX } else { 0 }) };
    let Some(service) = cluster::get(&cluster::resource("v1", "services"), Some(namespace), name, &["/spec/selector"])? else { return Ok(0) };
    let Some(selector) = service.try_get::<std::collections::BTreeMap<String, String>>("/spec/selector")? else { return Ok(0) };
    let selector = selector.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
    found(cluster::list(&cluster::resource("v1", "pods"), Some(namespace), &selector, &[])?)
}

/// Those that it has, or those that it is to have, whichever is more.
fn of_workload(request: &Request<'_>, pointer: &str) -> Result<u64, String> {
    let count = |object: &Object| object.try_get::<u64>(pointer).map(|pods| pods.unwrap_or(1));
    let Some(name) = request.name() else {
        if request.verb() == "create" {
            return Ok(request.body().get::<u64>(pointer).unwrap_or(1));
        }
        let all = cluster::list(&cluster::resource_of(request), request.namespace(), request.query("labelSelector").unwrap_or_default(), &[pointer])?;
        if !all.complete {
            return Ok(u64::MAX);
        }
        return all.items.iter().try_fold(0_u64, |sum, object| Ok(sum.saturating_add(count(object)?)));
    };
    let has = cluster::get(&cluster::resource_of(request), request.namespace(), name, &[pointer])?.map_or(Ok(0), |object| count(&object))?;
    let wanted = match request.verb() {
        // The operations of a JSON patch say nothing at the pointer; the API server's own dry run does.
        "patch" if request.body().has("/0") => request.body().preview()?.get::<u64>(pointer),
        "patch" | "update" => request.body().get::<u64>(pointer),
        _ => None,
    };
    Ok(has.max(wanted.unwrap_or(0)))
}
