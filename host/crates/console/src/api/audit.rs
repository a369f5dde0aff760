//! The log: found, shown, followed, replayed.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use ledger::{Decision, Entry, Filter, Output, Position, Reader};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::Shared;
use crate::answer::{Answer, Refused, forbidden, lines, malformed, missing, unavailable};
use crate::who::Who;

/// A body above this is cut in `audit show`.
const SHOWN_MAX: u64 = 16 << 20;
/// Lines under way to a client that reads slowly.
const LINES: usize = 64;
/// How long a line may wait for its reader.
const UNREAD_LIMIT: Duration = Duration::from_secs(30);
/// Entries that `latest` holds at once.
const LATEST_MAX: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    session: Option<String>,
    identity: Option<String>,
    connection: Option<String>,
    verb: Option<String>,
    resource: Option<String>,
    namespace: Option<String>,
    decision: Option<String>,
    kind: Option<String>,
    since: Option<String>,
    until: Option<String>,
    text: Option<String>,
    limit: Option<usize>,
    /// Newest first, 100 unless `limit` says more.
    #[serde(default)]
    latest: bool,
}

impl Wanted {
    fn filter(self) -> Result<Filter, Refused> {
        let decision = match self.decision.as_deref() {
            None => None,
            Some("allow") => Some(Decision::Allow),
            Some("deny") => Some(Decision::Deny),
            Some("hold") => Some(Decision::Hold),
            Some(other) => return Err(malformed("decision", format!("`{other}` is no decision; use allow, deny or hold"))),
        };
        let kind = match self.kind {
            None => None,
            Some(kind) => Some(
                serde_json::from_value(json!(kind)).map_err(|_| malformed("kind", "no such kind of record; use request, command, session, stream, approval, administration or refusal"))?,
            ),
        };
        Ok(Filter {
            id: None,
            session: self.session,
            identity: self.identity,
            connection: self.connection,
            kind,
            verb: self.verb,
            resource: self.resource,
            namespace: self.namespace,
            decision,
            since: self.since.as_deref().map(time).transpose()?,
            until: self.until.as_deref().map(time).transpose()?,
            text: self.text,
            limit: if self.latest { Some(self.limit.unwrap_or(100).min(LATEST_MAX)) } else { self.limit },
        })
    }
}

/// RFC 3339, or a duration before now: `15m`, `2h`, `7d`.
fn time(text: &str) -> Result<Timestamp, Refused> {
    let wrong = || malformed("since", format!("`{text}` is no time; write RFC 3339, or a duration such as 15m, 2h or 7d"));
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let before = number.checked_mul(seconds).ok_or_else(wrong)?;
    Timestamp::now().checked_sub(jiff::SignedDuration::from_secs(before)).map_err(|_| wrong())
}

pub async fn query(State(shared): State<Shared>, who: Who, Query(wanted): Query<Wanted>) -> Answer<Response> {
    let latest = wanted.latest;
    let filter = wanted.filter()?;
    let filter = permitted(&shared, &who, filter).await?;
    let issuer = (!who.is_auditor()).then(|| who.identity.issuer.clone());
    let place = shared.place()?;
    let reader = shared.gateway.ledger.reader();
    let (to, from) = mpsc::channel(LINES);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let mine = |entry: &Entry| issuer.as_ref().is_none_or(|own| entry.identity.as_ref().is_some_and(|i| i.issuer == *own));
        let sent = if latest {
            reader.latest(&filter).map(|entries| {
                // Stops when nobody reads any more.
                entries.iter().filter(|entry| mine(entry)).all(|entry| send(&to, entry));
            })
        } else {
            reader.query(filter).and_then(|entries| {
                for entry in entries {
                    let entry = entry?;
                    if mine(&entry) && !send(&to, &entry) {
                        break;
                    }
                }
                Ok(())
            })
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "a query of the log ended early");
            push(&to, Err(std::io::Error::other(error.to_string())));
        }
    });
    Ok(lines(from))
}

type Lines = mpsc::Sender<Result<String, std::io::Error>>;

/// False when nobody reads any more.
fn send(to: &Lines, entry: &Entry) -> bool {
    let line = serde_json::to_string(entry).unwrap_or_default() + "\n";
    push(to, Ok(line))
}

/// Waits for a slow reader, but not for ever: a thread that waits is one that others lack.
fn push(to: &Lines, line: Result<String, std::io::Error>) -> bool {
    let sent = tokio::time::timeout(UNREAD_LIMIT, to.send(line));
    matches!(tokio::runtime::Handle::current().block_on(sent), Ok(Ok(())))
}

