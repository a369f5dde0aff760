use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use crate::changes::Change;
use crate::db::Store;
use crate::error::StoreError;
use crate::notifications::{NewNotification, insert_notifications};
use crate::row::{Columns, list_text};

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

impl Store {
    /// Keep a new approval and tell of it, unless one of the same fingerprint is pending or approved already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_approval(
        &self,
        approval: &ApprovalRow,
        notifications: &[NewNotification],
    ) -> Result<OpenOutcome, StoreError> {
        let doing = StoreError::doing(WRITING);
        // Twice: the one that was in the way may end before it is read.
        for _ in 0..2 {
            let mut transaction = self.writing().await.map_err(&doing)?;
            let inserted = insert(&mut transaction, approval).await.map_err(&doing)?;
            if inserted {
                insert_notifications(&mut transaction, notifications).await.map_err(&doing)?;
                transaction.commit().await.map_err(&doing)?;
                self.announce(Change::Approval(approval.id.clone()));
                if !notifications.is_empty() {
                    self.announce(Change::Notifications);
                }
                return Ok(OpenOutcome::Opened);
            }
            let found = sqlx::query(
                "SELECT * FROM approvals WHERE fingerprint = $1 AND state IN ('pending', 'approved')",
            )
            .bind(&approval.fingerprint)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(&doing)?;
            if let Some(row) = found {
                let mut open = read(&row)?;
                open.decisions = decisions(&mut transaction, &open.id).await?;
                return Ok(OpenOutcome::Open(Box::new(open)));
            }
        }
        Err(StoreError::Missing { what: "approval", id: approval.id.clone() })
    }

    /// The approval of this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approval(&self, id: &str) -> Result<Option<ApprovalRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM approvals WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await
            .map_err(StoreError::doing(READING))?;
        self.with_decisions(row).await
    }

    /// The newest approval of this fingerprint, in whatever state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn latest_approval(&self, fingerprint: &str) -> Result<Option<ApprovalRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM approvals WHERE fingerprint = $1 ORDER BY created DESC, id LIMIT 1")
            .bind(fingerprint)
            .fetch_optional(self.reader())
            .await
            .map_err(StoreError::doing(READING))?;
        self.with_decisions(row).await
    }

    async fn with_decisions(&self, row: Option<AnyRow>) -> Result<Option<ApprovalRow>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let mut approval = read(&row)?;
        let rows = sqlx::query(SELECT_DECISIONS)
            .bind(&approval.id)
            .fetch_all(self.reader())
            .await
            .map_err(StoreError::doing(READING))?;
        approval.decisions = rows.iter().map(read_decision).collect::<Result<_, _>>()?;
        Ok(Some(approval))
    }

    /// Approvals with their decisions, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_approvals(&self, filter: &ApprovalFilter) -> Result<Vec<ApprovalRow>, StoreError> {
        let doing = StoreError::doing(READING);
        let limit = if filter.limit == 0 { 1000 } else { i64::from(filter.limit) };
        let rows = sqlx::query(
            "SELECT * FROM approvals
             WHERE ($1 = '' OR state = $1)
               AND ($2 = '' OR session = $2)
               AND ($3 = '' OR connection = $3)
             ORDER BY created DESC, id LIMIT $4",
        )
        .bind(filter.state.clone().unwrap_or_default())
        .bind(filter.session.clone().unwrap_or_default())
        .bind(filter.connection.clone().unwrap_or_default())
        .bind(limit)
        .fetch_all(self.reader())
        .await
        .map_err(&doing)?;
        let mut approvals = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        for approval in &mut approvals {
            let rows = sqlx::query(SELECT_DECISIONS)
                .bind(&approval.id)
                .fetch_all(self.reader())
                .await
                .map_err(&doing)?;
            approval.decisions = rows.iter().map(read_decision).collect::<Result<_, _>>()?;
        }
        Ok(approvals)
    }

    /// How many approvals of this requester are pending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_pending_approvals(&self, issuer: &str, subject: &str) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS waiting FROM approvals WHERE state = 'pending' AND issuer = $1 AND subject = $2",
        )
        .bind(issuer)
        .bind(subject)
        .fetch_one(self.reader())
        .await
        .map_err(StoreError::doing(READING))?;
        u64::try_from(Columns::of(TABLE, &row).int("waiting")?)
            .map_err(|_| StoreError::Unreadable { table: TABLE, column: "waiting" })
    }

    /// Sessions that were revoked though approvals that they asked for are still pending or approved.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoked_sessions_with_open_approvals(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT approvals.session AS session FROM approvals
             JOIN sessions ON sessions.id = approvals.session
             WHERE approvals.state IN ('pending', 'approved') AND sessions.ended_why = 'revoked'",
        )
        .fetch_all(self.reader())
        .await
        .map_err(StoreError::doing(READING))?;
        rows.iter().map(|row| Columns::of(TABLE, row).text("session")).collect()
    }

    /// Ids of approvals that are pending or approved though their time is over, at most 500.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn overdue_approvals(&self, now: i64) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM approvals WHERE state IN ('pending', 'approved') AND expires <= $1
             ORDER BY expires LIMIT 500",
        )
        .bind(now)
        .fetch_all(self.reader())
        .await
        .map_err(StoreError::doing(READING))?;
        rows.iter().map(|row| Columns::of(TABLE, row).text("id")).collect()
    }

    /// Read an approval, let `decide` say what becomes of it, and write that, with nobody able to change it in
    /// between. What `decide` refuses is handed back, and nothing is written. The change is on
    /// disk when this returns: an approval that was used once is used, whatever happens next.
    ///
    /// # Errors
    /// When the database fails, or there is no such approval.
    pub async fn change_approval<E>(
        &self,
        id: &str,
        decide: impl FnOnce(&ApprovalRow) -> Result<Changed, E> + Send,
    ) -> Result<Result<ApprovalRow, E>, StoreError>
    where
        E: Send,
    {
        let doing = StoreError::doing(WRITING);
        let mut transaction = self.writing().await.map_err(&doing)?;
        // On PostgreSQL this takes the row's lock (SQLite has the database's already), so that what is read next
        // stays true until the commit. `FOR UPDATE` would say it, but SQLite does not know it.
        let locked = sqlx::query("UPDATE approvals SET id = id WHERE id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map_err(&doing)?;
        if locked.rows_affected() == 0 {
            return Err(StoreError::Missing { what: "approval", id: id.to_owned() });
        }
        let row = sqlx::query("SELECT * FROM approvals WHERE id = $1")
            .bind(id)
            .fetch_one(&mut *transaction)
            .await
            .map_err(&doing)?;
        let mut approval = read(&row)?;
        approval.decisions = decisions(&mut transaction, id).await?;
        let changed = match decide(&approval) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Err(refused)),
        };
        write(&mut transaction, &approval, &changed).await?;
        insert_notifications(&mut transaction, &changed.notifications).await.map_err(&doing)?;
        transaction.commit().await.map_err(&doing)?;

        self.announce(Change::Approval(id.to_owned()));
        if !changed.notifications.is_empty() {
            self.announce(Change::Notifications);
        }
        approval.state = changed.state;
        approval.expires = changed.expires;
        approval.ended = changed.ended;
        approval.ended_why = changed.ended_why;
        approval.used_by = changed.used_by;
        approval.decisions.extend(changed.decision);
        Ok(Ok(approval))
    }
}

