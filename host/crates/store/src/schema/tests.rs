use sqlx::Row;

use super::*;
use crate::db::Location;

async fn fresh() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("state.db"))).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn each_migration_runs_once() {
    let (_folder, store) = fresh().await;
    const LATER: &[&[&str]] = &[MIGRATIONS[0], MIGRATIONS[1], &["CREATE TABLE later (a BIGINT)"]];
    migrate_to(&store, LATER).await.unwrap();
    migrate_to(&store, LATER).await.unwrap();
    // Tables in use are those of the first release still.
    store.set_setting("a", "b").await.unwrap();
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing_behind() {
    let (_folder, store) = fresh().await;
    const BROKEN: &[&[&str]] = &[MIGRATIONS[0], MIGRATIONS[1], &["CREATE TABLE half (a BIGINT)", "CREATE NONSENSE"]];
    assert!(matches!(migrate_to(&store, BROKEN).await, Err(StoreError::Database { .. })));
    migrate_to(&store, MIGRATIONS).await.unwrap();
    assert!(sqlx::query("SELECT * FROM half").execute(store.reader()).await.is_err());
}

#[tokio::test]
async fn a_later_release_is_left_alone() {
    let (_folder, store) = fresh().await;
    sqlx::query("UPDATE schema_version SET version = 99").execute(store.writer()).await.unwrap();
    let error = migrate(&store).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the state database has schema 99, this release knows up to {}; run the release that wrote it", MIGRATIONS.len())
    );
}

#[tokio::test]
async fn a_commit_is_on_disk() {
    let (_folder, store) = fresh().await;
    for (pragma, expected) in [("PRAGMA synchronous", "2"), ("PRAGMA journal_mode", "wal"), ("PRAGMA foreign_keys", "1")] {
        let row = sqlx::query(pragma).fetch_one(store.writer()).await.unwrap();
        let value = row.try_get::<String, _>(0).unwrap_or_else(|_| row.try_get::<i64, _>(0).unwrap().to_string());
        assert_eq!(value, expected, "{pragma}");
    }
    assert!(sqlx::query("DELETE FROM settings").execute(store.reader()).await.is_err(), "a reader can write");
}