/// Auditors see everything; everyone else what is theirs: their own requests, or one session of their own or their agent's.
async fn permitted(shared: &Shared, who: &Who, mut filter: Filter) -> Result<Filter, Refused> {
    if who.is_auditor() {
        return Ok(filter);
    }
    if let Some(session) = &filter.session {
        let seen = shared.gateway.sessions.show(session).await.map_err(|e| unavailable(&e))?;
        let seen = seen.ok_or_else(|| missing("session"))?;
        if who.owns(&seen.identity.subject, &seen.identity.issuer, seen.identity.sponsor.as_deref()) {
            return Ok(filter);
        }
        return Err(missing("session"));
    }
    match &filter.identity {
        Some(other) if *other != who.identity.subject => Err(forbidden("read what others did", "auditors")),
        _ => {
            filter.identity = Some(who.identity.subject.clone());
            Ok(filter)
        }
    }
}

pub async fn show(State(shared): State<Shared>, who: Who, Path(id): Path<String>) -> Answer<Json<Value>> {
    let _place = shared.place()?;
    let reader = shared.gateway.ledger.reader();
    let shown = tokio::task::spawn_blocking(move || reader.show(&id, SHOWN_MAX))
        .await
        .map_err(|e| unavailable(&e))?
        .map_err(|e| unavailable(&e))?
        .ok_or_else(|| missing("record"))?;
    let owned = shown
        .entry
        .identity
        .as_ref()
        .is_some_and(|identity| who.owns(&identity.subject, &identity.issuer, identity.sponsor.as_deref()));
    if !(who.is_auditor() || owned) {
        return Err(missing("record"));
    }
    let mut json = serde_json::to_value(&shown.entry).map_err(|e| unavailable(&e))?;
    let text = |body: Option<Vec<u8>>| body.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    json["request_body"] = json!(text(shown.request_body));
    json["response_body"] = json!(text(shown.response_body));
    json["cut"] = json!(shown.cut);
    json["request_cut"] = json!(shown.request_cut);
    Ok(Json(json))
}

/// Records as they are appended, from now on.
pub async fn tail(State(shared): State<Shared>, who: Who) -> Answer<Response> {
    if !who.is_auditor() {
        return Err(forbidden("follow the log", "auditors"));
    }
    let ledger = shared.gateway.ledger.clone();
    let (to, from) = mpsc::channel(LINES);
    tokio::spawn(async move {
        let Position(end) = ledger.end();
        let mut follow = ledger.tail(Position(end));
        loop {
            let batch = tokio::select! {
                () = to.closed() => return,
                batch = follow.batch(256, 1 << 20) => batch,
            };
            let Ok(batch) = batch else { return };
            for one in batch {
                if to.send(Ok(one.json + "\n")).await.is_err() {
                    return;
                }
            }
        }
    });
    Ok(lines(from))
}

/// A session, request by request: one line each, with what the agent saw.
pub async fn replay(State(shared): State<Shared>, who: Who, Path(id): Path<String>) -> Answer<Response> {
    permitted(&shared, &who, Filter { session: Some(id.clone()), ..Default::default() }).await?;
    let place = shared.place()?;
    let reader = shared.gateway.ledger.reader();
    let (to, from) = mpsc::channel(LINES);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        if let Err(error) = steps(&reader, &id, &to) {
            push(&to, Err(std::io::Error::other(error.to_string())));
        }
    });
    Ok(lines(from))
}

fn steps(reader: &Reader, session: &str, to: &Lines) -> Result<(), Box<dyn std::error::Error>> {
    for step in reader.replay(session)? {
        let mut chunks = Vec::new();
        match reader.output(&step.entry)? {
            Output::Frames(frames) => {
                let mut shown = 0;
                for chunk in frames {
                    let chunk = chunk?;
                    shown += chunk.bytes.len() as u64;
                    if shown > SHOWN_MAX {
                        break;
                    }
                    chunks.push(json!({
                        "offset": seconds(chunk.offset),
                        "channel": chunk.channel,
                        "text": String::from_utf8_lossy(&chunk.bytes),
                    }));
                }
            }
            Output::Body(body) => {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::Read::take(body, SHOWN_MAX), &mut bytes)?;
                chunks.push(json!({ "offset": 0.0, "channel": "out", "text": String::from_utf8_lossy(&bytes) }));
            }
            Output::Nothing => {}
        }
        let line = json!({ "offset": seconds(step.offset), "record": step.entry, "output": chunks });
        if !push(to, Ok(line.to_string() + "\n")) {
            break;
        }
    }
    Ok(())
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
