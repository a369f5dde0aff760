//! Each case runs on SQLite in a file, and on PostgreSQL where there is one.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use store::testing::Postgres;
use store::{Location, SessionRow};

use super::*;
use crate::ask::{Route, Target};
use crate::notify::{NoNotifier, Notice, NotifyError};

const ISSUER: &str = "https://issuer.example";

async fn started(store: &Arc<Store>) -> Arc<Approvals> {
    Approvals::start(store.clone(), Options::new("https://gateway.example/"), NoNotifier).await.unwrap()
}

async fn at(location: &Location) -> Arc<Store> {
    Arc::new(Store::open(location).await.unwrap())
}

fn sqlite(folder: &tempfile::TempDir) -> Location {
    Location::Sqlite(folder.path().join("state.db"))
}

macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite_does {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(&super::at(&super::sqlite(&folder)).await).await;
            })*
        }

        /// One server for all cases, each with its own requester in it.
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn postgres_does_the_same() {
            let Some(server) = Postgres::start() else { return };
            let store = at(&server.location()).await;
            $($name(&store).await;)*
            store.close().await;
        }
    };
}

on_both!(
    the_story,
    of_sixty_four_one_wins,
    eleven_tries_make_one_approval,
    a_no_stands,
    a_grant_does_not_fit_a_changed_target,
    two_people_at_once_make_a_quorum,
    one_person_twice_at_once_is_one,
    time_ends_it,
    waiting_ends_with_the_decision,
    a_revoked_session_takes_its_approvals_along,
    there_is_a_limit_of_waiting_approvals,
    what_is_not_there_is_named,
);

/// What `who` asks: names keep the cases apart.
fn ask(who: &str) -> Ask {
    Ask {
        requester: Person::new(ISSUER, who, "agent").sponsored_by("bob"),
        session: format!("ses-{who}"),
        connection: "staging".into(),
        purpose: Some("fix the shop".into()),
        command: "kubectl delete deployment web -n shop".into(),
        plugin: "deny-list".into(),
        rule: "deletes-need-approval".into(),
        message: "deleting a deployment needs a person's approval".into(),
        request_hash: "sha256:2c26b4".into(),
        target: Target { uid: Some("8f4e".into()), resource_version: Some("42".into()) },
        route: Route { groups: vec!["approvers".into()], ..Route::default() },
    }
}

fn human(name: &str) -> Person {
    Person::new(ISSUER, name, "human").in_group("approvers")
}

