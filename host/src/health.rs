//! Health and metrics, on an address of their own: `/livez`, `/readyz`, `/metrics`. No login, so nothing secret.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use proxy::Gateway;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Binds the address; the future serves until `stop` is cancelled.
///
/// # Errors
/// When the address is taken.
pub async fn serve(
    address: SocketAddr,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send)> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot serve metrics on {address}; set `metrics`"))?;
    let bound = listener.local_addr()?;
    let router = axum::Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(gateway);
    Ok((bound, async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "health and metrics are no longer served");
        }
    }))
}

/// Ready means that requests can be answered with more than a refusal: the ledger can be written.
async fn ready(State(gateway): State<Arc<Gateway>>) -> impl IntoResponse {
    match gateway.ledger.health() {
        ledger::Health::Well => (StatusCode::OK, "ok".to_owned()),
        ledger::Health::Broken(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("the ledger cannot be written: {why}")),
    }
}

async fn metrics(State(gateway): State<Arc<Gateway>>) -> impl IntoResponse {
    let text = gateway.telemetry.encode(&gateway.policy.metrics());
    ([("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}
