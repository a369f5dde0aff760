//! One request as `audit query` prints it: its phases merged.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::record::{By, Client, Command, Decision, Identity, Kind, Phase, Record, Refusal, Request, Response, Upstream, micros, micros_option};

/// One request, session event, approval event or stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The id that all its records share.
    pub id: String,
    /// When it began.
    #[serde(with = "micros")]
    pub time: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// The registered cluster.
    pub connection: Option<Arc<str>>,
    /// The session's id.
    pub session: Option<Arc<str>>,
    /// Who asked.
    pub identity: Option<Arc<Identity>>,
    /// The canonical request.
    pub request: Option<Request>,
    /// The same as a command line.
    pub command: Option<Command>,
    /// The decision, the last one when there were several.
    pub decision: Option<Decision>,
    /// The generation of the policy set that decided.
    pub generation: Option<u64>,
    /// Who decided.
    pub by: Vec<By>,
    /// The id of the approval.
    pub approval: Option<String>,
    /// What the cluster answered.
    pub upstream: Option<Upstream>,
    /// What the client was given.
    pub response: Option<Response>,
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// A sentence for the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Microseconds from beginning to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microseconds: Option<u64>,
    /// When it ended; none while it is under way.
    #[serde(default, with = "micros_option", skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// How many frames passed, for a stream.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub frames: u64,
    /// Position of the first of its records.
    pub position: u64,
    /// Position of the record that has the response; bodies are in the same segment.
    #[serde(default)]
    pub(crate) response_position: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Entry {
    pub(crate) fn new(record: Record, position: u64) -> Entry {
        let took = SignedDuration::from_micros(record.microseconds.and_then(|took| took.try_into().ok()).unwrap_or(0));
        let ended = (record.phase == Phase::Complete).then(|| record.time.checked_add(took).unwrap_or(record.time));
        let mut entry = Entry {
            id: record.id.clone(),
            time: record.time,
            kind: record.kind,
            connection: None,
            session: None,
            identity: None,
            request: None,
            command: None,
            decision: None,
            generation: None,
            by: Vec::new(),
            approval: None,
            upstream: None,
            response: None,
            client: None,
            refusal: None,
            message: None,
            microseconds: None,
            ended,
            frames: 0,
            position,
            response_position: position,
        };
        entry.merge(record, position);
        entry
    }

    /// Takes what a later phase adds.
    pub(crate) fn merge(&mut self, record: Record, position: u64) {
        fn take<T>(to: &mut Option<T>, from: Option<T>) {
            if from.is_some() {
                *to = from;
            }
        }
        match record.phase {
            Phase::Frame => {
                self.frames += 1;
                return;
            }
            Phase::Outcome => self.ended = Some(record.time),
            Phase::Complete | Phase::Intent => {}
        }
        take(&mut self.connection, record.connection);
        take(&mut self.session, record.session);
        take(&mut self.identity, record.identity);
        take(&mut self.request, record.request);
        take(&mut self.command, record.command);
        take(&mut self.decision, record.decision);
        take(&mut self.generation, record.generation);
        if !record.by.is_empty() {
            self.by = record.by;
        }
        take(&mut self.approval, record.approval);
        take(&mut self.upstream, record.upstream);
        if record.response.is_some() {
            self.response_position = position;
        }
        take(&mut self.response, record.response);
        take(&mut self.client, record.client);
        take(&mut self.refusal, record.refusal);
        take(&mut self.message, record.message);
        take(&mut self.microseconds, record.microseconds);
    }
}