async fn decisions(transaction: &mut Transaction<'static, Any>, id: &str) -> Result<Vec<DecisionRow>, StoreError> {
    let rows = sqlx::query(SELECT_DECISIONS)
        .bind(id)
        .fetch_all(&mut **transaction)
        .await
        .map_err(StoreError::doing(READING))?;
    rows.iter().map(read_decision).collect()
}

/// The state in which it was read is a condition of the write as well: should the lock above ever
/// be lost, two callers still cannot both use one grant.
async fn write(
    transaction: &mut Transaction<'static, Any>,
    approval: &ApprovalRow,
    changed: &Changed,
) -> Result<(), StoreError> {
    let doing = StoreError::doing(WRITING);
    let done = sqlx::query(
        "UPDATE approvals SET state = $3, expires = $4, ended = $5, ended_why = $6, used_by = $7
         WHERE id = $1 AND state = $2",
    )
    .bind(&approval.id)
    .bind(&approval.state)
    .bind(&changed.state)
    .bind(changed.expires)
    .bind(changed.ended)
    .bind(changed.ended_why.clone())
    .bind(changed.used_by.clone())
    .execute(&mut **transaction)
    .await
    .map_err(&doing)?;
    if done.rows_affected() != 1 {
        return Err(StoreError::Missing { what: "approval", id: approval.id.clone() });
    }
    if let Some(decision) = &changed.decision {
        sqlx::query(
            "INSERT INTO approval_decisions (approval, issuer, subject, alias_names, approves, remark, decided)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&approval.id)
        .bind(&decision.issuer)
        .bind(&decision.subject)
        .bind(list_text(&decision.aliases))
        .bind(i64::from(decision.approves))
        .bind(decision.comment.clone())
        .bind(decision.decided)
        .execute(&mut **transaction)
        .await
        .map_err(&doing)?;
    }
    Ok(())
}

async fn insert(transaction: &mut Transaction<'static, Any>, approval: &ApprovalRow) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO approvals (id, fingerprint, state, connection, session, issuer, subject, kind, sponsor,
             alias_names, purpose, command, plugin, rule, message, request_hash, target_uid, target_version,
             scope, needed, group_names, subject_names, lifetime, created, expires, ended, ended_why, used_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
             $21, $22, $23, $24, $25, $26, $27, $28)
         ON CONFLICT DO NOTHING",
    )
    .bind(&approval.id)
    .bind(&approval.fingerprint)
    .bind(&approval.state)
    .bind(&approval.connection)
    .bind(&approval.session)
    .bind(&approval.issuer)
    .bind(&approval.subject)
    .bind(&approval.kind)
    .bind(approval.sponsor.clone())
    .bind(list_text(&approval.aliases))
    .bind(approval.purpose.clone())
    .bind(&approval.command)
    .bind(&approval.plugin)
    .bind(&approval.rule)
    .bind(&approval.message)
    .bind(&approval.request_hash)
    .bind(approval.target_uid.clone())
    .bind(approval.target_version.clone())
    .bind(&approval.scope)
    .bind(approval.needed)
    .bind(list_text(&approval.groups))
    .bind(list_text(&approval.subjects))
    .bind(approval.lifetime)
    .bind(approval.created)
    .bind(approval.expires)
    .bind(approval.ended)
    .bind(approval.ended_why.clone())
    .bind(approval.used_by.clone())
    .execute(&mut **transaction)
    .await?;
    Ok(done.rows_affected() == 1)
}
