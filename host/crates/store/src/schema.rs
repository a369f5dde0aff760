//! The schema, and how a database is brought up to it.
//!
//! Rules for a migration: the common subset of SQLite and PostgreSQL only (`TEXT`, `BIGINT`, `$1`
//! parameters, partial indexes, `ON CONFLICT`); never edit one that was released, add the next.

use sqlx::Row;

use crate::db::{Dialect, Store};
use crate::error::StoreError;

/// Any number that nothing else in a shared PostgreSQL database is likely to use: "portcull" in ASCII.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(8102082667310706796)";

/// Version n is at index n - 1.
const MIGRATIONS: &[&[&str]] = &[&[
    "CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        token_hash TEXT UNIQUE,
        implicit_key TEXT,
        connection TEXT NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        kind TEXT NOT NULL,
        sponsor TEXT,
        group_names TEXT NOT NULL,
        alias_names TEXT NOT NULL,
        purpose TEXT,
        opened BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        idle BIGINT NOT NULL,
        request_limit BIGINT,
        requests BIGINT NOT NULL,
        last_used BIGINT NOT NULL,
        ended BIGINT,
        ended_why TEXT,
        ended_by TEXT
    )",
    // One live session for each caller that comes with an issuer's token directly.
    "CREATE UNIQUE INDEX sessions_implicit ON sessions (implicit_key) WHERE ended IS NULL",
    "CREATE INDEX sessions_live ON sessions (opened) WHERE ended IS NULL",
    "CREATE INDEX sessions_identity ON sessions (issuer, subject, connection)",
    "CREATE TABLE approvals (
        id TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL,
        connection TEXT NOT NULL,
        session TEXT NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        kind TEXT NOT NULL,
        sponsor TEXT,
        alias_names TEXT NOT NULL,
        purpose TEXT,
        command TEXT NOT NULL,
        plugin TEXT NOT NULL,
        rule TEXT NOT NULL,
        message TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        target_uid TEXT,
        target_version TEXT,
        scope TEXT NOT NULL,
        needed BIGINT NOT NULL,
        group_names TEXT NOT NULL,
        subject_names TEXT NOT NULL,
        lifetime BIGINT NOT NULL,
        created BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        ended BIGINT,
        ended_why TEXT,
        used_by TEXT
    )",
    // Asking twice for the same thing is asking once.
    "CREATE UNIQUE INDEX approvals_open ON approvals (fingerprint) WHERE state IN ('pending', 'approved')",
    "CREATE INDEX approvals_fingerprint ON approvals (fingerprint, created)",
    "CREATE INDEX approvals_expiring ON approvals (expires) WHERE state IN ('pending', 'approved')",
    "CREATE INDEX approvals_created ON approvals (created)",
    "CREATE TABLE approval_decisions (
        approval TEXT NOT NULL REFERENCES approvals (id),
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        alias_names TEXT NOT NULL,
        approves BIGINT NOT NULL,
        remark TEXT,
        decided BIGINT NOT NULL,
        PRIMARY KEY (approval, issuer, subject)
    )",
    "CREATE TABLE notifications (
        id TEXT NOT NULL,
        notifier TEXT NOT NULL,
        approval TEXT NOT NULL,
        occasion TEXT NOT NULL,
        body TEXT NOT NULL,
        url TEXT NOT NULL,
        created BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        due BIGINT NOT NULL,
        state TEXT NOT NULL,
        failure TEXT,
        PRIMARY KEY (id, notifier)
    )",
    "CREATE INDEX notifications_due ON notifications (due) WHERE state = 'waiting'",
    "CREATE TABLE sink_positions (
        sink TEXT PRIMARY KEY,
        position BIGINT NOT NULL,
        updated BIGINT NOT NULL,
        stopped TEXT
    )",
    "CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        content TEXT NOT NULL
    )",
], &[
    // `parts` is JSON: read and written whole, never asked about in SQL.
    "CREATE TABLE counters (
        plugin TEXT NOT NULL,
        name TEXT NOT NULL,
        seconds BIGINT NOT NULL,
        parts TEXT NOT NULL,
        expires BIGINT NOT NULL,
        PRIMARY KEY (plugin, name, seconds)
    )",
    "CREATE INDEX counters_expires ON counters (expires)",
]];

/// Bring the database up to the last version, in one transaction; of several replicas that start at
/// once one does it.
pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    migrate_to(store, MIGRATIONS).await
}

async fn migrate_to(store: &Store, migrations: &[&'static [&'static str]]) -> Result<(), StoreError> {
    let doing = StoreError::doing("bringing its schema up to date");
    let mut transaction = store.writing().await.map_err(&doing)?;
    if store.dialect() == Dialect::Postgres {
        sqlx::query(ADVISORY_LOCK).execute(&mut *transaction).await.map_err(&doing)?;
    }
    sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
    let found: i64 = match sqlx::query("SELECT version FROM schema_version")
        .fetch_optional(&mut *transaction)
        .await
        .map_err(&doing)?
    {
        Some(row) => {
            row.try_get(0).map_err(|_| StoreError::Unreadable { table: "schema_version", column: "version" })?
        }
        None => {
            sqlx::query("INSERT INTO schema_version (version) VALUES (0)")
                .execute(&mut *transaction)
                .await
                .map_err(&doing)?;
            0
        }
    };
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for statements in migrations.iter().skip(usize::try_from(found).unwrap_or(0)) {
        for statement in *statements {
            sqlx::query(*statement).execute(&mut *transaction).await.map_err(&doing)?;
        }
    }
    sqlx::query("UPDATE schema_version SET version = $1")
        .bind(known)
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
    transaction.commit().await.map_err(&doing)
}

#[cfg(test)]
mod tests;
