//! What is known of one request so far, and its records. Whatever happens to the request, its trail ends in the
//! ledger: a trail that is dropped in the middle says so itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use kube_request::{Cause, KubeRequest, Refusal};
use ledger::{self as record, AppendError, Bodies, Body, Client, Decision, Durability, Kind, Ledger, NotKept, Phase, Record, StreamRecorder};
use policy::Judgement;

use crate::gateway::Caller;

/// Where the records of a request are kept while it runs.
pub struct Trail {
    ledger: Ledger,
    record: Record,
    started: Instant,
    state: State,
    peer: IpAddr,
    /// The request's body, masked, until a record holds it.
    body: Option<Bytes>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of it is in the ledger.
    Unwritten,
    /// An intent is; an outcome must follow.
    Intended,
    /// It is all there.
    Ended,
}

impl Trail {
    /// Begins the trail of a request that arrived now.
    pub fn begin(ledger: &Ledger, peer: SocketAddr, user_agent: Option<&str>) -> Self {
        let mut record = Record::new(ledger::new_id(), Kind::Request, Phase::Complete);
        record.client = Some(Client { address: peer.to_string(), user_agent: user_agent.map(|agent| clip(agent, 256)) });
        Self { ledger: ledger.clone(), record, started: Instant::now(), state: State::Unwritten, peer: peer.ip(), body: None }
    }

    /// The id of the request and of its record.
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// The address that the request came from.
    pub fn client(&self) -> IpAddr {
        self.peer
    }

    /// Since the request arrived.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The decision so far, for metrics.
    pub fn decision(&self) -> Option<Decision> {
        self.record.decision
    }

    /// It is for this connection.
    pub fn connection(&mut self, name: &Arc<str>) {
        self.record.connection = Some(name.clone());
    }

    /// It came from this caller.
    pub fn caller(&mut self, caller: &Caller) {
        self.record.identity = Some(caller.recorded.clone());
        self.record.session = Some(caller.session_id.clone());
    }

    /// It asks for this.
    pub fn request(&mut self, request: &KubeRequest) {
        // Every phase says the kind, and the first may be written while a person is asked.
        self.record.kind = kind(request);
        self.record.request = Some(record::Request {
            verb: request.verb.as_str().to_owned(),
            group: request.group.clone(),
            version: request.version.clone(),
            resource: request.resource.clone(),
            subresource: request.subresource.clone(),
            namespace: request.namespace.clone(),
            name: request.name.clone(),
            path: request.path.clone(),
            query: query(request),
            dry_run: request.dry_run,
            hash: request.hash(),
            method: Some(request.method.as_str().to_owned()),
            content_type: request.body.as_ref().map(|body| body.content_type.media_type().to_owned()),
            body: None,
            body_not_kept: None,
        });
        self.record.command = Some(record::Command {
            rendered: request.command(),
            claimed: request.claimed_command.clone(),
            claimed_session: request.claimed_session.clone(),
        });
    }

