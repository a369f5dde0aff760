//! Exec, attach and port-forward: bytes both ways, after the API server's own 101 and never before it.

use std::time::Duration;

use http::{HeaderName, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use kube_request::{Cause, Refusal};
use ledger::{self as record, Bodies};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::exchange::Answer;
use super::{Admitted, refuse};
use crate::body::Reply;
use crate::trail::Trail;
use crate::upstream::Upstream;

/// What of the API server's 101 the client needs to finish its own handshake.
const PASSED: [HeaderName; 4] =
    [header::UPGRADE, header::CONNECTION, header::SEC_WEBSOCKET_ACCEPT, header::SEC_WEBSOCKET_PROTOCOL];
const SPDY_PROTOCOL: HeaderName = HeaderName::from_static("x-stream-protocol-version");
/// How long either side may take to switch after the 101.
const SWITCH_LIMIT: Duration = Duration::from_secs(10);
/// Copied at a time, each way.
const CHUNK: usize = 16 * 1024;

/// Passes the 101 on and copies until either side closes or the session ends.
pub async fn open(
    mut admitted: Admitted,
    trail: Trail,
    mut answer: Answer,
) -> Result<Response<Reply>, Box<(Trail, Refusal, Option<u16>)>> {
    let status = answer.response.status();
    let Some(client) = admitted.upgrade.take() else {
        let refusal = Refusal::new(502, Cause::UpstreamUnavailable, "response", "the cluster switched protocols unasked");
        return Err(Box::new((trail, refusal, Some(status.as_u16()))));
    };
    let mut response = Response::new(Reply::whole(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    for name in PASSED.iter().chain([&SPDY_PROTOCOL]) {
        if let Some(value) = answer.response.headers().get(name) {
            response.headers_mut().insert(name.clone(), value.clone());
        }
    }
    let cluster = Upstream::upgraded(&mut answer.response);
    refuse::count(&admitted.gateway, &trail, &response);
    tokio::spawn(carry(admitted, trail, client, cluster, answer));
    Ok(response)
}

async fn carry(admitted: Admitted, mut trail: Trail, client: OnUpgrade, cluster: OnUpgrade, answer: Answer) {
    // Holds the connection to the API server open until the end.
    let _answer = answer;
    let gateway = admitted.gateway.clone();
    gateway.telemetry.streams.inc();
    let mut counted = Counted::default();
    let ended = copy(&admitted, client, cluster, &mut counted).await;
    gateway.telemetry.streams.dec();
    let recorded = record::Response {
        status: Some(101),
        bytes: counted.to_client,
        interrupted: ended.err(),
        ..Default::default()
    };
    trail.message(format!("{} bytes from the client, {} bytes to it", counted.to_cluster, counted.to_client));
    if let Err(refusal) = trail.end(Some(101), recorded, Bodies::NONE).await {
        tracing::error!(%refusal, "a tunnel's end could not be recorded");
    }
}

#[derive(Default)]
struct Counted {
    to_cluster: u64,
    to_client: u64,
}

async fn copy(admitted: &Admitted, client: OnUpgrade, cluster: OnUpgrade, counted: &mut Counted) -> Result<(), String> {
    let both = tokio::time::timeout(SWITCH_LIMIT, async { tokio::try_join!(client, cluster) }).await;
    let (client, cluster) = both
        .map_err(|_| "a side did not switch protocols within 10 s".to_owned())?
        .map_err(|e| format!("a side did not switch protocols: {e}"))?;
    let (from_client, to_client) = tokio::io::split(TokioIo::new(client));
    let (from_cluster, to_cluster) = tokio::io::split(TokioIo::new(cluster));
    let session = admitted.caller.session.clone();
    let _used = session.stream();
    let Counted { to_cluster: up, to_client: down } = counted;
    let carried = async {
        tokio::try_join!(one_way(from_client, to_cluster, up), one_way(from_cluster, to_client, down)).map(drop)
    };
    tokio::select! {
        why = session.ended() => Err(format!("the session ended: {why}")),
        done = carried => done.map_err(|e| e.to_string()),
    }
}

/// Copies to the end, then closes the other side's half: a half-close passes through.
async fn one_way(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, count: &mut u64) -> std::io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
        to.flush().await?;
        *count += read as u64;
    }
}
