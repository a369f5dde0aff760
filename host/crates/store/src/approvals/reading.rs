//! Looking approvals up.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::{ApprovalFilter, ApprovalRow, DECISIONS, DecisionRow, READING, SELECT_DECISIONS, TABLE, read, read_decision};
use crate::db::Store;
use crate::error::StoreError;
use crate::row::Columns;

/// Which approvals a filter selects. A macro, because a statement must be one literal.
macro_rules! matching {
    () => {
        " WHERE ($1 = '' OR state = $1) AND ($2 = '' OR session = $2) AND ($3 = '' OR connection = $3)
          ORDER BY created DESC, id LIMIT $4"
    };
}

impl Store {
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
        let rows = sqlx::query(concat!("SELECT * FROM approvals", matching!()))
            .bind(filter.state.clone().unwrap_or_default())
            .bind(filter.session.clone().unwrap_or_default())
            .bind(filter.connection.clone().unwrap_or_default())
            .bind(limit)
            .fetch_all(self.reader())
            .await
            .map_err(&doing)?;
        let mut approvals = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        // One more question for all, not one for each. What was decided between the two questions may be shown beside
        // the state before it, for the blink of a listing.
        let rows = sqlx::query(concat!(
            "SELECT * FROM approval_decisions WHERE approval IN (SELECT id FROM approvals",
            matching!(),
            ") ORDER BY decided, issuer, subject"
        ))
        .bind(filter.state.clone().unwrap_or_default())
        .bind(filter.session.clone().unwrap_or_default())
        .bind(filter.connection.clone().unwrap_or_default())
        .bind(limit)
        .fetch_all(self.reader())
        .await
        .map_err(&doing)?;
        let mut by_approval: HashMap<String, Vec<DecisionRow>> = HashMap::new();
        for row in &rows {
            let approval = Columns::of(DECISIONS, row).text("approval")?;
            by_approval.entry(approval).or_default().push(read_decision(row)?);
        }
        for approval in &mut approvals {
            approval.decisions = by_approval.remove(&approval.id).unwrap_or_default();
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
}
