use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use store::{ApprovalRow, DecisionRow, StoreError, rfc3339};

use crate::ask::{Ask, Scope, Target};
use crate::person::Person;
use crate::state::State;

/// What one person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Who: issuer, subject and other names; the groups are not kept.
    pub by: Person,
    /// Yes or no.
    pub approves: bool,
    /// In their words.
    pub comment: Option<String>,
    /// When, in microseconds.
    pub at: i64,
}

/// An approval. It serialises as `portcullis approvals list --output json` prints it. Times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// What people call it.
    pub id: String,
    /// Where it is in its life.
    pub state: State,
    /// The registered cluster.
    pub connection: String,
    /// Who asked; the groups are not kept.
    pub requester: Person,
    /// The session that asked first.
    pub session: String,
    /// Its purpose.
    pub purpose: Option<String>,
    /// The request as a kubectl command.
    pub command: String,
    /// The plugin that wants it approved.
    pub plugin: String,
    /// Its rule.
    pub rule: String,
    /// Its reason.
    pub message: String,
    /// Hash of the canonical request.
    pub request_hash: String,
    /// What it is aimed at.
    pub target: Target,
    /// What the grant covers.
    pub scope: Scope,
    /// How many people are needed.
    pub needed: u32,
    /// Groups whose members may decide.
    pub groups: Vec<String>,
    /// Subjects who may decide.
    pub subjects: Vec<String>,
    /// For how long it waits, and then again is good, in microseconds.
    pub lifetime: i64,
    /// When it was asked for.
    pub created: i64,
    /// When it expires.
    pub expires: i64,
    /// When it was used, denied, expired or withdrawn.
    pub ended: Option<i64>,
    /// Why it was withdrawn.
    pub ended_why: Option<String>,
    /// The record of the request that used it.
    pub used_by: Option<String>,
    /// What people said.
    pub decisions: Vec<Decision>,
    /// Where a person answers it.
    pub url: String,
}

impl Approval {
    /// Who said yes.
    pub fn approved_by(&self) -> impl Iterator<Item = &str> {
        self.decisions.iter().filter(|decision| decision.approves).map(|decision| decision.by.subject.as_str())
    }

    /// Who said no, and why.
    pub fn denied_by(&self) -> Option<&Decision> {
        self.decisions.iter().find(|decision| !decision.approves)
    }

    pub(crate) fn from_row(row: &ApprovalRow, base: &str) -> Result<Self, StoreError> {
        let unreadable = |column| StoreError::Unreadable { table: "approvals", column };
        let scope = match row.scope.as_str() {
            "this-version" => Scope::ThisVersion,
            "this-object" => Scope::ThisObject,
            _ => return Err(unreadable("scope")),
        };
        Ok(Approval {
            id: row.id.clone(),
            state: State::from_name(&row.state).ok_or_else(|| unreadable("state"))?,
            connection: row.connection.clone(),
            requester: Person {
                issuer: row.issuer.clone(),
                subject: row.subject.clone(),
                kind: row.kind.clone(),
                sponsor: row.sponsor.clone(),
                groups: Vec::new(),
                aliases: row.aliases.clone(),
            },
            session: row.session.clone(),
            purpose: row.purpose.clone(),
            command: row.command.clone(),
            plugin: row.plugin.clone(),
            rule: row.rule.clone(),
            message: row.message.clone(),
            request_hash: row.request_hash.clone(),
            target: Target { uid: row.target_uid.clone(), resource_version: row.target_version.clone() },
            scope,
            needed: u32::try_from(row.needed).map_err(|_| unreadable("needed"))?,
            groups: row.groups.clone(),
            subjects: row.subjects.clone(),
            lifetime: row.lifetime,
            created: row.created,
            expires: row.expires,
            ended: row.ended,
            ended_why: row.ended_why.clone(),
            used_by: row.used_by.clone(),
            decisions: row.decisions.iter().map(decision).collect(),
            url: format!("{base}/approvals/{}", row.id),
        })
    }
}

