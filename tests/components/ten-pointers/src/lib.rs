//! A guard that reads ten fields of a pod, for `cargo xtask bench policy`: without a body it reads nothing, so the difference is what reading costs.

use portcullis_sdk::{JsonSchema, Request, Verdict, guard};
use serde::Deserialize;

/// Nothing to configure.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

const POINTERS: [&str; 10] = [
    "/apiVersion",
    "/kind",
    "/metadata/name",
    "/metadata/namespace",
    "/spec/serviceAccountName",
    "/spec/nodeName",
    "/spec/priorityClassName",
    "/spec/containers/0/name",
    "/spec/containers/0/image",
    "/spec/containers/0/imagePullPolicy",
];

/// Has no opinion of a pod, and denies what is none.
pub fn judge(_: &Config, request: &Request) -> Verdict {
    let body = request.body();
    if body.is_none() {
        return Verdict::NoOpinion;
    }
    let values = body.get_all::<String>(&POINTERS);
    match (values.iter().flatten().count(), values[1].as_deref()) {
        (10, Some("Pod")) => Verdict::NoOpinion,
        (n, _) => Verdict::deny("not-a-pod", format!("it has {n} of the ten fields of a pod")),
    }
}

guard! { config: Config, evaluate: judge }
