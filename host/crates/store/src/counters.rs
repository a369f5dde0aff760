//! Counts within windows of time. What counts and what fits is said by `policy`; here they are kept, equal for all replicas.

use std::collections::BTreeMap;

use crate::db::Store;
use crate::error::StoreError;
use crate::row::Columns;

const TABLE: &str = "counters";

/// Which count. In the order in which replicas lock them, so that no two ever wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterName {
    /// The plugin whose count it is.
    pub plugin: String,
    /// What is counted.
    pub key: String,
    /// Seconds that count.
    pub window: u32,
}

/// Numbers of parts of the window, and what was charged in each.
pub type CounterParts = Vec<(i64, u64)>;

impl Store {
    /// Change counts in one transaction: nobody else changes them between `change`'s reading and the write. A count that is not there
    /// has no parts; one whose last change is `window` and an hour ago may be forgotten. Nothing is written when `change` says no.
    ///
    /// # Errors
    /// When the database fails: then nothing was written.
    pub async fn change_counters<T, E>(
        &self,
        now: i64,
        names: impl IntoIterator<Item = CounterName>,
        change: impl FnOnce(&mut BTreeMap<CounterName, CounterParts>) -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        let doing = StoreError::doing("changing counts");
        let mut counts: BTreeMap<CounterName, CounterParts> = names.into_iter().map(|name| (name, CounterParts::new())).collect();
        let mut transaction = self.writing().await.map_err(&doing)?;
        for (name, parts) in &mut counts {
            // Written first, so that the row is there and locked when it is read.
            let row = sqlx::query(
                "INSERT INTO counters (plugin, name, seconds, parts, expires) VALUES ($1, $2, $3, '[]', $4)
                 ON CONFLICT (plugin, name, seconds) DO UPDATE SET expires = excluded.expires
                 RETURNING parts",
            )
            .bind(&name.plugin)
            .bind(&name.key)
            .bind(i64::from(name.window))
            .bind(expires(now, name.window))
            .fetch_one(&mut *transaction)
            .await
            .map_err(&doing)?;
            *parts = read(&Columns::of(TABLE, &row).text("parts")?)?;
        }
        let before = counts.clone();
        let done = match change(&mut counts) {
            Ok(done) => done,
            Err(no) => {
                transaction.rollback().await.map_err(&doing)?;
                return Ok(Err(no));
            }
        };
        for (name, parts) in &counts {
            if before.get(name) == Some(parts) {
                continue;
            }
            sqlx::query("UPDATE counters SET parts = $4 WHERE plugin = $1 AND name = $2 AND seconds = $3")
                .bind(&name.plugin)
                .bind(&name.key)
                .bind(i64::from(name.window))
                .bind(serde_json::json!(parts).to_string())
                .execute(&mut *transaction)
                .await
                .map_err(&doing)?;
        }
        transaction.commit().await.map_err(&doing)?;
        Ok(Ok(done))
    }

    /// The parts of one count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counter(&self, name: &CounterName) -> Result<CounterParts, StoreError> {
        let row = sqlx::query("SELECT parts FROM counters WHERE plugin = $1 AND name = $2 AND seconds = $3")
            .bind(&name.plugin)
            .bind(&name.key)
            .bind(i64::from(name.window))
            .fetch_optional(self.reader())
            .await
            .map_err(StoreError::doing("reading counts"))?;
        row.map_or_else(|| Ok(CounterParts::new()), |row| read(&Columns::of(TABLE, &row).text("parts")?))
    }

    /// Forget counts in whose windows nothing is left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_counters(&self, now: i64) -> Result<u64, StoreError> {
        sqlx::query("DELETE FROM counters WHERE expires < $1")
            .bind(now)
            .execute(self.writer())
            .await
            .map(|done| done.rows_affected())
            .map_err(StoreError::doing("forgetting old counts"))
    }
}

/// A twentieth of the window is counted longer, at most; the hour is for replicas whose clocks differ.
fn expires(now: i64, window: u32) -> i64 {
    let seconds = i64::from(window);
    now.saturating_add((seconds + seconds / 10 + 3600) * 1_000_000)
}

fn read(text: &str) -> Result<CounterParts, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable { table: TABLE, column: "parts" })
}
