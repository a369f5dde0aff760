use sqlx::{Any, Transaction};

use crate::db::Store;
use crate::error::StoreError;
use crate::row::Columns;

const TABLE: &str = "notifications";

/// For how long one can see that a notification was delivered: a week, in microseconds.
const KEPT: i64 = 7 * 24 * 3600 * 1_000_000;

/// Something an approver should be told, by one notifier. It is queued in the transaction of the change that
/// it tells of, so neither is ever without the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotification {
    /// The same for every attempt, and for every notifier that tells of this.
    pub id: String,
    /// The notifier's name in the bundle.
    pub notifier: String,
    /// The approval's id.
    pub approval: String,
    /// `requested`, `approved`, `denied`, `expired`, `used` or `withdrawn`.
    pub occasion: String,
    /// The approval as JSON, as it was at that moment.
    pub body: String,
    /// Where a person answers it.
    pub url: String,
    /// When it happened, in microseconds.
    pub created: i64,
}

/// A queued notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRow {
    /// What to tell.
    pub notification: NewNotification,
    /// How often it was tried.
    pub attempts: u32,
    /// When to try (again), in microseconds.
    pub due: i64,
    /// Why the last attempt failed.
    pub failure: Option<String>,
}

pub(crate) async fn insert_notifications(
    transaction: &mut Transaction<'static, Any>,
    notifications: &[NewNotification],
) -> Result<(), sqlx::Error> {
    for one in notifications {
        sqlx::query(
            "INSERT INTO notifications (id, notifier, approval, occasion, body, url, created, attempts, due, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $7, 'waiting')",
        )
        .bind(&one.id)
        .bind(&one.notifier)
        .bind(&one.approval)
        .bind(&one.occasion)
        .bind(&one.body)
        .bind(&one.url)
        .bind(one.created)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

impl Store {
    /// What is due, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_notifications(&self, now: i64, limit: u32) -> Result<Vec<NotificationRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM notifications WHERE state = 'waiting' AND due <= $1 ORDER BY due, id LIMIT $2",
        )
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(self.reader())
        .await
        .map_err(StoreError::doing("reading notifications"))?;
        rows.iter()
            .map(|row| {
                let columns = Columns::of(TABLE, row);
                Ok(NotificationRow {
                    notification: NewNotification {
                        id: columns.text("id")?,
                        notifier: columns.text("notifier")?,
                        approval: columns.text("approval")?,
                        occasion: columns.text("occasion")?,
                        body: columns.text("body")?,
                        url: columns.text("url")?,
                        created: columns.int("created")?,
                    },
                    attempts: u32::try_from(columns.int("attempts")?)
                        .map_err(|_| StoreError::Unreadable { table: TABLE, column: "attempts" })?,
                    due: columns.int("due")?,
                    failure: columns.maybe_text("failure")?,
                })
            })
            .collect()
    }

    /// When the next one is due, in microseconds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_notification_due(&self) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query("SELECT due FROM notifications WHERE state = 'waiting' ORDER BY due LIMIT 1")
            .fetch_optional(self.reader())
            .await
            .map_err(StoreError::doing("reading notifications"))?;
        row.map(|row| Columns::of(TABLE, &row).int("due")).transpose()
    }

    /// Delivered: it is not tried again.
    ///
    /// # Errors
    /// When the database fails; then it will be sent once more, with the same id.
    pub async fn notification_delivered(&self, id: &str, notifier: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE notifications SET state = 'delivered', attempts = attempts + 1, failure = NULL
             WHERE id = $1 AND notifier = $2",
        )
        .bind(id)
        .bind(notifier)
        .execute(self.writer())
        .await
        .map(|_| ())
        .map_err(StoreError::doing("writing a notification"))
    }

    /// Not delivered: try again at `due`, or never.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notification_failed(
        &self,
        id: &str,
        notifier: &str,
        why: &str,
        due: Option<i64>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE notifications SET attempts = attempts + 1, failure = $3, state = $4, due = $5
             WHERE id = $1 AND notifier = $2 AND state = 'waiting'",
        )
        .bind(id)
        .bind(notifier)
        .bind(why)
        .bind(if due.is_some() { "waiting" } else { "abandoned" })
        .bind(due.unwrap_or(0))
        .execute(self.writer())
        .await
        .map(|_| ())
        .map_err(StoreError::doing("writing a notification"))
    }

    /// Forget notifications of more than a week ago that are delivered or given up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_notifications(&self, now: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM notifications WHERE state <> 'waiting' AND created < $1")
            .bind(now.saturating_sub(KEPT))
            .execute(self.writer())
            .await
            .map(|_| ())
            .map_err(StoreError::doing("forgetting old notifications"))
    }
}
