//! Each case runs on SQLite in a file, and on PostgreSQL where there is one: one dialect means one behaviour.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::testing::Postgres;
use crate::*;

fn sqlite(folder: &TempDir) -> Location {
    Location::Sqlite(folder.path().join("state.db"))
}

async fn on_sqlite() -> (TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&sqlite(&folder)).await.unwrap());
    (folder, store)
}

/// A case for both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite_does {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let (_folder, store) = super::on_sqlite().await;
                super::$name(&store).await;
            })*
        }

        /// One server for all cases, because starting one takes a second; each case has its own names in it.
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn postgres_does_the_same() {
            let Some(server) = Postgres::start() else { return };
            let store = Arc::new(Store::open(&server.location()).await.unwrap());
            $($name(&store).await;)*
            store.close().await;
        }
    };
}

on_both!(
    secrets_stay,
    numbers_are_given_once,
    settings_are_overwritten,
    sinks_never_go_back,
    sessions_come_back_as_they_were,
    a_session_ends_once,
    an_implicit_session_is_one,
    use_never_goes_back,
    asking_twice_is_asking_once,
    a_change_is_made_by_one_of_many,
    a_refused_change_writes_nothing,
    a_decision_comes_with_its_approval,
    approvals_are_counted_and_found,
    a_revoked_session_shows_its_open_approvals,
    notifications_are_kept_until_delivered,
    an_aborted_writer_blocks_nobody,
    what_is_long_over_is_forgotten,
    counts_are_changed_by_one_at_a_time,
    a_no_changes_no_count,
    old_counts_are_forgotten,
);

fn session(id: &str) -> SessionRow {
    SessionRow {
        id: id.to_owned(),
        token_hash: Some(format!("hash-of-{id}")),
        implicit_key: None,
        connection: "staging".into(),
        issuer: "https://issuer.example".into(),
        subject: format!("subject-of-{id}"),
        kind: "agent".into(),
        sponsor: Some("bob".into()),
        groups: vec!["a \"quoted\" one".into(), "ünïcode".into()],
        aliases: vec![],
        purpose: None,
        opened: 1_000_000,
        expires: 2_000_000,
        idle: 500_000,
        request_limit: None,
        requests: 0,
        last_used: 1_000_000,
        ended: None,
        ended_why: None,
        ended_by: None,
    }
}

fn approval(id: &str) -> ApprovalRow {
    ApprovalRow {
        id: id.to_owned(),
        fingerprint: format!("fingerprint-of-{id}"),
        state: "pending".into(),
        connection: "staging".into(),
        session: format!("session-of-{id}"),
        issuer: "https://issuer.example".into(),
        subject: format!("subject-of-{id}"),
        kind: "agent".into(),
        sponsor: None,
        aliases: vec!["devin@example.com".into()],
        purpose: Some("fix the shop".into()),
        command: "kubectl delete deployment web".into(),
        plugin: "deny-list".into(),
        rule: "deletes".into(),
        message: "deletes need approval".into(),
        request_hash: "sha256:1".into(),
        target_uid: Some("uid".into()),
        target_version: None,
        scope: "this-object".into(),
        needed: 2,
        groups: vec!["approvers".into()],
        subjects: vec![],
        lifetime: 1_000,
        created: 10,
        expires: 1_010,
        ended: None,
        ended_why: None,
        used_by: None,
        decisions: vec![],
    }
}

fn notification(id: &str, notifier: &str) -> NewNotification {
    NewNotification {
        id: id.into(),
        notifier: notifier.into(),
        approval: "a".into(),
        occasion: "requested".into(),
        body: "{}".into(),
        url: "https://gateway.example".into(),
        created: 5,
    }
}

fn to(state: &str) -> Changed {
    Changed { state: state.into(), expires: 99, ..Changed::default() }
}

async fn secrets_stay(store: &Arc<Store>) {
    let first = store.secret("key", 32).await.unwrap();
    assert_eq!(first.len(), 32);
    assert_ne!(first, vec![0; 32]);
    assert_eq!(store.secret("key", 32).await.unwrap(), first);
    assert_ne!(store.secret("another", 32).await.unwrap(), first);
    assert!(matches!(store.secret("key", 16).await, Err(StoreError::Unreadable { .. })));
}

