use sqlx::any::AnyRow;

use crate::changes::Change;
use crate::db::Store;
use crate::error::StoreError;
use crate::row::{Columns, list_text};

const TABLE: &str = "sessions";

/// How long a session is kept after its end: 90 days, in microseconds.
const KEPT: i64 = 90 * 24 * 3600 * 1_000_000;

/// A session as it is kept. Times and durations in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// What people call it.
    pub id: String,
    /// SHA-256 of its token, in hex; nothing when the caller comes with an issuer's token directly.
    pub token_hash: Option<String>,
    /// Names the caller and connection of a session without a token of its own; unique while it lives.
    pub implicit_key: Option<String>,
    /// The registered cluster.
    pub connection: String,
    /// The identity's issuer.
    pub issuer: String,
    /// The identity's subject.
    pub subject: String,
    /// `human`, `agent` or `workload`.
    pub kind: String,
    /// The human on whose behalf an agent acts.
    pub sponsor: Option<String>,
    /// The identity's groups when the session was opened.
    pub groups: Vec<String>,
    /// Other names of the same identity (e-mail address, user name).
    pub aliases: Vec<String>,
    /// Free text.
    pub purpose: Option<String>,
    /// When it was opened.
    pub opened: i64,
    /// When it ends, whatever happens.
    pub expires: i64,
    /// How long it may go unused.
    pub idle: i64,
    /// How many requests it may make, when limited.
    pub request_limit: Option<i64>,
    /// How many it has made.
    pub requests: i64,
    /// When it was last used.
    pub last_used: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// Why: `expired`, `idle`, `revoked`, `finished`.
    pub ended_why: Option<String>,
    /// Who ended it, when somebody did.
    pub ended_by: Option<String>,
}

/// What is to be remembered about the use of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUse {
    /// Which session.
    pub id: String,
    /// How many requests it has made in all.
    pub requests: i64,
    /// When it was last used, in microseconds.
    pub last_used: i64,
}

/// Which sessions to list.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// Only those that have not ended.
    pub live: bool,
    /// Only on this connection.
    pub connection: Option<String>,
    /// Only of this subject.
    pub subject: Option<String>,
    /// At most so many, the newest first; 0 means 1,000.
    pub limit: u32,
}

fn read(row: &AnyRow) -> Result<SessionRow, StoreError> {
    let columns = Columns::of(TABLE, row);
    Ok(SessionRow {
        id: columns.text("id")?,
        token_hash: columns.maybe_text("token_hash")?,
        implicit_key: columns.maybe_text("implicit_key")?,
        connection: columns.text("connection")?,
        issuer: columns.text("issuer")?,
        subject: columns.text("subject")?,
        kind: columns.text("kind")?,
        sponsor: columns.maybe_text("sponsor")?,
        groups: columns.list("group_names")?,
        aliases: columns.list("alias_names")?,
        purpose: columns.maybe_text("purpose")?,
        opened: columns.int("opened")?,
        expires: columns.int("expires")?,
        idle: columns.int("idle")?,
        request_limit: columns.maybe_int("request_limit")?,
        requests: columns.int("requests")?,
        last_used: columns.int("last_used")?,
        ended: columns.maybe_int("ended")?,
        ended_why: columns.maybe_text("ended_why")?,
        ended_by: columns.maybe_text("ended_by")?,
    })
}

fn read_all(rows: &[AnyRow]) -> Result<Vec<SessionRow>, StoreError> {
    rows.iter().map(read).collect()
}