    /// Its body, as it may be recorded: the next record holds it, or says why it does not.
    pub fn body(&mut self, shown: Option<Result<Bytes, NotKept>>) {
        let (body, not_kept) = match shown {
            Some(Ok(body)) => (Some(body), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        self.body = body;
        if let Some(request) = &mut self.record.request {
            request.body_not_kept = not_kept;
        }
    }

    /// The hash and the rendering of the request, once it is known.
    pub fn rendered(&self) -> Option<(&str, &str)> {
        Some((&self.record.request.as_ref()?.hash, &self.record.command.as_ref()?.rendered))
    }

    /// The policy set said this.
    pub fn judged(&mut self, generation: u64, judgement: &Judgement) {
        self.record.generation = Some(generation);
        self.record.by = judgement
            .by
            .iter()
            .map(|by| record::By {
                plugin: by.plugin.clone(),
                component: by.component.clone(),
                configuration: by.configuration.clone(),
                verdict: by.verdict.as_str().into(),
                rule: by.rule.clone(),
                microseconds: by.microseconds,
                remembered: by.remembered,
                mode: (by.mode == policy::Mode::Monitor).then(|| by.mode.as_str().into()),
                canary: by.canary,
            })
            .collect();
    }

    /// The decision.
    pub fn decided(&mut self, decision: Decision) {
        self.record.decision = Some(decision);
    }

    /// It waits for this approval, or used it.
    pub fn approval(&mut self, id: &str) {
        self.record.approval = Some(id.to_owned());
    }

    /// Records what is about to be done. Resolves once the record is as safe as `durability` says (P3).
    ///
    /// # Errors
    /// When the ledger cannot be written: then nothing may be done.
    pub async fn intend(&mut self, durability: Durability) -> Result<(), Refusal> {
        self.record.phase = Phase::Intent;
        self.record.microseconds = Some(micros(self.started));
        // A request that is held for a person does not keep a second body in memory meanwhile.
        let body = self.body.take();
        let bodies = Bodies { request: body.as_deref().map(Body::Bytes), response: None };
        self.ledger.append(self.record.clone(), bodies, durability).await.map_err(|e| unavailable(&e))?;
        self.state = State::Intended;
        Ok(())
    }

    /// Records what passes in the stream that was intended.
    pub fn stream(&self) -> StreamRecorder {
        self.ledger.stream(&self.record)
    }

    /// A sentence for the reader of the record.
    pub fn message(&mut self, message: String) {
        self.record.message = Some(message);
    }

    /// The connection's name, once it is known.
    pub fn connection_name(&self) -> &str {
        self.record.connection.as_deref().unwrap_or("")
    }

    /// Records how it ended, and what the client is about to be given.
    ///
    /// # Errors
    /// When the ledger cannot be written: then nothing may be given.
    pub async fn end(&mut self, upstream: Option<u16>, response: record::Response, bodies: Bodies<'_>) -> Result<(), Refusal> {
        let mut last = self.last();
        last.upstream = Some(record::Upstream { status: upstream });
        last.response = Some(response);
        let durability = if self.state == State::Intended && changes(&self.record) { Durability::Durable } else { Durability::Written };
        self.ledger.append(last, bodies, durability).await.map_err(|e| unavailable(&e))?;
        self.state = State::Ended;
        Ok(())
    }

    /// Records a refusal. When even that cannot be written, the caller is told so instead.
    pub async fn refuse(&mut self, refusal: &Refusal, body: &[u8], upstream: Option<u16>) -> Result<(), Refusal> {
        if self.record.request.is_none() {
            self.record.kind = Kind::Refusal;
        }
        let held = refusal.cause == Cause::ApprovalPending;
        self.record.decision = Some(if held { Decision::Hold } else { Decision::Deny });
        let mut last = self.last();
        last.decision = self.record.decision;
        last.upstream = upstream.map(|status| record::Upstream { status: Some(status) });
        last.refusal = Some(record::Refusal { cause: refusal.cause.as_str().to_owned(), message: refusal.message.clone() });
        last.response = Some(record::Response {
            status: Some(refusal.code),
            content_type: Some("application/json".to_owned()),
            ..Default::default()
        });
        let kept = self.body.take();
        let bodies = Bodies { request: kept.as_deref().map(Body::Bytes), response: Some(Body::Bytes(body)) };
        self.ledger.append(last, bodies, Durability::Written).await.map_err(|e| unavailable(&e))?;
        self.state = State::Ended;
        Ok(())
    }

    /// The last record: everything when nothing was written before, otherwise only what is new.
    fn last(&self) -> Record {
        let mut last = match self.state {
            State::Unwritten => {
                let mut whole = self.record.clone();
                whole.phase = Phase::Complete;
                whole
            }
            State::Intended | State::Ended => {
                let mut rest = Record::new(self.record.id.clone(), self.record.kind, Phase::Outcome);
                rest.session = self.record.session.clone();
                rest.approval = self.record.approval.clone();
                rest.decision = self.record.decision;
                rest.message = self.record.message.clone();
                rest
            }
        };
        last.microseconds = Some(micros(self.started));
        last
    }
}

impl Drop for Trail {
    /// The client went away, or a task was ended, in the middle: that is an outcome too.
    fn drop(&mut self) {
        if self.state == State::Ended {
            return;
        }
        let mut last = self.last();
        last.response = Some(record::Response {
            interrupted: Some("the client went away before it was answered".to_owned()),
            ..Default::default()
        });
        if let Err(error) = self.ledger.append_written(last, Bodies::NONE) {
            tracing::error!(%error, request = %self.record.id, "a request's end could not be recorded");
        }
    }
}

/// The refusal when the ledger cannot be written.
pub fn unavailable(error: &AppendError) -> Refusal {
    tracing::error!(%error, "the ledger cannot be written; requests are refused until it can");
    Refusal::new(
        503,
        Cause::AuditUnavailable,
        "ledger",
        "the request cannot be recorded, so it is refused; ask the gateway's operator to look at its disk",
    )
}

/// What a request begins, if it is let through.
fn kind(request: &KubeRequest) -> Kind {
    let switches = request.upgrade.is_some();
    match request.subresource.as_deref() {
        Some("exec") if switches => Kind::Command,
        _ if switches || request.is_streaming() => Kind::Stream,
        _ => Kind::Request,
    }
}

fn changes(record: &Record) -> bool {
    record.request.as_ref().is_some_and(|r| !matches!(r.verb.as_str(), "get" | "list" | "watch" | "head" | "options"))
}

/// The query as it is sent, when there is one.
fn query(request: &KubeRequest) -> Option<String> {
    if request.query.is_empty() {
        return None;
    }
    request.target().split_once('?').map(|(_, query)| query.to_owned())
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn clip(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