async fn numbers_are_given_once(store: &Arc<Store>) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let store = store.clone();
        tasks.spawn(async move { store.next_number("generation").await.unwrap() });
    }
    let numbers: HashSet<u64> = tasks.join_all().await.into_iter().collect();
    assert_eq!(numbers, (1..=40).collect());
}

async fn settings_are_overwritten(store: &Arc<Store>) {
    assert_eq!(store.setting("s").await.unwrap(), None);
    store.set_setting("s", "one").await.unwrap();
    store.set_setting("s", "two").await.unwrap();
    assert_eq!(store.setting("s").await.unwrap().as_deref(), Some("two"));
}

async fn sinks_never_go_back(store: &Arc<Store>) {
    assert_eq!(store.sink_position("webhook").await.unwrap(), None);
    store.advance_sink("webhook", 10).await.unwrap();
    store.advance_sink("webhook", 7).await.unwrap();
    assert_eq!(store.sink_position("webhook").await.unwrap().unwrap().position, 10);
    store.stop_sink("webhook", 10, "it answers 401").await.unwrap();
    let stopped = store.sink_position("webhook").await.unwrap().unwrap();
    assert_eq!((stopped.position, stopped.stopped.as_deref()), (10, Some("it answers 401")));
    store.advance_sink("webhook", 11).await.unwrap();
    assert_eq!(store.sink_position("webhook").await.unwrap().unwrap().stopped, None);
}

async fn sessions_come_back_as_they_were(store: &Arc<Store>) {
    let full = SessionRow {
        purpose: Some("a purpose".into()),
        request_limit: Some(7),
        aliases: vec!["bot@example.com".into()],
        ..session("back")
    };
    assert!(store.insert_session(&full).await.unwrap());
    assert!(!store.insert_session(&full).await.unwrap());
    assert_eq!(store.session("back").await.unwrap(), Some(full.clone()));
    assert_eq!(store.session_by_token_hash("hash-of-back").await.unwrap(), Some(full.clone()));
    assert!(store.live_sessions().await.unwrap().contains(&full));
    assert_eq!(store.session("nobody").await.unwrap(), None);
    let found = SessionFilter { subject: Some("subject-of-back".into()), ..SessionFilter::default() };
    assert_eq!(store.list_sessions(&found).await.unwrap(), vec![full]);
    let not_found = SessionFilter { connection: Some("' OR 1=1 --".into()), ..SessionFilter::default() };
    assert_eq!(store.list_sessions(&not_found).await.unwrap(), vec![]);
}

async fn a_session_ends_once(store: &Arc<Store>) {
    store.insert_session(&session("ends")).await.unwrap();
    let mut changes = store.changes();
    assert!(store.end_session("ends", 7, "revoked", Some("alice")).await.unwrap());
    assert!(!store.end_session("ends", 8, "expired", None).await.unwrap());
    assert_eq!(changes.recv().await.unwrap(), Change::Session("ends".into()));
    assert!(changes.try_recv().is_err());
    let row = store.session("ends").await.unwrap().unwrap();
    assert_eq!((row.ended, row.ended_why.as_deref(), row.ended_by.as_deref()), (Some(7), Some("revoked"), Some("alice")));
    assert!(!store.live_sessions().await.unwrap().iter().any(|one| one.id == "ends"));
}

async fn an_implicit_session_is_one(store: &Arc<Store>) {
    let implicit = |id: &str| SessionRow { token_hash: None, implicit_key: Some("who/staging".into()), ..session(id) };
    assert!(store.insert_session(&implicit("first")).await.unwrap());
    assert!(!store.insert_session(&implicit("second")).await.unwrap());
    assert_eq!(store.live_implicit_session("who/staging").await.unwrap().unwrap().id, "first");
    store.end_session("first", 50, "revoked", None).await.unwrap();
    assert!(store.insert_session(&implicit("third")).await.unwrap());
    let revoked = store.implicit_revocations().await.unwrap();
    assert_eq!(
        revoked,
        vec![("https://issuer.example".to_owned(), "subject-of-first".to_owned(), "staging".to_owned(), 50)]
    );
}

