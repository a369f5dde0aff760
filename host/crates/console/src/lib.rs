//! What people and programs see of the gateway itself: the API below `/api/v1`, the token endpoint, and the pages.
//!
//! The pages are plain: rendered on the server, usable without scripts, three of them. Who may do what:
//!
//! - everyone who is logged in sees their own sessions, requests and approvals, and those of the agents they sponsor;
//! - approvers decide, as the approval's own route says (the state machine in [`approvals`] has the last word);
//! - auditors read the whole log, operators see and end every session and reload the policies.
//!
//! A decision by the page or the API is recorded before it is answered.

mod answer;
mod api;
mod login;
mod pages;
mod token;
mod who;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use kube_request::{Cause, Refusal};
use proxy::body::{Cut, Reply};
use proxy::{Elsewhere, Gateway};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

/// Who may do what with the gateway itself, by the groups of their tokens.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// May see and end every session, and reload the policies.
    pub operators: Vec<String>,
    /// May read everyone's log.
    pub auditors: Vec<String>,
}

/// What every handler shares.
#[derive(Clone)]
pub(crate) struct Shared {
    gateway: Arc<Gateway>,
    access: Arc<Access>,
    logins: Arc<login::Logins>,
    readers: Arc<Semaphore>,
}

/// Queries of the log at one time: each holds a thread.
const READERS: usize = 16;

impl Shared {
    /// A place among those who read the log.
    fn place(&self) -> Result<OwnedSemaphorePermit, answer::Refused> {
        self.readers.clone().try_acquire_owned().map_err(|_| {
            let message = "too many are reading the log at this moment; try again in a few seconds";
            Refusal::new(429, Cause::BudgetExceeded, "audit", message).retry_after(2).into()
        })
    }
}

/// The console of a gateway.
pub struct Console {
    router: Router,
}

impl Console {
    /// Puts it together. `issuers` are offered on the login page: the issuer's URL, and the client id that the console
    /// has there (by custom the audience of its tokens).
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, access: Access, issuers: Vec<(String, String)>) -> Self {
        let shared = Shared { gateway, access: Arc::new(access), logins: Arc::new(login::Logins::new(issuers)), readers: Arc::new(Semaphore::new(READERS)) };
        let router = Router::new()
            .route("/", get(pages::home))
            .route("/approvals/{id}", get(pages::approval))
            .route("/approvals/{id}/decide", post(pages::decide))
            .route("/login", get(login::begin))
            .route("/login/callback", get(login::finish))
            .route("/logout", post(login::end))
            .route("/oauth/token", post(token::exchange))
            .nest("/api/v1", api::router())
            .fallback(answer::not_found)
            .with_state(shared);
        Self { router }
    }
}

impl Elsewhere for Console {
    fn answer(&self, _peer: SocketAddr, request: Request<Incoming>) -> BoxFuture<'static, Response<Reply>> {
        let router = self.router.clone();
        Box::pin(async move {
            let reads = matches!(*request.method(), http::Method::GET | http::Method::HEAD);
            let answer = router.oneshot(request.map(axum::body::Body::new));
            // What changes something is carried through and recorded, even when the client hangs up in the middle.
            let answered = if reads { Ok(answer.await) } else { tokio::spawn(answer).await };
            let response = match answered {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_) => axum::response::IntoResponse::into_response(http::StatusCode::INTERNAL_SERVER_ERROR),
            };
            response.map(|body| Reply::Other(body.map_err(|e| Cut(e.to_string())).boxed_unsync()))
        })
    }
}
