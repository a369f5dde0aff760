//! What is recorded: the JSON of `audit query`, in phases.
//!
//! A request that changes nothing and ends quickly is one `complete` record. A mutation or a stream is
//! an `intent`, then any number of `frame`s, then an `outcome`; they share an id, and readers merge them
//! into one [`Entry`](crate::Entry).

mod limits;

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use limits::FieldError;
pub(crate) use limits::{ID_MAX, check_id};

/// Times as RFC 3339 with exactly six digits of a second, in UTC.
pub(crate) mod micros {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{time:.6}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// [`micros`] for a time that may be absent.
pub(crate) mod micros_option {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.collect_str(&format_args!("{time:.6}")),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Now, with the microseconds that records keep.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// A new id for a record: a UUID of version 7 (RFC 9562), so ids sort by their millisecond. 36 characters.
#[must_use]
pub fn new_id() -> String {
    let millis = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid().to_string()
}

/// Randomness for one id. A system call for each would cost as much as hashing the record, so a thread takes as
/// much as for a hundred at once.
fn random() -> [u8; 10] {
    const STOCK: usize = 1000;
    thread_local! {
        static RANDOM: RefCell<(Box<[u8; STOCK]>, usize)> = RefCell::new((Box::new([0; STOCK]), STOCK));
    }
    RANDOM.with_borrow_mut(|(stock, used)| {
        if *used == STOCK {
            if aws_lc_rs::rand::fill(&mut **stock).is_err() {
                // Ids have to differ, not to be secret; uuid asks the system directly.
                return <[u8; 10]>::try_from(&uuid::Uuid::new_v4().as_bytes()[6..]).unwrap_or_default();
            }
            *used = 0;
        }
        let id = stock[*used..].first_chunk::<10>().copied().unwrap_or_default();
        *used += id.len();
        id
    })
}

/// Which part of a request's life a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The whole story in one record.
    Complete,
    /// What is about to be done. An `outcome` follows, at the latest when the gateway starts again.
    Intent,
    /// Bytes that passed in between.
    Frame,
    /// How it ended.
    Outcome,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One request to a cluster.
    Request,
    /// A command inside a container (`exec`).
    Command,
    /// A session opened, ended, revoked.
    Session,
    /// A watch, a log that is followed, an attached terminal, a forwarded port.
    Stream,
    /// An approval asked for, given, denied, used, expired.
    Approval,
    /// Something an operator did to the gateway.
    Administration,
    /// A request that no session or no parser accepted.
    Refusal,
}

/// What the gateway decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It went through.
    Allow,
    /// It was refused.
    Deny,
    /// It waits for a person.
    Hold,
}

impl Decision {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
            Decision::Hold => "hold",
        }
    }
}

/// Who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The verified `iss`.
    pub issuer: String,
    /// The subject within the issuer.
    pub subject: String,
    /// `human`, `agent` or `workload`.
    pub kind: String,
    /// The human on whose behalf an agent acts.
    pub sponsor: Option<String>,
    /// The groups of the verified token.
    pub groups: Vec<String>,
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Address and port of the peer.
    pub address: String,
    /// The `User-Agent` header: the client's own claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// The canonical request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `get`, `list`, `watch`, …; for a path that is no resource the method in lower case.
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The API version.
    pub version: String,
    /// The plural resource; empty for a path that is no resource.
    pub resource: String,
    /// The subresource.
    pub subresource: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: Option<String>,
    /// The decoded path.
    pub path: String,
    /// The canonical query as it is sent, without the question mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Whether the API server would change nothing.
    pub dry_run: bool,
    /// Hash of the canonical request, body included: `sha256:…`.
    pub hash: String,
    /// The HTTP method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The media type of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Hash of the body as it may be shown (masked): `sha256:…`. Set by the ledger from [`Bodies`](crate::Bodies).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Why the body that there was is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_not_kept: Option<NotKept>,
}

/// Why a request's body is not in the log. Nothing is kept that could not be masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotKept {
    /// A masker failed, so nobody said what is to be masked in it.
    Unplanned,
    /// It could not be masked as the plan says.
    Unmasked,
}

/// The request as a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// As the gateway renders it.
    pub rendered: String,
    /// As the client claims it.
    pub claimed: Option<String>,
    /// The invocation of the client that it claims to belong to: `Kubectl-Session`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_session: Option<String>,
}

/// What one plugin had to do with the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The plugin's name in the bundle.
    pub plugin: Arc<str>,
    /// Digest of its component: `sha256:…`.
    pub component: Arc<str>,
    /// Digest of its configuration: `sha256:…`.
    pub configuration: Arc<str>,
    /// `allow`, `deny`, `require-approval`, `no-opinion`, `failed`.
    pub verdict: Arc<str>,
    /// The rule that spoke.
    pub rule: Option<Arc<str>>,
    /// How long it took.
    pub microseconds: u64,
    /// Whether the verdict was remembered from equal facts.
    pub remembered: bool,
    /// `monitor` when the verdict did not count; none when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Arc<str>>,
    /// For a canary: whether the identity was in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<bool>,
}

/// What the cluster answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Its HTTP status; none when it never answered.
    pub status: Option<u16>,
}

/// What the client was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The HTTP status; none when the connection ended first.
    pub status: Option<u16>,
    /// Hash of the body as the client saw it: `sha256:…`; none for a stream, whose bytes are frames.
    pub body: Option<String>,
    /// Bytes of the body as the client saw it.
    pub bytes: u64,
    /// How many values were masked.
    pub masked: u64,
    /// The media type of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Why the response ended early, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<String>,
}

/// Why a request was refused, as its `Status` object said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// `PolicyDenied`, `ApprovalPending`, …
    pub cause: String,
    /// The message that the client read.
    pub message: String,
}

/// Bytes of a stream, as the client saw or sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Microseconds since the stream began.
    pub microseconds: u64,
    /// Which way: `out` for a watch or a log; `stdin`, `stdout`, `stderr`, … for a terminal.
    pub channel: String,
    /// How many bytes.
    pub bytes: u64,
    /// The bytes, when they are UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bytes otherwise: base64 of a zstd frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zstd: Option<String>,
}

/// One record. Optional facts are left out of the line when there are none, and a later phase need only
/// carry what is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Shared by all phases of one request; also its `Portcullis-Request-Id`.
    pub id: String,
    /// Which part of the life this is.
    pub phase: Phase,
    /// When the request arrived; for later phases, when they were recorded.
    #[serde(with = "micros")]
    pub time: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// The registered cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Arc<str>>,
    /// The session's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Arc<str>>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Arc<Identity>>,
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// The canonical request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The same as a command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Command>,
    /// The decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The generation of the policy set that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<By>,
    /// The id of the approval it waits for or used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// What the cluster answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// What the client was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Bytes of a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<Frame>,
    /// A sentence for the reader: what was done to the session, the approval, the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Microseconds from the request's arrival to this record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microseconds: Option<u64>,
}

impl Record {
    /// A record of now with these three facts and no others.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: Kind, phase: Phase) -> Record {
        Record {
            id: id.into(),
            phase,
            time: now(),
            kind,
            connection: None,
            session: None,
            identity: None,
            client: None,
            request: None,
            command: None,
            decision: None,
            generation: None,
            by: Vec::new(),
            approval: None,
            upstream: None,
            response: None,
            refusal: None,
            frame: None,
            message: None,
            microseconds: None,
        }
    }
}