async fn use_never_goes_back(store: &Arc<Store>) {
    store.insert_session(&session("used")).await.unwrap();
    let used = |requests, last_used| [SessionUse { id: "used".into(), requests, last_used }];
    store.record_session_use(&[]).await.unwrap();
    store.record_session_use(&used(5, 1_500_000)).await.unwrap();
    store.record_session_use(&used(3, 1_200_000)).await.unwrap();
    let row = store.session("used").await.unwrap().unwrap();
    assert_eq!((row.requests, row.last_used), (5, 1_500_000));
}

async fn asking_twice_is_asking_once(store: &Arc<Store>) {
    let same = |id: &str| ApprovalRow { fingerprint: "the same".into(), ..approval(id) };
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..11 {
        let (store, row) = (store.clone(), same(&format!("retry-{n}")));
        tasks.spawn(async move {
            match store.open_approval(&row, &[]).await.unwrap() {
                OpenOutcome::Opened => row.id,
                OpenOutcome::Open(other) => other.id,
            }
        });
    }
    let ids: HashSet<String> = tasks.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
    let id = ids.into_iter().next().unwrap();
    store.change_approval(&id, |_| Ok::<_, ()>(to("denied"))).await.unwrap().unwrap();
    assert_eq!(store.open_approval(&same("later"), &[]).await.unwrap(), OpenOutcome::Opened);
}

async fn a_change_is_made_by_one_of_many(store: &Arc<Store>) {
    store.open_approval(&approval("raced"), &[]).await.unwrap();
    store.change_approval("raced", |_| Ok::<_, ()>(to("approved"))).await.unwrap().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let store = store.clone();
        tasks.spawn(async move {
            store
                .change_approval("raced", move |row| {
                    if row.state != "approved" {
                        return Err(());
                    }
                    Ok(Changed { used_by: Some(format!("record-{n}")), ..to("used") })
                })
                .await
                .unwrap()
        });
    }
    let won: Vec<ApprovalRow> = tasks.join_all().await.into_iter().filter_map(Result::ok).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(store.approval("raced").await.unwrap(), won.into_iter().next());
}

async fn a_refused_change_writes_nothing(store: &Arc<Store>) {
    store.open_approval(&approval("kept"), &[]).await.unwrap();
    let mut changes = store.changes();
    assert_eq!(store.change_approval("kept", |_| Err::<Changed, _>("no")).await.unwrap(), Err("no"));
    assert_eq!(store.approval("kept").await.unwrap(), Some(approval("kept")));
    assert!(changes.try_recv().is_err());
    let missing = store.change_approval("nowhere", |_| Ok::<_, ()>(to("used"))).await;
    assert!(matches!(missing, Err(StoreError::Missing { what: "approval", .. })));
}

async fn a_decision_comes_with_its_approval(store: &Arc<Store>) {
    store.open_approval(&approval("decided"), &[]).await.unwrap();
    let decision = |subject: &str, decided| DecisionRow {
        issuer: "https://issuer.example".into(),
        subject: subject.into(),
        aliases: vec![format!("{subject}@example.com")],
        approves: true,
        comment: Some("go on".into()),
        decided,
    };
    for (subject, at, state) in [("zoe", 20, "pending"), ("alice", 30, "approved")] {
        let decision = decision(subject, at);
        store
            .change_approval("decided", |_| Ok::<_, ()>(Changed { decision: Some(decision), ..to(state) }))
            .await
            .unwrap()
            .unwrap();
    }
    let row = store.approval("decided").await.unwrap().unwrap();
    assert_eq!(row.decisions, vec![decision("zoe", 20), decision("alice", 30)]);
    assert_eq!((row.state.as_str(), row.expires), ("approved", 99));
    // The same person twice is the database's business too: the whole change fails.
    let again = decision("zoe", 40);
    let outcome = store
        .change_approval("decided", |_| Ok::<_, ()>(Changed { decision: Some(again), ..to("denied") }))
        .await;
    assert!(matches!(outcome, Err(StoreError::Database { .. })));
    assert_eq!(store.approval("decided").await.unwrap().unwrap().state, "approved");
}

