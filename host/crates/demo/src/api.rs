//! The API server's front: who asks, what for, which answer.

pub(crate) mod witness;

use crate::{
    StageError,
    serve::{Body, Handler, answer},
};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use std::{sync::Arc, time::Duration};

/// The API server.
pub(crate) struct Api {
    token: String,
    /// What reached it.
    pub(crate) witness: witness::Witness,
}

impl Api {
    pub(crate) fn new(token: String, _seed: bool) -> Result<Self, StageError> {
        Ok(Self {
            token,
            witness: witness::Witness::default(),
        })
    }

    /// Turns deployments into pods until it is aborted.
    pub(crate) async fn run_controller(self: Arc<Self>, _pod_delay: Duration) {}
}

impl Handler for Api {
    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, _) = request.into_parts();
        let expected = format!("Bearer {}", self.token);
        let authenticated = witness::text(&head.headers, "authorization") == Some(expected);
        self.witness.note(&head, authenticated);
        match head.uri.path() {
            "/readyz" | "/livez" | "/healthz" => answer(StatusCode::OK, "text/plain", "ok"),
            _ => answer(StatusCode::NOT_FOUND, "text/plain", "404 page not found"),
        }
    }
}
