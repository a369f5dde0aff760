mod changing;
mod reading;

use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::notifications::NewNotification;
use crate::row::Columns;

const TABLE: &str = "approvals";
const DECISIONS: &str = "approval_decisions";

/// An approval as it is kept, its decisions beside it. Times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRow {
    /// What people call it.
    pub id: String,
    /// SHA-256, in hex, of everything that an approval is bound to; unique while it is pending or approved.
    pub fingerprint: String,
    /// `pending`, `approved`, `used`, `denied`, `expired` or `withdrawn`.
    pub state: String,
    /// The registered cluster.
    pub connection: String,
    /// The session that asked first.
    pub session: String,
    /// The requester's issuer.
    pub issuer: String,
    /// The requester's subject.
    pub subject: String,
    /// The requester's kind.
    pub kind: String,
    /// On whose behalf the requester acts.
    pub sponsor: Option<String>,
    /// Other names of the requester.
    pub aliases: Vec<String>,
    /// The session's purpose.
    pub purpose: Option<String>,
    /// The request as a kubectl command, rendered by the gateway.
    pub command: String,
    /// The plugin that wants it approved.
    pub plugin: String,
    /// Its rule.
    pub rule: String,
    /// Its reason.
    pub message: String,
    /// Hash of the canonical request.
    pub request_hash: String,
    /// The target's UID, when it exists.
    pub target_uid: Option<String>,
    /// The target's resourceVersion.
    pub target_version: Option<String>,
    /// `this-version` or `this-object`.
    pub scope: String,
    /// How many people are needed.
    pub needed: i64,
    /// Groups whose members may decide.
    pub groups: Vec<String>,
    /// Subjects who may decide.
    pub subjects: Vec<String>,
    /// Microseconds for which it stays pending, and then again approved.
    pub lifetime: i64,
    /// When it was asked for.
    pub created: i64,
    /// When it expires: while pending unanswered, once approved unused.
    pub expires: i64,
    /// When it was used, denied, expired or withdrawn.
    pub ended: Option<i64>,
    /// Why it was withdrawn.
    pub ended_why: Option<String>,
    /// The record of the request that used it.
    pub used_by: Option<String>,
    /// What people said, in order of time.
    pub decisions: Vec<DecisionRow>,
}

/// What one person said about one approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// The person's issuer.
    pub issuer: String,
    /// The person's subject.
    pub subject: String,
    /// Other names of the person.
    pub aliases: Vec<String>,
    /// Yes or no.
    pub approves: bool,
    /// In the person's words.
    pub comment: Option<String>,
    /// When.
    pub decided: i64,
}

/// What is written when an approval changes.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// The new state.
    pub state: String,
    /// The new expiry.
    pub expires: i64,
    /// When it ended, if it did.
    pub ended: Option<i64>,
    /// Why it was withdrawn.
    pub ended_why: Option<String>,
    /// The record of the request that used it.
    pub used_by: Option<String>,
    /// A decision that led to the change.
    pub decision: Option<DecisionRow>,
    /// Who is to be told.
    pub notifications: Vec<NewNotification>,
}

/// How [`Store::open_approval`] went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// The new one was written.
    Opened,
    /// There is one of the same fingerprint that is pending or approved: this one.
    Open(Box<ApprovalRow>),
}

/// Which approvals to list.
#[derive(Clone, Debug, Default)]
pub struct ApprovalFilter {
    /// Only in this state.
    pub state: Option<String>,
    /// Only of this session.
    pub session: Option<String>,
    /// Only on this connection.
    pub connection: Option<String>,
    /// At most so many, the newest first; 0 means 1,000.
    pub limit: u32,
}

fn read(row: &AnyRow) -> Result<ApprovalRow, StoreError> {
    let columns = Columns::of(TABLE, row);
    Ok(ApprovalRow {
        id: columns.text("id")?,
        fingerprint: columns.text("fingerprint")?,
        state: columns.text("state")?,
        connection: columns.text("connection")?,
        session: columns.text("session")?,
        issuer: columns.text("issuer")?,
        subject: columns.text("subject")?,
        kind: columns.text("kind")?,
        sponsor: columns.maybe_text("sponsor")?,
        aliases: columns.list("alias_names")?,
        purpose: columns.maybe_text("purpose")?,
        command: columns.text("command")?,
        plugin: columns.text("plugin")?,
        rule: columns.text("rule")?,
        message: columns.text("message")?,
        request_hash: columns.text("request_hash")?,
        target_uid: columns.maybe_text("target_uid")?,
        target_version: columns.maybe_text("target_version")?,
        scope: columns.text("scope")?,
        needed: columns.int("needed")?,
        groups: columns.list("group_names")?,
        subjects: columns.list("subject_names")?,
        lifetime: columns.int("lifetime")?,
        created: columns.int("created")?,
        expires: columns.int("expires")?,
        ended: columns.maybe_int("ended")?,
        ended_why: columns.maybe_text("ended_why")?,
        used_by: columns.maybe_text("used_by")?,
        decisions: Vec::new(),
    })
}

fn read_decision(row: &AnyRow) -> Result<DecisionRow, StoreError> {
    let columns = Columns::of(DECISIONS, row);
    Ok(DecisionRow {
        issuer: columns.text("issuer")?,
        subject: columns.text("subject")?,
        aliases: columns.list("alias_names")?,
        approves: columns.flag("approves")?,
        comment: columns.maybe_text("remark")?,
        decided: columns.int("decided")?,
    })
}

const READING: &str = "reading approvals";
const WRITING: &str = "writing an approval";

const SELECT_DECISIONS: &str =
    "SELECT * FROM approval_decisions WHERE approval = $1 ORDER BY decided, issuer, subject";
