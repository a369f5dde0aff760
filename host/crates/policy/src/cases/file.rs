//! A file of cases, as it is written. The comments here become the published schema's descriptions.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::facts::IdentityKind;
use crate::wit::{Finding, GrantScope, Occasion};

/// What has to hold of a bundle: a set whose cases do not hold never goes live.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Cases of a Portcullis policy bundle")]
pub(crate) struct CaseFile {
    #[schemars(with = "crate::bundle::entry::ApiVersion")]
    pub api_version: Spanned<String>,
    #[schemars(with = "CasesKind")]
    pub kind: Spanned<String>,
    /// Names for the identities of the cases below.
    #[serde(default)]
    pub identities: HashMap<String, IdentityEntry>,
    /// What the plugin is configured with in these cases, instead of the bundle's. Only in the cases of one plugin.
    #[serde(default)]
    pub configuration: Option<Value>,
    /// What the plugin's `{ secret: NAME }` stand for in these cases, by name. No case is asked with a secret of the operator's.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What the clock says in these cases: `2026-03-01T09:00:00Z`.
    #[serde(default)]
    pub now: Option<String>,
    /// Objects that are in the cluster, by resource: `pods`, `deployments.apps`.
    #[serde(default)]
    pub objects: Objects,
    #[schemars(with = "Vec<Case>", length(max = 4096))]
    pub cases: Vec<Spanned<Case>>,
}

/// Objects by resource.
pub(super) type Objects = BTreeMap<String, Vec<Value>>;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
enum CasesKind {
    Cases,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Identity")]
pub(crate) struct IdentityEntry {
    /// Its subject.
    pub subject: String,
    /// `agent` when left out.
    #[serde(default = "agent")]
    pub kind: IdentityKind,
    /// The human on whose behalf it acts.
    #[serde(default)]
    pub sponsor: Option<String>,
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub issuer: Option<String>,
}

pub(super) fn agent() -> IdentityKind {
    IdentityKind::Agent
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum IdentityRef {
    Named(String),
    Given(IdentityEntry),
}

/// One thing that has to hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Case {
    /// What it says; shown when it does not hold.
    pub name: String,
    /// Who asks: a name from `identities`, or a mapping.
    #[serde(default)]
    pub identity: Option<IdentityRef>,
    /// The registered cluster; `demo` when left out.
    #[serde(default)]
    pub connection: Option<String>,
    /// `METHOD /path`.
    #[serde(default)]
    pub request: Option<String>,
    /// The same as a command line: `delete ns prod`. A body that kubectl would read from a file is `body`.
    #[serde(default)]
    pub kubectl: Option<String>,
    /// Of the body; `application/json` when left out.
    #[serde(default)]
    pub content_type: Option<String>,
    /// What is sent.
    #[serde(default)]
    pub body: Option<Value>,
    /// What a server-side dry run would answer; without it there is none.
    #[serde(default)]
    pub preview: Option<Value>,
    /// The session's purpose.
    #[serde(default)]
    pub purpose: Option<String>,
    /// What the plugin is configured with in this case. Only in the cases of one plugin.
    #[serde(default)]
    pub configuration: Option<Value>,
    /// What `{ secret: NAME }` stands for in this case, by name, besides or instead of the file's.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What the clock says: `2026-03-01T09:00:00Z`.
    #[serde(default)]
    pub now: Option<String>,
    /// Objects that are in the cluster, by resource, instead of the file's.
    #[serde(default)]
    pub objects: Option<Objects>,
    /// What the cluster's RBAC says when a policy asks it; `true` when left out.
    #[serde(default)]
    pub can_i: Option<bool>,
    /// The same request so often in a row, with counts kept in between; the last answer is looked at.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    pub times: Option<u32>,
    /// For approval routers: what guards have found.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// For session policies: what is asked for.
    #[serde(default)]
    pub session: Option<SessionEntry>,
    /// For maskers: what the cluster answers.
    #[serde(default)]
    pub object: Option<Value>,
    /// For audit sinks: what is delivered.
    #[serde(default)]
    pub records: Option<RecordsEntry>,
    /// For notifiers: what is told.
    #[serde(default)]
    pub notice: Option<NoticeEntry>,
    /// For audit sinks and notifiers: what outgoing requests are answered, in order. Nothing is sent for real.
    #[serde(default)]
    pub answers: Vec<AnswerEntry>,
    /// What has to come; `snapshot` for what `plugin test --update` is to write here.
    #[schemars(with = "Expectation")]
    pub expect: Spanned<Expectation>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "SessionAsk")]