async fn approvals_are_counted_and_found(store: &Arc<Store>) {
    let of_one = |id: &str, created| ApprovalRow { subject: "one".into(), created, session: "s1".into(), ..approval(id) };
    store.open_approval(&of_one("c1", 100), &[]).await.unwrap();
    store.open_approval(&of_one("c2", 200), &[]).await.unwrap();
    assert_eq!(store.count_pending_approvals("https://issuer.example", "one").await.unwrap(), 2);
    store.change_approval("c1", |_| Ok::<_, ()>(to("used"))).await.unwrap().unwrap();
    assert_eq!(store.count_pending_approvals("https://issuer.example", "one").await.unwrap(), 1);
    let ids = |rows: Vec<ApprovalRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    let mut filter = ApprovalFilter { session: Some("s1".into()), ..ApprovalFilter::default() };
    assert_eq!(ids(store.list_approvals(&filter).await.unwrap()), ["c2", "c1"]);
    filter.state = Some("used".into());
    assert_eq!(ids(store.list_approvals(&filter).await.unwrap()), ["c1"]);
    filter = ApprovalFilter { limit: 1, session: Some("s1".into()), ..ApprovalFilter::default() };
    assert_eq!(ids(store.list_approvals(&filter).await.unwrap()), ["c2"]);
    assert_eq!(store.latest_approval("fingerprint-of-c1").await.unwrap().unwrap().id, "c1");
    let overdue = store.overdue_approvals(1_010).await.unwrap();
    assert!(overdue.contains(&"c2".to_owned()) && !overdue.contains(&"c1".to_owned()));
    assert!(!store.overdue_approvals(1_009).await.unwrap().contains(&"c2".to_owned()));
}

async fn a_revoked_session_shows_its_open_approvals(store: &Arc<Store>) {
    for (id, why) in [("gone", "revoked"), ("done", "finished")] {
        store.insert_session(&session(id)).await.unwrap();
        store.open_approval(&ApprovalRow { session: id.into(), ..approval(&format!("of-{id}")) }, &[]).await.unwrap();
        store.end_session(id, 5, why, None).await.unwrap();
    }
    assert_eq!(store.revoked_sessions_with_open_approvals().await.unwrap(), ["gone"]);
    store.change_approval("of-gone", |_| Ok::<_, ()>(to("withdrawn"))).await.unwrap().unwrap();
    assert!(store.revoked_sessions_with_open_approvals().await.unwrap().is_empty());
}

async fn notifications_are_kept_until_delivered(store: &Arc<Store>) {
    let both = [notification("n", "chat"), notification("n", "mail")];
    let mut changes = store.changes();
    store.open_approval(&approval("told"), &both).await.unwrap();
    assert_eq!(changes.recv().await.unwrap(), Change::Approval("told".into()));
    assert_eq!(changes.recv().await.unwrap(), Change::Notifications);
    assert_eq!(store.due_notifications(4, 10).await.unwrap(), vec![]);
    assert_eq!(store.due_notifications(5, 10).await.unwrap().len(), 2);
    assert_eq!(store.due_notifications(5, 1).await.unwrap().len(), 1);

    store.notification_delivered("n", "mail").await.unwrap();
    store.notification_failed("n", "chat", "it answers 503", Some(100)).await.unwrap();
    assert_eq!(store.due_notifications(99, 10).await.unwrap(), vec![]);
    assert_eq!(store.next_notification_due().await.unwrap(), Some(100));
    let again = store.due_notifications(100, 10).await.unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].attempts, again[0].failure.as_deref()), (1, Some("it answers 503")));
    assert_eq!(again[0].notification, both[0]);
    store.notification_failed("n", "chat", "never", None).await.unwrap();
    assert_eq!(store.due_notifications(i64::MAX, 10).await.unwrap(), vec![]);
}

