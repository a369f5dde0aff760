//! What the gateway itself asks the cluster before it decides: with its own credential, for the caller.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};

use crate::connection::Connection;
use crate::gateway::Caller;
use crate::upstream::Exchange;

/// The API server's own limit for a write is 34 s; what is asked first must leave time for the request itself.
const LIMIT: Duration = Duration::from_secs(10);

/// The whole answer, of at most so many bytes. Waits for it, at most ten seconds.
///
/// # Errors
/// A sentence that says why there is no answer.
pub async fn ask(connection: &Connection, caller: &Caller, mut request: Request<Full<Bytes>>, most: usize) -> Result<(StatusCode, Bytes), String> {
    if let Some(impersonation) = &connection.impersonation {
        impersonation.apply(&caller.identity, request.headers_mut()).map_err(|e| e.to_string())?;
    }
    let asked = async {
        let response = connection.upstream.send(request, Exchange::Short).await.map_err(|e| e.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), most).collect().await.map_err(|e| e.to_string())?;
        Ok((status, body.to_bytes()))
    };
    tokio::time::timeout(LIMIT, asked).await.map_err(|_| "it did not answer within 10 s".to_owned())?
}