pub(crate) struct SessionEntry {
    /// Seconds asked for.
    #[serde(default)]
    pub ttl: Option<u32>,
    #[serde(default)]
    pub purpose: Option<String>,
    /// Live sessions that the identity already has.
    #[serde(default)]
    pub open_sessions: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Records")]
pub(crate) struct RecordsEntry {
    /// The position of the first; 0 when left out.
    #[serde(default)]
    pub first: u64,
    /// The records.
    #[schemars(length(max = 1000))]
    pub of: Vec<Value>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Notice")]
pub(crate) struct NoticeEntry {
    /// The same for every attempt; `notice` when left out.
    #[serde(default)]
    pub id: Option<String>,
    #[schemars(with = "OccasionName")]
    pub occasion: Occasion,
    /// The approval, as `approvals list --output json` prints it.
    pub approval: Value,
    /// Where a person answers it.
    pub url: String,
}

#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its schema is used")]
#[schemars(rename = "Occasion")]
enum OccasionName {
    Requested,
    Approved,
    Denied,
    Expired,
    Used,
    Withdrawn,
}

/// What one outgoing request is answered: a response, or an `error`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HttpAnswer")]
pub(crate) struct AnswerEntry {
    /// 200 when left out.
    #[serde(default)]
    pub status: Option<u16>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Text as it is; anything else as JSON.
    #[serde(default)]
    pub body: Option<Value>,
    /// There is no answer, for this reason.
    #[serde(default)]
    pub error: Option<String>,
}

/// What has to come.
#[derive(Debug)]
pub(crate) enum Expectation {
    /// Not known yet.
    Snapshot,
    /// This.
    Given(Box<Expect>),
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Expectation;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("what has to come, or `snapshot`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Expectation, E> {
                match text {
                    "snapshot" => Ok(Expectation::Snapshot),
                    other => Err(E::custom(format!("`{other}` is nothing that can come; write a mapping such as {{ verdict: deny }}, or `snapshot`"))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expectation, A::Error> {
                Expect::deserialize(MapAccessDeserializer::new(map)).map(|expect| Expectation::Given(Box::new(expect)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Expectation {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expectation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let given = generator.subschema_for::<Expect>();
        schemars::json_schema!({ "anyOf": [{ "const": "snapshot" }, given] })
    }
}

/// What has to come: whatever is given has to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Expect {
    pub verdict: Option<ExpectedVerdict>,
    /// The rule behind it.
    pub rule: Option<String>,
    /// The plugin behind it.
    pub plugin: Option<String>,
    /// A part of the message.
    pub message: Option<String>,
    /// A part of the remedy.
    pub remedy: Option<String>,
    /// Who approves.
    pub route: Option<ExpectedRoute>,
    /// The names of the mask plan's rules, in order.
    pub plan: Option<Vec<String>>,
    /// The case's `object` as the agent is shown it. In a text `masked:*` stands for any token; a value in base64 may be written decoded.
    pub masked: Option<Value>,
    pub session: Option<ExpectedSession>,
    /// The session's seconds.
    pub ttl: Option<u32>,
    /// The session's seconds without a request.
    pub idle: Option<u32>,
    /// The session's requests.
    pub requests: Option<u64>,
    /// `true` or the position that is reached; `later` when it is to be tried again, `never` when that can never help.
    pub delivered: Option<ExpectedDelivery>,
    /// The outgoing requests, in order.
    pub sent: Option<Vec<ExpectedSending>>,
}

impl Expect {
    /// Nothing is given that could differ.
    pub(super) fn expects_nothing(&self) -> bool {
        let Expect { verdict, route, plan, masked, session, delivered, sent, .. } = self;
        verdict.is_none() && route.is_none() && plan.is_none() && masked.is_none() && session.is_none() && delivered.is_none() && sent.is_none()
    }
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Verdict")]
pub(crate) enum ExpectedVerdict {
    Allow,
    RequireApproval,
    Deny,
    NoOpinion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "SessionAnswer")]
pub(crate) enum ExpectedSession {
    Open,
    Refuse,
    NoOpinion,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(rename = "Route")]
pub(crate) struct ExpectedRoute {
    pub groups: Option<Vec<String>>,
    pub subjects: Option<Vec<String>>,
    /// How many people.
    pub needed: Option<u32>,
    /// Seconds.
    pub expires_after: Option<u32>,
    pub waiting: Option<ExpectedWaiting>,
    pub scope: Option<GrantScope>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Waiting")]
pub(crate) enum ExpectedWaiting {
    Hold,
    Retry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Delivery")]
pub(crate) enum ExpectedDelivery {
    Done(bool),
    Position(u64),
    Not(NotDelivered),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NotDelivered {
    Later,
    Never,
}

/// One outgoing request; whatever is given has to be so.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Sending")]
pub(crate) struct ExpectedSending {
    pub method: Option<String>,
    pub url: Option<String>,
    /// These headers, with these values; others may be there.
    pub headers: BTreeMap<String, String>,
    /// The whole body, as text.
    pub body: Option<String>,
    /// The body is JSON and has all of this; objects in it may have more.
    pub json: Option<Value>,
}
