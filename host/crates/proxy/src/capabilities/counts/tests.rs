use std::time::Duration;

use policy::Charge;
use store::Location;
use store::testing::Postgres;

use super::*;

const HOUR: u32 = 3600;

fn charge(key: &str, limit: u64) -> Charge {
    Charge { key: key.to_owned(), amount: 1, limit, window: HOUR }
}

fn plugin() -> Arc<str> {
    "budgets".into()
}

async fn fresh() -> (tempfile::TempDir, Counts) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("state.db"))).await.unwrap();
    (folder, Counts::new(Arc::new(store)))
}

async fn used(counts: &Counts, key: &str) -> u64 {
    counts.supposed().used(&plugin(), key.to_owned(), HOUR).await.unwrap()
}

/// What is given back is given back by a task of its own.
async fn becomes(counts: &Counts, key: &str, expected: u64) {
    for _ in 0..500 {
        if used(counts, key).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(used(counts, key).await, expected);
}

#[tokio::test]
async fn what_is_not_forwarded_is_given_back() {
    let (_folder, counts) = fresh().await;
    let (counter, tab) = counts.open();
    assert_eq!(counter.spend(&plugin(), vec![charge("a", 1), charge("b", 9)]).await, Ok(None));
    let excess = counter.spend(&plugin(), vec![charge("b", 9), charge("a", 1)]).await.unwrap().expect("`a` is used up");
    assert_eq!((excess.index, excess.used), (1, 1));
    assert_eq!((used(&counts, "a").await, used(&counts, "b").await), (1, 1));
    drop((counter, tab));
    becomes(&counts, "a", 0).await;
    assert_eq!(used(&counts, "b").await, 0);
}

#[tokio::test]
async fn what_goes_out_is_kept_and_what_was_not_sent_after_all_is_not() {
    let (_folder, counts) = fresh().await;
    let (counter, tab) = counts.open();
    counter.spend(&plugin(), vec![charge("a", 2)]).await.unwrap();
    drop(tab.keep());
    drop(tab);
    let (counter, tab) = counts.open();
    counter.spend(&plugin(), vec![charge("a", 2)]).await.unwrap();
    tab.keep().not_sent();
    assert_eq!(used(&counts, "a").await, 2);
    drop(tab);
    becomes(&counts, "a", 1).await;
}

/// A stream is asked for in two ways: what was sent once stays, also when the second attempt is not sent.
#[tokio::test]
async fn a_second_attempt_gives_nothing_of_the_first_back() {
    let (_folder, counts) = fresh().await;
    let (counter, tab) = counts.open();
    counter.spend(&plugin(), vec![charge("a", 2)]).await.unwrap();
    drop(tab.keep());
    tab.keep().not_sent();
    drop(tab);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(used(&counts, "a").await, 1);
}

/// The deadline of a policy ends its waiting in the middle of the charge.
#[tokio::test]
async fn a_charge_that_nobody_waits_for_any_more_is_given_back() {
    let (_folder, counts) = fresh().await;
    for pause in 0..40 {
        let (counter, tab) = counts.open();
        let spending = counter.spend(&plugin(), vec![charge("a", 1000)]);
        let _ = tokio::time::timeout(Duration::from_micros(pause * 100), spending).await;
        drop(tab);
    }
    becomes(&counts, "a", 0).await;
}

#[tokio::test]
async fn a_supposed_request_learns_what_fits_and_is_charged_nothing() {
    let (_folder, counts) = fresh().await;
    let supposed = counts.supposed();
    for _ in 0..3 {
        assert_eq!(supposed.spend(&plugin(), vec![charge("a", 1)]).await, Ok(None));
    }
    let (counter, tab) = counts.open();
    counter.spend(&plugin(), vec![charge("a", 1)]).await.unwrap();
    drop(tab.keep());
    assert!(supposed.spend(&plugin(), vec![charge("a", 1)]).await.unwrap().is_some());
    let other: Arc<str> = "another".into();
    assert_eq!(supposed.spend(&other, vec![charge("a", 1)]).await, Ok(None));
}

/// As after `kill -9`: nothing is closed.
#[tokio::test]
async fn what_was_charged_is_there_after_opening_again() {
    let (folder, counts) = fresh().await;
    let (counter, tab) = counts.open();
    counter.spend(&plugin(), vec![charge("a", 2)]).await.unwrap();
    std::mem::forget((tab, counts));
    let again = Counts::new(Arc::new(Store::open(&Location::Sqlite(folder.path().join("state.db"))).await.unwrap()));
    assert_eq!(used(&again, "a").await, 1);
}

#[tokio::test]
async fn a_lost_database_is_a_sentence_without_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&Location::Sqlite(folder.path().join("state.db"))).await.unwrap());
    let counts = Counts::new(store.clone());
    store.close().await;
    let (counter, _tab) = counts.open();
    assert_eq!(counter.spend(&plugin(), vec![charge("a", 2)]).await, Err("the counts cannot be reached".to_owned()));
    assert_eq!(counts.supposed().spend(&plugin(), vec![charge("a", 2)]).await, Err("the counts cannot be reached".to_owned()));
}

/// Two replicas of the gateway race for the same budgets, some of their requests are not forwarded, and never more than the limit are.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_never_let_more_through_than_the_limit() {
    let Some(server) = Postgres::start() else { return };
    let mut replicas = Vec::new();
    for _ in 0..2 {
        replicas.push(Counts::new(Arc::new(Store::open(&server.location()).await.unwrap())));
    }
    let tasks: Vec<_> = (0..240)
        .map(|i| {
            let counts = replicas[i % 2].clone();
            tokio::spawn(async move {
                let (counter, tab) = counts.open();
                let charges = if i % 3 == 0 { vec![charge("a", 40), charge("b", 1000)] } else { vec![charge("b", 1000), charge("a", 40)] };
                let fits = counter.spend(&plugin(), charges).await.unwrap().is_none();
                let forwarded = fits && i % 5 != 0;
                if forwarded {
                    drop(tab.keep());
                }
                forwarded
            })
        })
        .collect();
    let mut forwarded = 0;
    for task in tasks {
        forwarded += u64::from(task.await.unwrap());
    }
    assert!((1..=40).contains(&forwarded), "{forwarded}");
    becomes(&replicas[0], "a", forwarded).await;
    becomes(&replicas[1], "b", forwarded).await;
}
