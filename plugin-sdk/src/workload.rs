//! Where Kubernetes' own resources keep the pods that they run.

use crate::Request;

/// The pointer to the pod specification in the objects of a resource: `/spec/template/spec` for a deployment. Nothing
/// for resources that run no pods, and for those of other groups than Kubernetes' own.
pub fn pod_spec_pointer(group: &str, resource: &str) -> Option<&'static str> {
    match (group, resource) {
        ("", "pods") => Some("/spec"),
        ("", "podtemplates") => Some("/template/spec"),
        ("", "replicationcontrollers")
        | ("apps" | "extensions", "deployments" | "replicasets" | "daemonsets" | "statefulsets")
        | ("batch", "jobs") => Some("/spec/template/spec"),
        ("batch", "cronjobs") => Some("/spec/jobTemplate/spec/template/spec"),
        _ => None,
    }
}

/// Whether this write can change which pods run and how: not when it is a merge patch that leaves the pod specification alone, as
/// scaling and labelling do. A JSON patch (an array) counts, since its operations may move things anywhere.
pub fn touches_pod_spec(request: &Request<'_>) -> Option<&'static str> {
    let pointer = pod_spec_pointer(request.group(), request.resource())?;
    request.may_write(pointer).then_some(pointer)
}

#[cfg(test)]
mod tests;