async fn what_is_long_over_is_forgotten(store: &Arc<Store>) {
    const DAY: i64 = 24 * 3600 * 1_000_000;
    let now = 200 * DAY;
    for (id, ended, why) in [("long-ago", 100 * DAY, "expired"), ("lately", 150 * DAY, "expired"), ("bad", 1, "revoked")] {
        let implicit_key = (id == "bad").then(|| "bad/staging".to_owned());
        store.insert_session(&SessionRow { implicit_key, ..session(id) }).await.unwrap();
        store.end_session(id, ended, why, None).await.unwrap();
    }
    store.insert_session(&session("still-open")).await.unwrap();
    store.prune_sessions(now).await.unwrap();
    for (id, kept) in [("long-ago", false), ("lately", true), ("bad", true), ("still-open", true)] {
        assert_eq!(store.session(id).await.unwrap().is_some(), kept, "{id}");
    }

    for (id, ended) in [("long-ago", Some(100 * DAY)), ("lately", Some(150 * DAY)), ("still-open", None)] {
        store.open_approval(&approval(id), &[notification(&format!("n-{id}"), "chat")]).await.unwrap();
        let decision = DecisionRow {
            issuer: "i".into(),
            subject: "s".into(),
            aliases: vec![],
            approves: true,
            comment: None,
            decided: 1,
        };
        let changed = Changed { ended, decision: Some(decision), ..to(if ended.is_some() { "used" } else { "approved" }) };
        store.change_approval(id, |_| Ok::<_, ()>(changed)).await.unwrap().unwrap();
    }
    store.prune_approvals(now).await.unwrap();
    assert_eq!(store.approval("long-ago").await.unwrap(), None);
    for id in ["lately", "still-open"] {
        assert_eq!(store.approval(id).await.unwrap().unwrap().decisions.len(), 1, "{id}");
    }
    let listed = store.list_approvals(&ApprovalFilter::default()).await.unwrap();
    let lately = listed.iter().find(|one| one.id == "lately").unwrap();
    assert_eq!(Some(lately.clone()), store.approval("lately").await.unwrap(), "a listing shows the same");

    store.notification_delivered("n-lately", "chat").await.unwrap();
    store.prune_notifications(now).await.unwrap();
    let waiting = store.due_notifications(i64::MAX, 100).await.unwrap();
    assert!(waiting.iter().any(|row| row.notification.id == "n-still-open"), "what waits is never forgotten");
}

