//! Exec, attach and port-forward. The gateway ends the client's connection and has its own to the cluster: what passes
//! is understood message by message, recorded, masked, and cut when the session ends. The client is told that the
//! protocols have switched after the cluster has, and never before (CVE-2018-1002105).

mod command;
mod dial;
mod forward;
mod offer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use kube_request::Refusal;
use ledger::{self as record, Bodies, Durability};
use masking::CompiledPlan;

use self::dial::{Cluster, Dialed};
use self::offer::{Offer, Talk};
use super::exchange::{self, Answer};
use super::{Admitted, refuse, release};
use crate::body::Reply;
use crate::trail::Trail;
use crate::upstream::Exchange;
use crate::wire::{self, End, WireReader, WireWriter};

/// How long either side may take to switch after the 101.
const SWITCH_LIMIT: Duration = Duration::from_secs(10);

/// Opens the stream, or answers why there is none. Every way out is recorded.
pub async fn run(mut admitted: Admitted, mut trail: Trail) -> Response<Reply> {
    let gateway = admitted.gateway.clone();
    let opened = match opened(&mut admitted, &mut trail).await {
        Ok(opened) => opened,
        Err(refusal) => return refuse::answer(&gateway, trail, refusal, None).await,
    };
    match opened {
        Opened::Stream { client, offer, cluster, plan, headers } => {
            let mut response = Response::new(Reply::whole(Bytes::new()));
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            *response.headers_mut() = headers;
            refuse::count(&gateway, &trail, &response);
            tokio::spawn(carry(admitted, trail, (client, offer), cluster, plan));
            response
        }
        Opened::Answered(answer) => match release::answer(admitted, trail, answer).await {
            Ok(response) => response,
            Err(failure) => {
                let (trail, refusal, upstream) = *failure;
                refuse::answer(&gateway, trail, refusal, upstream).await
            }
        },
    }
}

enum Opened {
    Stream { client: OnUpgrade, offer: Offer, cluster: Cluster, plan: Arc<CompiledPlan>, headers: HeaderMap },
    Answered(Answer),
}

async fn opened(admitted: &mut Admitted, trail: &mut Trail) -> Result<Opened, Refusal> {
    let request = &admitted.request;
    let offer = Offer::of(request)?;
    let plan = exchange::mask_plan(admitted).await?;
    trail.intend(Durability::Durable).await?;
    let client = admitted.upgrade.take().ok_or_else(|| {
        Refusal::malformed("headers.upgrade", "the connection cannot switch protocols: use HTTP/1.1 for exec, attach and port-forward")
    })?;
    Ok(match dial::dial(admitted, trail, &plan, offer).await? {
        Dialed::Switched(cluster) => {
            let headers = dial::switched(offer, admitted.request.headers.websocket_key.as_deref());
            Opened::Stream { client, offer, cluster, plan, headers }
        }
        Dialed::Answered(response) => Opened::Answered(Answer { response, exchange: Exchange::Upgrade, plan }),
    })
}

/// One side of a stream that is open.
struct Side {
    offer: Offer,
    reader: WireReader,
    writer: WireWriter,
}

impl Side {
    async fn open(connection: Upgraded, offer: Offer, end: End) -> Side {
        let (reader, writer) = wire::open(connection, offer.carrier, end).await;
        Side { offer, reader, writer }
    }
}

/// How a stream went.
#[derive(Default)]
struct Carried {
    /// For the reader of the record.
    summary: String,
    /// Why it ended, when it should have gone on.
    interrupted: Option<String>,
    masked: u64,
    to_client: u64,
}

async fn carry(admitted: Admitted, mut trail: Trail, client: (OnUpgrade, Offer), cluster: Cluster, plan: Arc<CompiledPlan>) {
    let gateway = admitted.gateway.clone();
    gateway.telemetry.streams.inc();
    let carried = match sides(client, cluster).await {
        Ok((client, cluster, _open)) => {
            let _used = admitted.caller.session.stream();
            match client.offer.talk {
                Talk::Command => command::carry(&admitted, trail.stream(), &plan, client, cluster).await,
                Talk::Streams | Talk::Channels => forward::carry(&admitted, trail.stream(), client, cluster).await,
            }
        }
        Err(why) => Carried { interrupted: Some(why), ..Carried::default() },
    };
    gateway.telemetry.streams.dec();
    gateway.telemetry.masked.inc_by(carried.masked);
    let recorded = record::Response {
        status: Some(101),
        bytes: carried.to_client,
        masked: carried.masked,
        interrupted: carried.interrupted,
        ..Default::default()
    };
    trail.message(carried.summary);
    if let Err(refusal) = trail.end(Some(101), recorded, Bodies::NONE).await {
        tracing::error!(%refusal, "a stream's end could not be recorded");
    }
}

/// Both sides, switched. What is returned beside them holds the cluster's connection open.
async fn sides((client, offer): (OnUpgrade, Offer), cluster: Cluster) -> Result<(Side, Side, impl Sized + use<>), String> {
    let (asked, on_cluster, open) = cluster.parts();
    let both = tokio::time::timeout(SWITCH_LIMIT, async { tokio::try_join!(client, on_cluster) }).await;
    let (client, cluster) = both
        .map_err(|_| "a side did not switch protocols within 10 s".to_owned())?
        .map_err(|e| format!("a side did not switch protocols: {e}"))?;
    Ok((Side::open(client, offer, End::Was).await, Side::open(cluster, asked, End::Asked).await, open))
}