fn refusal(outcome: Result<Approval, ApprovalError>) -> Refused {
    match outcome {
        Err(ApprovalError::Refused(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

async fn the_story(store: &Arc<Store>) {
    let approvals = started(store).await;
    let ask = ask("devin");
    let asked = approvals.request(&ask).await.unwrap();
    assert_eq!((asked.state, asked.url.as_str()), (State::Pending, format!("https://gateway.example/approvals/{}", asked.id).as_str()));
    assert_eq!(approvals.find_grant(&ask).await.unwrap(), None);
    assert!(matches!(refusal(approvals.consume(&asked.id, &ask, "r").await), Refused::NotApproved { state: State::Pending }));
    for (by, expected) in [("bob", "OwnAgent"), ("devin", "OwnRequest")] {
        let refused = format!("{:?}", refusal(approvals.decide(&asked.id, &human(by), true, None).await));
        assert!(refused.starts_with(expected), "{refused}");
    }

    let granted = approvals.decide(&asked.id, &human("alice"), true, Some("go on".into())).await.unwrap();
    assert_eq!(granted.state, State::Approved);
    assert_eq!(granted.approved_by().collect::<Vec<_>>(), ["alice"]);
    assert_eq!(approvals.find_grant(&ask).await.unwrap(), Some(granted.clone()));
    assert_eq!(approvals.request(&ask).await.unwrap(), granted, "the command run again finds the grant");

    let used = approvals.consume(&asked.id, &ask, "record-1").await.unwrap();
    assert_eq!((used.state, used.used_by.as_deref()), (State::Used, Some("record-1")));
    assert!(matches!(refusal(approvals.consume(&asked.id, &ask, "record-2").await), Refused::NotApproved { state: State::Used }));
    assert_eq!(approvals.find_grant(&ask).await.unwrap(), None);
    let next = approvals.request(&ask).await.unwrap();
    assert_eq!(next.state, State::Pending);
    assert_ne!(next.id, asked.id, "once means once: the next time is asked anew");
    assert_eq!(approvals.show(&asked.id).await.unwrap(), used);
}

/// P6 and P12: however many try at once.
async fn of_sixty_four_one_wins(store: &Arc<Store>) {
    let approvals = started(store).await;
    let ask = ask("racer");
    let id = approvals.request(&ask).await.unwrap().id;
    approvals.decide(&id, &human("alice"), true, None).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let (approvals, ask, id) = (approvals.clone(), ask.clone(), id.clone());
        tasks.spawn(async move { approvals.consume(&id, &ask, &format!("record-{n}")).await });
    }
    let mut winners = Vec::new();
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(used) => winners.push(used.used_by),
            Err(error) => assert!(matches!(error, ApprovalError::Refused(Refused::NotApproved { state: State::Used })), "{error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(vec![approvals.show(&id).await.unwrap().used_by], winners);
}

async fn eleven_tries_make_one_approval(store: &Arc<Store>) {
    let approvals = started(store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..11 {
        let approvals = approvals.clone();
        let ask = Ask { session: format!("ses-{n}"), ..ask("kubectl") };
        tasks.spawn(async move { approvals.request(&ask).await.unwrap().id });
    }
    let ids: HashSet<String> = tasks.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
}

async fn a_no_stands(store: &Arc<Store>) {
    let approvals = started(store).await;
    let ask = ask("eager");
    let id = approvals.request(&ask).await.unwrap().id;
    let denied = approvals.decide(&id, &human("alice"), false, Some("not on a Friday".into())).await.unwrap();
    assert_eq!(denied.denied_by().unwrap().comment.as_deref(), Some("not on a Friday"));
    assert_eq!(approvals.request(&ask).await.unwrap(), denied, "asking again does not help");
    let other = Ask { request_hash: "sha256:other".into(), ..ask };
    assert_eq!(approvals.request(&other).await.unwrap().state, State::Pending);
}

/// P6: the object was changed, or replaced by another of that name, between the yes and the use.
async fn a_grant_does_not_fit_a_changed_target(store: &Arc<Store>) {
    let approvals = started(store).await;
    let ask = ask("late");
    let id = approvals.request(&ask).await.unwrap().id;
    approvals.decide(&id, &human("alice"), true, None).await.unwrap();
    let changed = |target: Target| Ask { target, ..ask.clone() };
    for target in [
        Target { uid: Some("8f4e".into()), resource_version: Some("43".into()) },
        Target { uid: Some("other".into()), resource_version: Some("42".into()) },
        Target::default(),
    ] {
        assert_eq!(refusal(approvals.consume(&id, &changed(target.clone()), "r").await), Refused::DoesNotFit, "{target:?}");
        assert_eq!(approvals.find_grant(&changed(target)).await.unwrap(), None);
    }
    let mine = Ask { requester: Person::new(ISSUER, "another", "agent"), ..ask.clone() };
    assert_eq!(refusal(approvals.consume(&id, &mine, "r").await), Refused::DoesNotFit);
    assert_eq!(approvals.consume(&id, &ask, "r").await.unwrap().state, State::Used, "trying in vain cost nothing");
}

async fn two_people_at_once_make_a_quorum(store: &Arc<Store>) {
    let approvals = started(store).await;
    let mut ask = ask("careful");
    ask.route.needed = 2;
    let id = approvals.request(&ask).await.unwrap().id;
    let (a, b) = (human("alice"), human("zoe"));
    let (a, b) = tokio::join!(approvals.decide(&id, &a, true, None), approvals.decide(&id, &b, true, None));
    let states: HashSet<State> = [a.unwrap().state, b.unwrap().state].into();
    assert_eq!(states, [State::Pending, State::Approved].into());
    assert_eq!(approvals.show(&id).await.unwrap().decisions.len(), 2);
}

async fn one_person_twice_at_once_is_one(store: &Arc<Store>) {
    let approvals = started(store).await;
    let mut ask = ask("sly");
    ask.route.needed = 2;
    let id = approvals.request(&ask).await.unwrap().id;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (approvals, id) = (approvals.clone(), id.clone());
        tasks.spawn(async move { approvals.decide(&id, &human("alice"), true, None).await.is_ok() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|counted| *counted).count(), 1);
    assert_eq!(approvals.show(&id).await.unwrap().state, State::Pending);
}

async fn time_ends_it(store: &Arc<Store>) {
    let approvals = started(store).await;
    let mut unanswered = ask("patient");
    unanswered.route.expires_after = 1;
    let first = approvals.request(&unanswered).await.unwrap();
    // Whoever waits for it learns of it too.
    let expired = approvals.wait(&first.id, Duration::from_secs(10)).await.unwrap();
    assert_eq!(expired.state, State::Expired);
    let second = approvals.request(&unanswered).await.unwrap();
    assert_ne!(second.id, first.id);

    approvals.decide(&second.id, &human("alice"), true, None).await.unwrap();
    let granted = approvals.show(&second.id).await.unwrap();
    while now_micros() < granted.expires {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // At that very moment, whether it was noted yet or not.
    assert!(matches!(
        refusal(approvals.consume(&second.id, &unanswered, "r").await),
        Refused::Expired { .. } | Refused::NotApproved { state: State::Expired }
    ));
    assert_eq!(approvals.find_grant(&unanswered).await.unwrap(), None);
    assert_ne!(approvals.request(&unanswered).await.unwrap().id, second.id);
    assert_eq!(approvals.show(&second.id).await.unwrap().state, State::Expired);
}

async fn waiting_ends_with_the_decision(store: &Arc<Store>) {
    let approvals = started(store).await;
    let id = approvals.request(&ask("held")).await.unwrap().id;
    let still = approvals.wait(&id, Duration::from_millis(50)).await.unwrap();
    assert_eq!(still.state, State::Pending, "the limit is over, the approval is not");
    let mut waiters = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (approvals, id) = (approvals.clone(), id.clone());
        waiters.spawn(async move { approvals.wait(&id, Duration::from_secs(30)).await.unwrap().state });
    }
    // Many changes to others come between.
    for n in 0..5 {
        approvals.request(&ask(&format!("crowd-{n}"))).await.unwrap();
    }
    approvals.decide(&id, &human("alice"), true, None).await.unwrap();
    let states = tokio::time::timeout(Duration::from_secs(5), waiters.join_all()).await.unwrap();
    assert!(states.into_iter().all(|state| state == State::Approved));
    assert_eq!(approvals.wait(&id, Duration::ZERO).await.unwrap().state, State::Approved);
}

async fn a_revoked_session_takes_its_approvals_along(store: &Arc<Store>) {
    let session = |id: &str| SessionRow {
        id: id.to_owned(),
        token_hash: Some(format!("hash-{id}")),
        implicit_key: None,
        connection: "staging".into(),
        issuer: ISSUER.into(),
        subject: "rogue".into(),
        kind: "agent".into(),
        sponsor: None,
        groups: vec![],
        aliases: vec![],
        purpose: None,
        opened: 0,
        expires: i64::MAX,
        idle: i64::MAX,
        request_limit: None,
        requests: 0,
        last_used: 0,
        ended: None,
        ended_why: None,
        ended_by: None,
    };
    let approvals = started(store).await;
    store.insert_session(&session("ses-rogue")).await.unwrap();
    store.insert_session(&session("ses-done")).await.unwrap();
    let pending = approvals.request(&ask("rogue")).await.unwrap();
    let granted = approvals.request(&Ask { request_hash: "sha256:b".into(), ..ask("rogue") }).await.unwrap();
    approvals.decide(&granted.id, &human("alice"), true, None).await.unwrap();
    let of_another = Ask { request_hash: "sha256:c".into(), session: "ses-done".into(), ..ask("rogue") };
    let of_another = approvals.request(&of_another).await.unwrap();

    store.end_session("ses-done", 1, "finished", None).await.unwrap();
    store.end_session("ses-rogue", 1, "revoked", Some("alice")).await.unwrap();
    let ended = approvals.wait(&pending.id, Duration::from_secs(10)).await.unwrap();
    assert_eq!((ended.state, ended.ended_why.as_deref()), (State::Withdrawn, Some(REVOKED)));
    let mut changes = approvals.subscribe();
    while approvals.show(&granted.id).await.unwrap().state != State::Withdrawn {
        tokio::time::timeout(Duration::from_secs(10), changes.recv()).await.unwrap().unwrap();
    }
    assert_eq!(approvals.show(&of_another.id).await.unwrap().state, State::Pending);

    // And when the gateway was down at that moment: at its start.
    store.insert_session(&session("ses-rogue-2")).await.unwrap();
    let later = Ask { request_hash: "sha256:d".into(), session: "ses-rogue-2".into(), ..ask("rogue") };
    let later = approvals.request(&later).await.unwrap();
    drop(approvals);
    store.end_session("ses-rogue-2", 1, "revoked", None).await.unwrap();
    let approvals = started(store).await;
    assert_eq!(approvals.show(&later.id).await.unwrap().state, State::Withdrawn);
}

async fn there_is_a_limit_of_waiting_approvals(store: &Arc<Store>) {
    let approvals = started(store).await;
    let nth = |n: u32| Ask { request_hash: format!("sha256:{n}"), ..ask("flooder") };
    for n in 0..MOST_PENDING {
        approvals.request(&nth(n)).await.unwrap();
    }
    assert!(matches!(approvals.request(&nth(MOST_PENDING)).await, Err(ApprovalError::TooMany { .. })));
    let first = approvals.request(&nth(0)).await.unwrap();
    let who = Person::new(ISSUER, "flooder", "agent");
    let withdrawn = approvals.withdraw(&first.id, &who, Some("never mind".into())).await.unwrap();
    assert_eq!((withdrawn.state, withdrawn.ended_why.as_deref()), (State::Withdrawn, Some("never mind")));
    approvals.request(&nth(MOST_PENDING)).await.unwrap();
    let filter = ApprovalFilter { state: Some("pending".into()), session: Some("ses-flooder".into()), ..ApprovalFilter::default() };
    assert_eq!(approvals.list(&filter).await.unwrap().len(), MOST_PENDING as usize);
}

async fn what_is_not_there_is_named(store: &Arc<Store>) {
    let approvals = started(store).await;
    for outcome in [
        approvals.show("apr-none").await,
        approvals.wait("apr-none", Duration::ZERO).await,
        approvals.decide("apr-none", &human("alice"), true, None).await,
        approvals.consume("' OR 1=1 --", &ask("x"), "r").await,
    ] {
        let error = outcome.unwrap_err();
        assert!(matches!(&error, ApprovalError::Unknown { .. }), "{error}");
        assert!(error.to_string().contains("portcullis approvals list"), "{error}");
    }
    let id = approvals.request(&ask("quiet")).await.unwrap().id;
    let long = Some("x".repeat(LONGEST_COMMENT + 1));
    assert!(matches!(approvals.decide(&id, &human("alice"), true, long).await, Err(ApprovalError::Comment { .. })));
    let blank = approvals.decide(&id, &human("alice"), true, Some("  ".into())).await.unwrap();
    assert_eq!(blank.decisions[0].comment, None);
}

/// P1: without the store nothing is granted, and nothing hangs.
#[tokio::test]
async fn a_lost_store_grants_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = at(&sqlite(&folder)).await;
    let approvals = started(&store).await;
    let ask = ask("devin");
    let id = approvals.request(&ask).await.unwrap().id;
    approvals.decide(&id, &human("alice"), true, None).await.unwrap();
    store.close().await;
    assert!(matches!(approvals.find_grant(&ask).await, Err(ApprovalError::Store(_))));
    assert!(matches!(approvals.consume(&id, &ask, "r").await, Err(ApprovalError::Store(_))));
    assert!(matches!(approvals.request(&ask).await, Err(ApprovalError::Store(_))));
    assert!(matches!(approvals.wait(&id, Duration::from_secs(60)).await, Err(ApprovalError::Store(_))));
}

#[tokio::test]
async fn approvals_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let ask = ask("devin");
    let (pending, granted) = {
        let approvals = started(&at(&sqlite(&folder)).await).await;
        let granted = approvals.request(&ask).await.unwrap();
        let granted = approvals.decide(&granted.id, &human("alice"), true, None).await.unwrap();
        let pending = approvals.request(&Ask { request_hash: "sha256:p".into(), ..ask.clone() }).await.unwrap();
        // Nothing is closed.
        std::mem::forget(approvals);
        (pending, granted)
    };
    let approvals = started(&at(&sqlite(&folder)).await).await;
    assert_eq!(approvals.show(&pending.id).await.unwrap(), pending);
    assert_eq!(approvals.find_grant(&ask).await.unwrap(), Some(granted.clone()));
    approvals.consume(&granted.id, &ask, "r").await.unwrap();
}

const CRASH: &str = "PORTCULLIS_TEST_CRASH_IN";

/// No test of its own: what the next one kills. It says each use once `consume` has returned.
#[tokio::test]
#[ignore = "run, and killed, by another test"]
async fn one_that_is_killed() {
    let Some(path) = std::env::var_os(CRASH) else { return };
    let approvals = started(&at(&Location::Sqlite(path.into())).await).await;
    for n in 0.. {
        let ask = Ask { request_hash: format!("sha256:{}-{n}", std::process::id()), ..ask("devin") };
        let id = approvals.request(&ask).await.unwrap().id;
        approvals.decide(&id, &human("alice"), true, None).await.unwrap();
        approvals.consume(&id, &ask, "record").await.unwrap();
        println!("used {id} {}", ask.request_hash);
    }
}

/// P12: `kill -9` at any instant. What was said to be used is used for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_gateway_forgets_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut used: Vec<(String, String)> = Vec::new();
    for round in 1..=5_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "service::tests::one_that_is_killed"])
            .env(CRASH, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = 0;
        while said < round * 3 {
            let line = lines.next().expect("the child ended by itself").unwrap();
            if let Some(rest) = line.strip_prefix("used ") {
                let (id, hash) = rest.split_once(' ').unwrap();
                used.push((id.to_owned(), hash.to_owned()));
                said += 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said between the last line read and its end.
        for line in lines.map_while(Result::ok) {
            if let Some((id, hash)) = line.strip_prefix("used ").and_then(|rest| rest.split_once(' ')) {
                used.push((id.to_owned(), hash.to_owned()));
            }
        }
        let approvals = started(&at(&Location::Sqlite(path.clone())).await).await;
        for (id, hash) in &used {
            let again = Ask { request_hash: hash.clone(), ..ask("devin") };
            let refused = refusal(approvals.consume(id, &again, "again").await);
            assert!(matches!(refused, Refused::NotApproved { state: State::Used }), "{id}: {refused}");
        }
        // What was under way is in one state or another, never in between.
        for approval in approvals.list(&ApprovalFilter::default()).await.unwrap() {
            let whole = match approval.state {
                State::Pending => approval.decisions.is_empty() && approval.used_by.is_none(),
                State::Approved => approval.decisions.len() == 1 && approval.used_by.is_none(),
                State::Used => approval.decisions.len() == 1 && approval.used_by.is_some(),
                _ => false,
            };
            assert!(whole, "{approval:?}");
        }
    }
}

/// Fails as often as it is told, then takes everything.
struct Moody {
    failures: AtomicU32,
    retry: bool,
    got: Mutex<Vec<(String, Notice)>>,
}

#[async_trait]
impl Notifier for Arc<Moody> {
    fn names(&self) -> Vec<String> {
        vec!["chat".into(), "mail".into()]
    }

    async fn notify(&self, name: &str, notice: &Notice) -> Result<(), NotifyError> {
        let fails = name == "chat"
            && self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if fails {
            return Err(NotifyError { message: "it answers 503".into(), retry: self.retry });
        }
        self.got.lock().push((name.to_owned(), notice.clone()));
        Ok(())
    }
}

fn moody(failures: u32, retry: bool) -> Arc<Moody> {
    Arc::new(Moody { failures: AtomicU32::new(failures), retry, got: Mutex::new(Vec::new()) })
}

async fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(15));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn occasions(notifier: &Moody, name: &str) -> Vec<Occasion> {
    notifier.got.lock().iter().filter(|(by, _)| by == name).map(|(_, notice)| notice.occasion).collect()
}

#[tokio::test]
async fn approvers_are_told_by_each_notifier_until_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let store = at(&sqlite(&folder)).await;
    let notifier = moody(2, true);
    let approvals = Approvals::start(store.clone(), Options::new("https://g"), notifier.clone()).await.unwrap();
    let mut ask = ask("devin");
    ask.route.needed = 2;
    let id = approvals.request(&ask).await.unwrap().id;
    approvals.request(&ask).await.unwrap();
    until(|| occasions(&notifier, "chat").len() == 1).await;
    assert_eq!(occasions(&notifier, "mail"), [Occasion::Requested], "the other one is not told twice");
    let notices = notifier.got.lock().clone();
    assert_eq!(notices[0].1.id, notices[1].1.id);
    assert_eq!(notices[0].1.url, format!("https://g/approvals/{id}"));
    let shown: serde_json::Value = serde_json::from_str(&notices[0].1.approval).unwrap();
    assert_eq!((shown["id"].as_str(), shown["state"].as_str()), (Some(id.as_str()), Some("pending")));

    // A yes that does not decide is no news.
    approvals.decide(&id, &human("alice"), true, None).await.unwrap();
    approvals.decide(&id, &human("zoe"), true, None).await.unwrap();
    approvals.consume(&id, &ask, "r").await.unwrap();
    until(|| occasions(&notifier, "mail").len() == 3).await;
    let mut told = occasions(&notifier, "mail");
    told.sort_by_key(|occasion| occasion.as_str());
    assert_eq!(told, [Occasion::Approved, Occasion::Requested, Occasion::Used]);
    let used = notifier.got.lock().iter().find(|(_, notice)| notice.occasion == Occasion::Used).unwrap().1.clone();
    assert!(used.approval.contains(r#""state":"used""#), "{}", used.approval);
}

#[tokio::test]
async fn a_notice_that_can_never_be_delivered_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = at(&sqlite(&folder)).await;
    let notifier = moody(1, false);
    let approvals = Approvals::start(store.clone(), Options::new("https://g"), notifier.clone()).await.unwrap();
    approvals.request(&ask("devin")).await.unwrap();
    until(|| occasions(&notifier, "mail").len() == 1 && notifier.failures.load(Ordering::SeqCst) == 0).await;
    let begun = Instant::now();
    while !store.due_notifications(i64::MAX, 10).await.unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(occasions(&notifier, "chat").is_empty());
}

/// P12: what was not told before a crash is told after it.
#[tokio::test]
async fn notices_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    {
        let store = at(&sqlite(&folder)).await;
        let row = new_row(&ask("devin"), "apr-1".into(), now_micros());
        let approval = Approval::from_row(&row, "https://g").unwrap();
        let notices = notify::notifications(&moody(0, true), &approval, Occasion::Requested, now_micros());
        store.open_approval(&row, &notices).await.unwrap();
    }
    let notifier = moody(0, true);
    let _approvals =
        Approvals::start(at(&sqlite(&folder)).await, Options::new("https://g"), notifier.clone()).await.unwrap();
    until(|| occasions(&notifier, "chat") == [Occasion::Requested] && occasions(&notifier, "mail").len() == 1).await;
}

#[tokio::test]
async fn listings_have_the_interfaces_fields() {
    let folder = tempfile::tempdir().unwrap();
    let approvals = started(&at(&sqlite(&folder)).await).await;
    let id = approvals.request(&ask("devin")).await.unwrap().id;
    let approval = approvals.decide(&id, &human("alice"), true, Some("go on".into())).await.unwrap();
    let text = serde_json::to_string(&approvals.list(&ApprovalFilter::default()).await.unwrap()[0]).unwrap();
    let start = format!(
        r#"{{"id":"{id}","state":"approved","connection":"staging","requester":"devin","sponsor":"bob","purpose":"fix the shop","command":"kubectl delete deployment web -n shop","rule":"deletes-need-approval","created":"{}","expires":"{}","needed":1,"approved_by":["alice"],"url":"https://gateway.example/approvals/{id}","#,
        store::rfc3339(approval.created),
        store::rfc3339(approval.expires),
    );
    assert!(text.starts_with(&start), "{text}\n{start}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["decisions"][0]["comment"], "go on");
    assert_eq!(json["target"]["uid"], "8f4e");
    assert_eq!(json["scope"], "this-version");
}