/// A client that hangs up drops the future that writes for it, at any await.
async fn an_aborted_writer_blocks_nobody(store: &Arc<Store>) {
    store.open_approval(&approval("aborted"), &[]).await.unwrap();
    for pause in 0..60_u64 {
        let other = store.clone();
        let writer = tokio::spawn(async move {
            let _ = other.change_approval("aborted", |_| Ok::<_, ()>(to("pending"))).await;
        });
        tokio::time::sleep(Duration::from_micros(pause * 50)).await;
        writer.abort();
    }
    let begun = Instant::now();
    store.change_approval("aborted", |_| Ok::<_, ()>(to("used"))).await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

fn count(key: &str) -> CounterName {
    CounterName { plugin: "budgets".into(), key: key.into(), window: 3600 }
}

/// One more, when there are fewer than the limit.
async fn one_more(store: &Store, keys: &[&str], limit: u64) -> bool {
    let changed = store.change_counters(0, keys.iter().map(|key| count(key)), |counts| {
        for parts in counts.values_mut() {
            match parts.first_mut() {
                None => parts.push((7, 1)),
                Some((_, used)) if *used < limit => *used += 1,
                Some(_) => return Err(()),
            }
        }
        Ok(())
    });
    changed.await.unwrap().is_ok()
}

/// Each asks for two counts, in different orders, and never more than the limit get both.
async fn counts_are_changed_by_one_at_a_time(store: &Arc<Store>) {
    let tasks: Vec<_> = (0..60)
        .map(|i| {
            let store = store.clone();
            tokio::spawn(async move { one_more(&store, if i % 2 == 0 { &["raced", "other"] } else { &["other", "raced"] }, 20).await })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += u32::from(task.await.unwrap());
    }
    assert_eq!(granted, 20);
    assert_eq!(store.counter(&count("raced")).await.unwrap(), vec![(7, 20)]);
}

async fn a_no_changes_no_count(store: &Arc<Store>) {
    assert!(one_more(store, &["full"], 1).await);
    assert!(!one_more(store, &["empty", "full"], 1).await);
    assert_eq!(store.counter(&count("empty")).await.unwrap(), vec![]);
    let other = CounterName { plugin: "another".into(), ..count("full") };
    assert_eq!(store.counter(&other).await.unwrap(), vec![]);
    let shorter = CounterName { window: 60, ..count("full") };
    assert_eq!(store.counter(&shorter).await.unwrap(), vec![]);
}

async fn old_counts_are_forgotten(store: &Arc<Store>) {
    const SECOND: i64 = 1_000_000;
    let now = 1_000_000 * SECOND;
    let change = |counts: &mut BTreeMap<_, Vec<_>>| {
        counts.values_mut().for_each(|parts| parts.push((1, 1)));
        Ok::<_, ()>(())
    };
    store.change_counters(now, [count("old")], change).await.unwrap().unwrap();
    store.prune_counters(now + 3600 * SECOND).await.unwrap();
    assert_eq!(store.counter(&count("old")).await.unwrap(), vec![(1, 1)]);
    store.prune_counters(now + 3 * 3600 * SECOND).await.unwrap();
    assert_eq!(store.counter(&count("old")).await.unwrap(), vec![]);
}

/// Two replicas, each with connections of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_never_count_beyond_the_limit() {
    let Some(server) = Postgres::start() else { return };
    let mut replicas = Vec::new();
    for _ in 0..2 {
        replicas.push(Arc::new(Store::open(&server.location()).await.unwrap()));
    }
    let tasks: Vec<_> = (0..200)
        .map(|i| {
            let store = replicas[i % 2].clone();
            tokio::spawn(async move { one_more(&store, &["raced", "other"], 50).await })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += u32::from(task.await.unwrap());
    }
    assert_eq!(granted, 50);
    for store in replicas {
        assert_eq!(store.counter(&count("raced")).await.unwrap(), vec![(7, 50)]);
        store.close().await;
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let (folder, store) = on_sqlite().await;
    store.insert_session(&session("kept")).await.unwrap();
    store.open_approval(&approval("kept"), &[notification("n", "chat")]).await.unwrap();
    let key = store.secret("key", 32).await.unwrap();
    // Not closed: as after a crash, the write-ahead log is still there.
    std::mem::forget(store);
    let again = Store::open(&sqlite(&folder)).await.unwrap();
    assert_eq!(again.session("kept").await.unwrap(), Some(session("kept")));
    assert_eq!(again.approval("kept").await.unwrap(), Some(approval("kept")));
    assert_eq!(again.due_notifications(5, 10).await.unwrap().len(), 1);
    assert_eq!(again.secret("key", 32).await.unwrap(), key);
    again.ping().await.unwrap();
    again.close().await;
    assert!(again.ping().await.is_err());
}

#[tokio::test]
async fn the_file_is_private_and_may_have_any_name() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("50% of? the #state.db");
    let store = Store::open(&Location::Sqlite(path.clone())).await.unwrap();
    store.set_setting("a", "b").await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
    assert!(path.is_file());
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let error = Store::open(&Location::Sqlite("/nonexistent/state.db".into())).await.unwrap_err();
    assert!(error.to_string().contains("/nonexistent/state.db"), "{error}");
    assert!(matches!(error, StoreError::File { .. }));
}

/// Somebody else's lock is waited for, but not for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_is_an_error_in_bounded_time() {
    let (folder, store) = on_sqlite().await;
    let other = Store::open(&sqlite(&folder)).await.unwrap();
    let held = other.writing().await.unwrap();
    let begun = Instant::now();
    let outcome = store.set_setting("a", "b").await;
    assert!(matches!(outcome, Err(StoreError::Database { .. })), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    held.rollback().await.unwrap();
    store.set_setting("a", "b").await.unwrap();
}

#[test]
fn no_password_is_shown() {
    let place = Location::Postgres("postgres://gateway:hunter2@db/state".into());
    assert!(!format!("{place:?}").contains("hunter2"));
}

#[test]
fn ids_are_short_and_differ() {
    let ids: HashSet<String> = (0..1000).map(|_| new_id("apr")).collect();
    assert_eq!(ids.len(), 1000);
    assert!(ids.iter().all(|id| id.len() == 16 && id.starts_with("apr-")));
}

#[test]
fn times_have_microseconds() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_795_000_000_000_001, "2026-11-18T11:06:40.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(rfc3339(micros), text);
    }
    assert_eq!(rfc3339(i64::MAX), "9999-01-01T00:00:00.000000Z");
    assert_eq!(rfc3339(i64::MIN), "0001-01-01T00:00:00.000000Z");
}
