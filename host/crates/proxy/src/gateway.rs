//! Everything that serves requests, in one place, and the way in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use approvals::Person;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use identity::{Identity, Session};
use kube_request::{Cause, Refusal};
use ledger::{self as record, Kind, Phase, Record};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::body::Reply;
use crate::capabilities::{Counts, Reads};
use crate::connection::Connections;
use crate::listener::Serve;
use crate::pipeline;
use crate::telemetry::Telemetry;

/// The parts that a request meets, shared by all requests.
pub struct Gateway {
    /// The registered clusters.
    pub connections: Connections,
    /// Verifies issuers' tokens.
    pub verifier: identity::Verifier,
    /// Live sessions.
    pub sessions: Arc<identity::Sessions>,
    /// The live policy set.
    pub policy: Arc<policy::Live>,
    /// Approvals and grants.
    pub approvals: Arc<approvals::Approvals>,
    /// Where everything is recorded.
    pub ledger: ledger::Ledger,
    /// The key of masked values' tokens.
    pub token_key: Arc<masking::TokenKey>,
    /// What policies have counted.
    pub counts: Counts,
    /// What policies have read of the clusters.
    pub reads: Reads,
    /// Bodies that are held at one time; see [`Bodies`].
    pub bodies: Bodies,
    /// Counters.
    pub telemetry: Telemetry,
    /// The address at which people and clients reach the gateway: `https://gateway.example:8443`.
    pub public_url: String,
}

impl Gateway {
    /// The base address of a connection, for kubeconfigs.
    #[must_use]
    pub fn connection_url(&self, connection: &str) -> String {
        format!("{}/clusters/{connection}", self.public_url)
    }
}

/// KiB of bodies that may be held at one time: of writes under way, also when their client has gone, and of requests
/// that wait for a person.
const BODIES_MAX: usize = 256 * 1024;
/// How long a further one waits for its place.
const PLACE_LIMIT: Duration = Duration::from_secs(10);

/// Room for the bodies of requests.
pub struct Bodies(Arc<Semaphore>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BODIES_MAX)))
    }
}

impl Bodies {
    /// Room for a body of at most so many bytes, held for as long as the body is.
    ///
    /// # Errors
    /// 429 after ten seconds without one.
    pub async fn place(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Refusal> {
        let room = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX);
        match tokio::time::timeout(PLACE_LIMIT, self.0.clone().acquire_many_owned(room)).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Refusal::new(
                429,
                Cause::BudgetExceeded,
                "body",
                "too many large requests are under way; try again in a few seconds",
            )
            .retry_after(2)),
        }
    }
}

/// Who makes a request, with what its records say of that.
#[derive(Clone)]
pub struct Caller {
    /// The verified identity.
    pub identity: Arc<Identity>,
    /// The live session.
    pub session: Arc<Session>,
    /// The identity as records hold it.
    pub recorded: Arc<record::Identity>,
    /// The session's id as records hold it.
    pub session_id: Arc<str>,
}

impl Caller {
    /// The caller of a live session.
    #[must_use]
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            identity: session.identity.clone(),
            recorded: Arc::new(Self::recorded_identity(&session.identity)),
            session_id: session.id.as_str().into(),
            session,
        }
    }

    /// The caller as approvals know people.
    #[must_use]
    pub fn person(&self) -> Person {
        person(&self.identity)
    }

    /// An identity as records hold it.
    #[must_use]
    pub fn recorded_identity(identity: &Identity) -> record::Identity {
        record::Identity {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            kind: identity.kind.as_str().to_owned(),
            sponsor: identity.sponsor.clone(),
            groups: identity.groups.clone(),
        }
    }
}

/// An identity as approvals know people.
#[must_use]
pub fn person(identity: &Identity) -> Person {
    Person {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        kind: identity.kind.as_str().to_owned(),
        sponsor: identity.sponsor.clone(),
        groups: identity.groups.clone(),
        aliases: identity.aliases.clone(),
    }
}

/// What answers everything that is not a request to a cluster: the API, the token endpoint, the pages.
pub trait Elsewhere: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> BoxFuture<'static, Response<Reply>>;
}

/// The service behind the listener.
pub struct Front {
    /// Serves `/clusters/…`.
    pub gateway: Arc<Gateway>,
    /// Serves the rest.
    pub elsewhere: Arc<dyn Elsewhere>,
}

impl Serve for Front {
    async fn serve(self: Arc<Self>, peer: SocketAddr, request: Request<Incoming>) -> Response<Reply> {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        match target.strip_prefix("/clusters/") {
            Some(rest) => {
                let rest = rest.to_owned();
                pipeline::run(self.gateway.clone(), peer, request, rest).await
            }
            None => self.elsewhere.answer(peer, request).await,
        }
    }

    fn unreadable(&self, peer: SocketAddr, why: &'static str) {
        let mut record = Record::new(record::new_id(), Kind::Refusal, Phase::Complete);
        record.client = Some(record::Client { address: peer.to_string(), user_agent: None });
        record.decision = Some(record::Decision::Deny);
        record.refusal = Some(record::Refusal { cause: "MalformedRequest".to_owned(), message: why.to_owned() });
        if let Err(error) = self.gateway.ledger.append_written(record, ledger::Bodies::NONE) {
            tracing::error!(%error, "an unreadable request could not be recorded");
        }
    }
}