fn decision(row: &DecisionRow) -> Decision {
    Decision {
        by: Person {
            issuer: row.issuer.clone(),
            subject: row.subject.clone(),
            kind: "human".to_owned(),
            sponsor: None,
            groups: Vec::new(),
            aliases: row.aliases.clone(),
        },
        approves: row.approves,
        comment: row.comment.clone(),
        at: row.decided,
    }
}

/// The row of a new approval.
pub(crate) fn new_row(ask: &Ask, id: String, now: i64) -> ApprovalRow {
    let lifetime = i64::from(ask.route.expires_after) * 1_000_000;
    ApprovalRow {
        id,
        fingerprint: ask.fingerprint(),
        state: State::Pending.as_str().to_owned(),
        connection: ask.connection.clone(),
        session: ask.session.clone(),
        issuer: ask.requester.issuer.clone(),
        subject: ask.requester.subject.clone(),
        kind: ask.requester.kind.clone(),
        sponsor: ask.requester.sponsor.clone(),
        aliases: ask.requester.aliases.clone(),
        purpose: ask.purpose.clone(),
        command: ask.command.clone(),
        plugin: ask.plugin.clone(),
        rule: ask.rule.clone(),
        message: ask.message.clone(),
        request_hash: ask.request_hash.clone(),
        target_uid: ask.target.uid.clone(),
        target_version: ask.target.resource_version.clone(),
        scope: ask.route.scope.as_str().to_owned(),
        needed: i64::from(ask.route.needed),
        groups: ask.route.groups.clone(),
        subjects: ask.route.subjects.clone(),
        lifetime,
        created: now,
        expires: now.saturating_add(lifetime),
        ended: None,
        ended_why: None,
        used_by: None,
        decisions: Vec::new(),
    }
}

#[derive(Serialize)]
struct DecisionJson<'a> {
    issuer: &'a str,
    subject: &'a str,
    approves: bool,
    comment: Option<&'a str>,
    time: String,
}

impl Serialize for Approval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let decisions: Vec<DecisionJson<'_>> = self
            .decisions
            .iter()
            .map(|decision| DecisionJson {
                issuer: &decision.by.issuer,
                subject: &decision.by.subject,
                approves: decision.approves,
                comment: decision.comment.as_deref(),
                time: rfc3339(decision.at),
            })
            .collect();
        let mut json = serializer.serialize_struct("Approval", 27)?;
        // The interface's fields first, in its order; the rest are additions.
        json.serialize_field("id", &self.id)?;
        json.serialize_field("state", &self.state)?;
        json.serialize_field("connection", &self.connection)?;
        json.serialize_field("requester", &self.requester.subject)?;
        json.serialize_field("sponsor", &self.requester.sponsor)?;
        json.serialize_field("purpose", &self.purpose)?;
        json.serialize_field("command", &self.command)?;
        json.serialize_field("rule", &self.rule)?;
        json.serialize_field("created", &rfc3339(self.created))?;
        json.serialize_field("expires", &rfc3339(self.expires))?;
        json.serialize_field("needed", &self.needed)?;
        json.serialize_field("approved_by", &self.approved_by().collect::<Vec<_>>())?;
        json.serialize_field("url", &self.url)?;
        json.serialize_field("requester_issuer", &self.requester.issuer)?;
        json.serialize_field("requester_kind", &self.requester.kind)?;
        json.serialize_field("session", &self.session)?;
        json.serialize_field("plugin", &self.plugin)?;
        json.serialize_field("message", &self.message)?;
        json.serialize_field("request_hash", &self.request_hash)?;
        json.serialize_field("target", &self.target)?;
        json.serialize_field("scope", &self.scope)?;
        json.serialize_field("groups", &self.groups)?;
        json.serialize_field("subjects", &self.subjects)?;
        json.serialize_field("decisions", &decisions)?;
        json.serialize_field("ended", &self.ended.map(rfc3339))?;
        json.serialize_field("ended_why", &self.ended_why)?;
        json.serialize_field("used_by", &self.used_by)?;
        json.end()
    }
}
