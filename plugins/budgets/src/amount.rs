//! How much of a budget a request uses.

use portcullis_sdk::{JsonSchema, Request};
use serde::Deserialize;

use crate::Budget;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Each request is one.
    #[default]
    Requests,
    /// The pods that a write asks for: a pod is one, a workload its replicas, a job its parallelism, an autoscaler the most that it may make. A
    /// write that does not say how many is none.
    Pods,
}

/// Where a write says how many pods it wants, by group, resource and subresource.
const REPLICAS: [(&str, &str, Option<&str>, &str); 12] = [
    ("apps", "deployments", None, "/spec/replicas"),
    ("apps", "replicasets", None, "/spec/replicas"),
    ("apps", "statefulsets", None, "/spec/replicas"),
    ("", "replicationcontrollers", None, "/spec/replicas"),
    ("apps", "deployments", Some("scale"), "/spec/replicas"),
    ("apps", "replicasets", Some("scale"), "/spec/replicas"),
    ("apps", "statefulsets", Some("scale"), "/spec/replicas"),
    ("", "replicationcontrollers", Some("scale"), "/spec/replicas"),
    // How many nodes there are it does not say, so a new one is one.
    ("apps", "daemonsets", None, "/spec/replicas"),
    ("autoscaling", "horizontalpodautoscalers", None, "/spec/maxReplicas"),
    ("batch", "jobs", None, "/spec/parallelism"),
    ("batch", "cronjobs", None, "/spec/jobTemplate/spec/parallelism"),
];

pub(crate) fn of(budget: &Budget, request: &Request<'_>) -> u32 {
    match budget.count {
        Unit::Requests if request.name().is_none() && matches!(request.verb(), "list" | "watch" | "deletecollection") => budget.collection,
        Unit::Requests => 1,
        Unit::Pods => pods(request),
    }
}

fn pods(request: &Request<'_>) -> u32 {
    if !matches!(request.verb(), "create" | "update" | "patch") {
        return 0;
    }
    // An apply makes what is not there. Where it is there already it is counted all the same: that is not known here.
    let creates = request.verb() == "create" || request.may_apply();
    if request.is("", "pods") {
        return u32::from(creates);
    }
    let place = REPLICAS.iter().find(|(group, resource, subresource, _)| {
        (*group, *resource, *subresource) == (request.group(), request.resource(), request.subresource())
    });
    let Some((.., pointer)) = place else { return 0 };
    // A JSON patch is a list of operations: what it comes to is asked of the API server, where one of them may be about it.
    let wanted = match request.verb() == "patch" && request.body().has("/0") {
        true => match request.after_write(|after| after.get::<u32>(pointer)) {
            Ok(wanted) => wanted,
            // A webhook without dry runs is enough for this: the write itself would go through.
            Err(why) => panic!("how many pods this patch asks for cannot be told: {why}"),
        },
        false => request.body().get::<u32>(pointer),
    };
    // Kubernetes makes one where nothing is said of how many.
    wanted.unwrap_or(u32::from(creates))
}
