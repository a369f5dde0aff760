//! The life of a request: identity, session, canonical form, guards, approval, intent, forward, mask, record, release.
//!
//! Each stage is a file here and gives the next one what it needs as a value that cannot be had otherwise: nothing is
//! forwarded without a [`decide::Permit`], and nothing is released but through [`release`].

mod admit;
mod approve;
mod ask;
mod decide;
mod document;
mod exchange;
mod facts;
mod gzip;
mod kept;
mod oracle;
mod read;
mod refuse;
mod release;
mod review;
mod screen;
mod stream;
mod target;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use kube_request::{Cause, KubeRequest, Refusal};
use policy::Generation;
use tokio::sync::OwnedSemaphorePermit;

use crate::body::Reply;
use crate::connection::Connection;
use crate::gateway::{Caller, Gateway};
use crate::trail::Trail;

pub use admit::open_session;
pub(crate) use ask::ask;

/// A request that may be forwarded, and all that the forwarding needs.
struct Admitted {
    gateway: Arc<Gateway>,
    connection: Arc<Connection>,
    caller: Caller,
    generation: Arc<Generation>,
    request: KubeRequest,
    permit: decide::Permit,
    upgrade: Option<OnUpgrade>,
    /// Held until the exchange ends.
    _place: Option<OwnedSemaphorePermit>,
}

/// Answers a request to a cluster. `rest` is the target below `/clusters/`: the connection's name, then the path and
/// query that the API server would see.
pub async fn run(gateway: Arc<Gateway>, peer: SocketAddr, mut request: Request<Incoming>, rest: String) -> Response<Reply> {
    let agent = request.headers().get(http::header::USER_AGENT).and_then(|v| v.to_str().ok());
    let mut trail = Trail::begin(&gateway.ledger, peer, agent);
    let id = trail.id().to_owned();
    let started = trail.started();
    let upgrade = request
        .headers()
        .contains_key(http::header::UPGRADE)
        .then(|| hyper::upgrade::on(&mut request));

    let walked = admitted(&gateway, &mut trail, request, &rest, upgrade).await;
    let mut response = match walked {
        Ok(admitted) if admitted.request.is_read() => exchange::run(admitted, trail).await,
        // A write is carried through and recorded even when the client has gone.
        Ok(admitted) => match tokio::spawn(carried_through(admitted, trail)).await {
            Ok(response) => response,
            Err(_) => refuse::unrecorded(500, "the gateway failed; the request may or may not have been carried out"),
        },
        Err(refusal) => refuse::answer(&gateway, trail, refusal, None).await,
    };
    if let Ok(value) = http::HeaderValue::from_str(&id) {
        response.headers_mut().insert("portcullis-request-id", value);
    }
    gateway.telemetry.seconds.observe(started.elapsed().as_secs_f64());
    response
}

async fn carried_through(admitted: Admitted, trail: Trail) -> Response<Reply> {
    if admitted.request.upgrade.is_some() { upgrade::run(admitted, trail).await } else { exchange::run(admitted, trail).await }
}

/// Everything up to the permit.
async fn admitted(
    gateway: &Arc<Gateway>,
    trail: &mut Trail,
    request: Request<Incoming>,
    rest: &str,
    upgrade: Option<OnUpgrade>,
) -> Result<Admitted, Refusal> {
    let (name, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (parts, body) = request.into_parts();
    read::head_is_small(&parts.headers, target)?;
    let mut screened = read::screened(&parts)?;
    // Who asks comes first: nobody learns which clusters there are without a token.
    let token = screened.bearer.take();
    let known = admit::known(gateway, token.as_deref()).await?;
    let connection = gateway.connections.get(name).ok_or_else(|| {
        Refusal::new(
            404,
            Cause::MalformedRequest,
            "path",
            format!("no connection is named `{}`; `portcullis connection list` shows those there are", printable(name)),
        )
    })?;
    trail.connection(&connection.label);
    let caller = admit::caller(gateway, &connection.name, known).await?;
    trail.caller(&caller);
    let (request, place) = read::canonical(&gateway.bodies, trail, &parts, target, screened, body).await?;
    let generation = gateway.policy.current();
    oracle::refused(&generation, &connection.name, &request).await?;
    let permit = decide::permit(gateway, trail, &generation, &connection, &caller, &request).await?;
    Ok(Admitted { gateway: gateway.clone(), connection, caller, generation, request, permit, upgrade, _place: place })
}

/// What a client sent, fit for a sentence.
fn printable(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}
