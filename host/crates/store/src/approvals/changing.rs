//! Opening and changing approvals, each change in one transaction.

use sqlx::{Any, Transaction};

use super::{ApprovalRow, Changed, DecisionRow, OpenOutcome, READING, SELECT_DECISIONS, WRITING, read, read_decision};
use crate::changes::Change;
use crate::db::Store;
use crate::error::StoreError;
use crate::notifications::{NewNotification, insert_notifications};
use crate::row::list_text;

/// How long an approval is kept after its end; the ledger has its story for ever. Longer than the longest that a no stands (30
/// days), so that pruning never lets anybody ask again sooner.
const KEPT: i64 = 90 * 24 * 3600 * 1_000_000;

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

    /// Forget approvals that ended more than 90 days ago.
    ///
    /// # Errors
    /// When the database fails; then none is forgotten.
    pub async fn prune_approvals(&self, now: i64) -> Result<(), StoreError> {
        let doing = StoreError::doing("forgetting old approvals");
        let before = now.saturating_sub(KEPT);
        let mut transaction = self.writing().await.map_err(&doing)?;
        sqlx::query("DELETE FROM approval_decisions WHERE approval IN (SELECT id FROM approvals WHERE ended < $1)")
            .bind(before)
            .execute(&mut *transaction)
            .await
            .map_err(&doing)?;
        sqlx::query("DELETE FROM approvals WHERE ended < $1")
            .bind(before)
            .execute(&mut *transaction)
            .await
            .map_err(&doing)?;
        transaction.commit().await.map_err(&doing)
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
