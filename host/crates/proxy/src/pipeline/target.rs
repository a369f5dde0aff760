//! The object that a request is about, as it is now: what an approval is bound to (P6).

use approvals::Target;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::Full;
use kube_request::{BodyType, Cause, Json, KubeRequest, Refusal, Verb};

use super::ask::ask;
use crate::connection::Connection;
use crate::gateway::Caller;

/// Metadata of one object is never larger: etcd's limit for the whole object is 1.5 MiB.
const MOST: usize = 3 << 20;
const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/// Asks the API server, with the gateway's credential and the caller's identity where the connection impersonates.
///
/// A create, an apply of what is not there, and a whole collection have no single object: then both are absent.
///
/// # Errors
/// When there is no such object, or no answer that can be understood: the request is then refused.
pub async fn look(connection: &Connection, caller: &Caller, request: &KubeRequest) -> Result<Target, Refusal> {
    if !request.is_resource || request.name.is_none() || (request.verb == Verb::Create && request.subresource.is_none()) {
        return Ok(Target::default());
    }
    let failed = |why: &str| {
        Refusal::new(
            503,
            Cause::UpstreamUnavailable,
            "target",
            format!("the object to be approved could not be read from the cluster: {why}; try again"),
        )
    };
    let read = Request::get(object_path(request))
        .header(header::ACCEPT, HeaderValue::from_static(METADATA_ONLY))
        .body(Full::<Bytes>::default())
        .map_err(|e| failed(&e.to_string()))?;
    match ask(connection, caller, read, MOST).await.map_err(|e| failed(&e))? {
        (StatusCode::OK, body) => {
            let object = Json::parse(&body).map_err(|_| failed("its answer is not JSON"))?;
            let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
            match (text("/metadata/uid"), text("/metadata/resourceVersion")) {
                (Some(uid), Some(version)) => Ok(Target { uid: Some(uid), resource_version: Some(version) }),
                _ => Err(failed("its answer has no metadata")),
            }
        }
        // Server-side apply makes what is not there: what is approved is that it is made.
        (StatusCode::NOT_FOUND, _) if request.body.as_ref().is_some_and(|body| body.content_type == BodyType::Apply) => Ok(Target::default()),
        (StatusCode::NOT_FOUND, _) => Err(Refusal::new(
            404,
            Cause::PolicyDenied,
            "target",
            format!(
                "{} \"{}\" not found, so there is nothing to approve; check the name and the namespace",
                request.resource,
                request.name.as_deref().unwrap_or_default()
            ),
        )),
        (status, _) => Err(failed(&format!("it answered {status}"))),
    }
}

/// The path of the object itself, without subresource and query.
fn object_path(request: &KubeRequest) -> String {
    let target = request.target();
    let path = target.split_once('?').map_or(target.as_str(), |(path, _)| path);
    match &request.subresource {
        // A subresource is the last segment: what `proxy` leads to is refused long before.
        Some(subresource) => path.strip_suffix(subresource.as_str()).map_or(path, |rest| rest.trim_end_matches('/')).to_owned(),
        None => path.to_owned(),
    }
}
