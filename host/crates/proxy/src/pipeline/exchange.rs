//! One exchange with the API server: intent recorded, request sent, answer handed to the release.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use kube_request::{Cause, Refusal, Verb};
use ledger::Durability;
use masking::CompiledPlan;
use policy::ResponseKind;

use super::screen::Screen;
use super::{Admitted, admit, decide, kept, refuse, release};
use crate::body::Reply;
use crate::trail::Trail;
use crate::upstream::{Exchange, PooledBody, UpstreamError};

/// Forwards what was permitted and answers the client. Every way out is recorded.
pub async fn run(mut admitted: Admitted, mut trail: Trail) -> Response<Reply> {
    let gateway = admitted.gateway.clone();
    match forwarded(&mut admitted, &mut trail).await {
        Ok(answer) => match release::answer(admitted, trail, answer).await {
            Ok(response) => response,
            Err(failure) => {
                let (trail, refusal, upstream) = *failure;
                refuse::answer(&gateway, trail, refusal, upstream).await
            }
        },
        Err(refusal) => refuse::answer(&gateway, trail, refusal, None).await,
    }
}

/// An answer that began, with what it takes to release it.
pub struct Answer {
    pub response: Response<PooledBody>,
    pub exchange: Exchange,
    pub plan: Arc<CompiledPlan>,
}

async fn forwarded(admitted: &mut Admitted, trail: &mut Trail) -> Result<Answer, Refusal> {
    let request = &admitted.request;
    let exchange = if request.is_streaming() { Exchange::Long } else { Exchange::Short };
    // The plan comes first: a masker that fails must not be found out after a write.
    let plan = mask_plan(admitted).await.inspect_err(|_| trail.body(kept::unplanned(request)))?;
    let read_only = request.is_read();
    if !read_only || exchange != Exchange::Short {
        let durability = if read_only { Durability::Written } else { Durability::Durable };
        trail.body(kept::by(&plan, &admitted.gateway.token_key, request));
        trail.intend(durability).await?;
    }
    let outgoing = Request::builder()
        .method(request.method.as_str())
        .uri(request.target())
        .body(Full::new(body(admitted)))
        .map_err(|e| broken(&UpstreamError::Request(e)))?;
    let response = ask(admitted, trail, &plan, outgoing, exchange).await?;
    Ok(Answer { response, exchange, plan })
}

/// What is to be masked in the answer.
pub async fn mask_plan(admitted: &Admitted) -> Result<Arc<CompiledPlan>, Refusal> {
    let Admitted { connection, request, generation, .. } = admitted;
    generation.mask_plan(&ResponseKind::new(&connection.name, request)).await.map_err(decide::failed)
}

/// Sends what was permitted and recorded, with the headers that the API server gets.
///
/// # Errors
/// When there is no answer, or one that leads elsewhere.
pub async fn ask(
    admitted: &Admitted,
    trail: &Trail,
    plan: &CompiledPlan,
    mut outgoing: Request<Full<Bytes>>,
    exchange: Exchange,
) -> Result<Response<PooledBody>, Refusal> {
    headers(admitted, trail, plan, outgoing.headers_mut())?;
    // Bodies, previews and people take their time: a session that ended meanwhile lets nothing through.
    admitted.caller.session.still_live().map_err(|ended| admit::session_ended(&ended))?;
    let charged = admitted.permit.tab.keep();
    let response = match admitted.connection.upstream.send(outgoing, exchange).await {
        Ok(response) => response,
        Err(error) => {
            if error.is_unsent() {
                charged.not_sent();
            }
            return Err(broken(&error));
        }
    };
    if response.status().is_redirection() && response.status() != StatusCode::NOT_MODIFIED {
        // CVE-2022-3172: a redirect would carry the client's credential somewhere else.
        return Err(Refusal::new(
            502,
            Cause::UpstreamUnavailable,
            "response",
            "the cluster answered with a redirect, which is never passed on; ask for the resource at its own path",
        ));
    }
    Ok(response)
}

/// The body that is sent: the judged one. An approved delete also tells the API server which object was approved, so
/// that one put in its place at the last moment is not hit.
fn body(admitted: &Admitted) -> Bytes {
    let request = &admitted.request;
    let judged = request.body.as_ref().map(|body| body.bytes.as_slice());
    let whole = || judged.map(Bytes::copy_from_slice).unwrap_or_default();
    let (Some(bound), Verb::Delete, None) = (&admitted.permit.bound, request.verb, &request.subresource) else { return whole() };
    // Without a body the options are in the query, which a body would make the API server pass over.
    let Some(Ok(mut options)) = judged.map(serde_json::from_slice::<serde_json::Value>) else { return whole() };
    options["preconditions"]["uid"] = bound.uid.as_str().into();
    if let Some(version) = &bound.resource_version {
        options["preconditions"]["resourceVersion"] = version.as_str().into();
    }
    serde_json::to_vec(&options).map_or_else(|_| whole(), Bytes::from)
}

/// The headers that the API server gets: what was understood of the client's, then the gateway's, identity last.
fn headers(admitted: &Admitted, trail: &Trail, plan: &CompiledPlan, out: &mut HeaderMap) -> Result<(), Refusal> {
    for (name, value) in admitted.request.upstream_headers() {
        let value = HeaderValue::from_str(&value)
            .map_err(|_| Refusal::malformed(format!("headers.{name}"), "a header field cannot be sent on; leave it out"))?;
        out.append(name, value);
    }
    // A column may show a field that is masked, and the Table does not say which field a column is.
    if plan.names_fields() && admitted.request.wants_table() && !admitted.request.is_built_in() {
        out.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    }
    // The cluster's own audit log then carries the id of the gateway's record.
    if let Ok(id) = HeaderValue::from_str(trail.id()) {
        out.insert("audit-id", id);
    }
    // Its `sourceIPs` begin with the client's address; what the client itself said of that ended here.
    if let Ok(client) = HeaderValue::try_from(trail.client().to_canonical().to_string()) {
        out.insert("x-forwarded-for", client);
    }
    if let Some(impersonation) = &admitted.connection.impersonation {
        impersonation
            .apply(&admitted.caller.identity, out)
            .map_err(|e| Refusal::new(403, Cause::PolicyDenied, "impersonation", e.to_string()))?;
    }
    Ok(())
}

fn broken(error: &UpstreamError) -> Refusal {
    let code = if matches!(error, UpstreamError::Slow { .. }) { 504 } else { 503 };
    Refusal::new(code, Cause::UpstreamUnavailable, "upstream", error.to_string())
}

/// The screen of an answer's bytes.
pub fn screen(admitted: &Admitted, answer: &Answer) -> Result<Screen, Refusal> {
    Screen::choose(&admitted.request, answer.response.headers(), &answer.plan, &admitted.gateway.token_key).map_err(Refusal::from)
}