impl Store {
    /// Keep a new session. False when there already is a live one of the same `implicit_key`: then nothing
    /// was written, and the caller takes that one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_session(&self, session: &SessionRow) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO sessions (id, token_hash, implicit_key, connection, issuer, subject, kind, sponsor,
                 group_names, alias_names, purpose, opened, expires, idle, request_limit, requests, last_used,
                 ended, ended_why, ended_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
             ON CONFLICT DO NOTHING",
        )
        .bind(&session.id)
        .bind(session.token_hash.clone())
        .bind(session.implicit_key.clone())
        .bind(&session.connection)
        .bind(&session.issuer)
        .bind(&session.subject)
        .bind(&session.kind)
        .bind(session.sponsor.clone())
        .bind(list_text(&session.groups))
        .bind(list_text(&session.aliases))
        .bind(session.purpose.clone())
        .bind(session.opened)
        .bind(session.expires)
        .bind(session.idle)
        .bind(session.request_limit)
        .bind(session.requests)
        .bind(session.last_used)
        .bind(session.ended)
        .bind(session.ended_why.clone())
        .bind(session.ended_by.clone())
        .execute(self.writer())
        .await
        .map_err(StoreError::doing("opening a session"))?;
        let inserted = done.rows_affected() == 1;
        if inserted {
            self.announce(Change::Session(session.id.clone()));
        }
        Ok(inserted)
    }

    /// The session of this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, id: &str) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM sessions WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await
            .map_err(StoreError::doing("reading a session"))?;
        row.as_ref().map(read).transpose()
    }

    /// The session whose token has this SHA-256, live or ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_by_token_hash(&self, hash: &str) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM sessions WHERE token_hash = $1")
            .bind(hash)
            .fetch_optional(self.reader())
            .await
            .map_err(StoreError::doing("reading a session"))?;
        row.as_ref().map(read).transpose()
    }

    /// The live session of this `implicit_key`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live_implicit_session(&self, key: &str) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM sessions WHERE implicit_key = $1 AND ended IS NULL")
            .bind(key)
            .fetch_optional(self.writer())
            .await
            .map_err(StoreError::doing("reading a session"))?;
        row.as_ref().map(read).transpose()
    }

    /// Every session that has not ended, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM sessions WHERE ended IS NULL ORDER BY opened")
            .fetch_all(self.reader())
            .await
            .map_err(StoreError::doing("reading sessions"))?;
        read_all(&rows)
    }

    /// For each caller without a session token whose session was revoked: issuer, subject, connection and
    /// the last time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn implicit_revocations(&self) -> Result<Vec<(String, String, String, i64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT issuer, subject, connection, MAX(ended) AS ended FROM sessions
             WHERE implicit_key IS NOT NULL AND ended_why = 'revoked'
             GROUP BY issuer, subject, connection",
        )
        .fetch_all(self.reader())
        .await
        .map_err(StoreError::doing("reading sessions"))?;
        rows.iter()
            .map(|row| {
                let columns = Columns::of(TABLE, row);
                Ok((columns.text("issuer")?, columns.text("subject")?, columns.text("connection")?, columns.int("ended")?))
            })
            .collect()
    }

    /// Sessions, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_sessions(&self, filter: &SessionFilter) -> Result<Vec<SessionRow>, StoreError> {
        let limit = if filter.limit == 0 { 1000 } else { i64::from(filter.limit) };
        let rows = sqlx::query(
            "SELECT * FROM sessions
             WHERE ($1 = 0 OR ended IS NULL)
               AND ($2 = '' OR connection = $2)
               AND ($3 = '' OR subject = $3)
             ORDER BY opened DESC, id LIMIT $4",
        )
        .bind(i64::from(filter.live))
        .bind(filter.connection.clone().unwrap_or_default())
        .bind(filter.subject.clone().unwrap_or_default())
        .bind(limit)
        .fetch_all(self.reader())
        .await
        .map_err(StoreError::doing("reading sessions"))?;
        read_all(&rows)
    }

    /// Remember that a session has ended. False when it had ended before (or never was): the first reason
    /// stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(&self, id: &str, at: i64, why: &str, by: Option<&str>) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE sessions SET ended = $2, ended_why = $3, ended_by = $4 WHERE id = $1 AND ended IS NULL",
        )
        .bind(id)
        .bind(at)
        .bind(why)
        .bind(by.map(str::to_owned))
        .execute(self.writer())
        .await
        .map_err(StoreError::doing("ending a session"))?;
        let ended = done.rows_affected() == 1;
        if ended {
            self.announce(Change::Session(id.to_owned()));
        }
        Ok(ended)
    }

    /// Remember how sessions were used, all in one transaction. Counts and times never go back.
    ///
    /// # Errors
    /// When the database fails; then none is remembered.
    pub async fn record_session_use(&self, uses: &[SessionUse]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let doing = StoreError::doing("remembering the use of sessions");
        let mut transaction = self.writing().await.map_err(&doing)?;
        for one in uses {
            sqlx::query(
                "UPDATE sessions
                 SET requests = CASE WHEN requests < $2 THEN $2 ELSE requests END,
                     last_used = CASE WHEN last_used < $3 THEN $3 ELSE last_used END
                 WHERE id = $1",
            )
            .bind(&one.id)
            .bind(one.requests)
            .bind(one.last_used)
            .execute(&mut *transaction)
            .await
            .map_err(&doing)?;
        }
        transaction.commit().await.map_err(&doing)
    }

    /// Forget sessions that ended more than 90 days ago; the ledger has their story for ever. What makes older tokens of a
    /// revoked caller worthless is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_sessions(&self, now: i64) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM sessions WHERE ended < $1 AND NOT (implicit_key IS NOT NULL AND ended_why = 'revoked')",
        )
        .bind(now.saturating_sub(KEPT))
        .execute(self.writer())
        .await
        .map(|_| ())
        .map_err(StoreError::doing("forgetting old sessions"))
    }
}
