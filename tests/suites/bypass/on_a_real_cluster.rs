//! All cases, one after the other, on one gateway with the default policies in front of one real API server.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_tests::https::Response;
use portcullis_tests::wait::Raise;
use portcullis_tests::{Cluster, Gateway, Options, places};
use serde_json::Value;

use crate::bypass::case::{Case, corpus};
use crate::bypass::send::{Outcome, send};
use crate::bypass::witness::{Seen, Witness};

/// What no answer may ever hold, in whatever form.
const PASSWORD: &str = "correct-horse-battery-staple";

struct Stage {
    cluster: Cluster,
    gateway: Gateway,
    witness: Witness,
}

impl Stage {
    fn set() -> Self {
        let cluster = Cluster::recording("Request");
        let objects = std::fs::read_to_string(places::workspace().join("tests/bypass/stage/objects.yaml")).expect("the stage is described");
        let admin = cluster.admin();
        admin.apply(&objects);
        admin.within("shop").must(&["wait", "--for=condition=Ready", "pod/web", "--timeout=60s"]);
        let gateway = Gateway::start(Options { kubeconfig: Some(cluster.ready.gateway_kubeconfig.clone()), bundle: None });
        let witness = Witness::of(&cluster.ready.audit_log);
        let mut stage = Self { cluster, gateway, witness };
        stage.prove_the_witness();
        stage
    }

    /// The audit log tells the gateway's requests from others': without this, every case would pass.
    fn prove_the_witness(&mut self) {
        let token = format!("Bearer {}", self.gateway.token("devin"));
        let path = self.gateway.path("/api/v1/namespaces/shop/configmaps/settings?pretty=witness");
        let answer = self.gateway.client().request("GET", &path, &[("authorization", &token)], b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let seen: Vec<String> = self.witness.news().into_iter().map(|seen| seen.what).collect();
        assert_eq!(seen, ["get /api/v1/namespaces/shop/configmaps/settings?pretty=witness"]);
    }
}

#[test]
fn no_case_gets_round_the_gateway() {
    let mut stage = Stage::set();
    let mut failures = String::new();
    let mut table = String::from("area          cases  passed  seconds\n");
    let only = std::env::var("BYPASS_ONLY").unwrap_or_default();
    for area in corpus() {
        let begun = Instant::now();
        let mut passed = 0;
        let cases: Vec<&Case> = area.cases.iter().filter(|case| area.name.contains(&only) || case.name.contains(&only)).collect();
        for case in &cases {
            match judge(&mut stage, case) {
                Ok(()) => passed += 1,
                Err(why) => writeln!(failures, "{}: {}\n    {why}\n", area.name, case.name).expect("a string can be written"),
            }
        }
        writeln!(table, "{:<12} {:>6} {passed:>7} {:>8.1}", area.name, cases.len(), begun.elapsed().as_secs_f32()).expect("a string can be written");
    }
    println!("{table}");
    assert!(failures.is_empty(), "{table}\n{failures}");
}

/// Tries one case. The error says what was seen instead.
fn judge(stage: &mut Stage, case: &Case) -> Result<(), String> {
    let expect = &case.expect;
    stage.witness.news();
    let outcome = match &expect.held {
        Some(_) => send_and_say_no(stage, case)?,
        None => send(&stage.gateway, case).map_err(|error| format!("no answer and no end: {error}"))?,
    };
    let seen = stage.witness.news();
    let answer = match (outcome, expect.closed) {
        (Outcome::Closed, true) => None,
        // An HTTP library's own refusal has no body; one of the gateway's says what is wrong.
        (Outcome::Answer(answer), true) if (400..500).contains(&answer.status) => Some(answer),
        (Outcome::Two(first, second), _) => return Err(format!("a second answer came: {} {}, then {} {}", first.status, first.text(), second.status, second.text())),
        (Outcome::Closed, false) => return Err(format!("the connection ended without an answer; the cluster saw {}", told(&seen))),
        (Outcome::Answer(answer), true) => return Err(format!("expected the end of the connection, got {} {}", answer.status, answer.text())),
        (Outcome::Answer(answer), false) => Some(answer),
    };
    if let Some(answer) = &answer {
        shows_no_secret(answer)?;
        if !expect.closed {
            answered_as_expected(stage, case, answer)?;
        }
    }
    saw_as_expected(case, &seen)?;
    left_as_expected(stage, case)
}

/// A person is asked, looks, and says no; meanwhile the request waits.
fn send_and_say_no(stage: &Stage, case: &Case) -> Result<Outcome, String> {
    let alice = stage.gateway.api("alice");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = Raise(&over);
        let sent = scope.spawn(|| {
            let outcome = send(&stage.gateway, case);
            over.store(true, Ordering::Relaxed);
            outcome
        });
        while !over.load(Ordering::Relaxed) {
            if let Some(approval) = alice.approvals("pending").first() {
                let decided = alice.decide(approval, false);
                if decided.status != 200 {
                    return Err(format!("the approval could not be denied: {}", decided.text()));
                }
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        sent.join().map_err(|_| "sending panicked".to_owned())?.map_err(|error| format!("no answer: {error}"))
    })
}

fn answered_as_expected(stage: &Stage, case: &Case, answer: &Response) -> Result<(), String> {
    let expect = &case.expect;
    let text = answer.text();
    let got = format!("{} {text}", answer.status);
    for hidden in &expect.hides {
        if text.contains(hidden) {
            return Err(format!("the answer shows `{hidden}`: {got}"));
        }
    }
    for shown in &expect.shows {
        if !text.contains(shown) {
            return Err(format!("the answer does not show `{shown}`: {got}"));
        }
    }
    let cause = &answer.json()["details"]["causes"][0];
    let record = record(stage, answer);
    if let (Some(judged), Some(record)) = (&expect.judged, &record) {
        let told = judgement(record);
        if told != *judged {
            return Err(format!("the policies were told of `{told}`, not of `{judged}`"));
        }
    }
    if !expect.reached.is_empty() {
        if !cause["reason"].is_null() && answer.json()["message"].as_str().is_some_and(|message| message.contains("(request ")) {
            return Err(format!("refused: {got}"));
        }
        return Ok(());
    }
    let (statuses, causes) = match &expect.held {
        Some(_) => (vec![403], vec!["ApprovalDenied".to_owned()]),
        None => (expect.status.clone(), expect.cause.clone()),
    };
    if !statuses.contains(&answer.status) || (!causes.is_empty() && !causes.iter().any(|one| cause["reason"] == one.as_str())) {
        return Err(format!("expected {statuses:?} {causes:?}, got {got}"));
    }
    if expect.field.as_ref().is_some_and(|field| cause["field"] != field.as_str()) {
        return Err(format!("the fault is not said to be in `{}`: {got}", expect.field.as_deref().unwrap_or_default()));
    }
    let says = expect.says.as_ref().or(expect.held.as_ref());
    if says.is_some_and(|says| !text.contains(says)) {
        return Err(format!("it does not say `{}`: {got}", says.map_or("", String::as_str)));
    }
    // What is no request to a cluster has no record of this kind.
    let Some(record) = record else {
        return if causes.is_empty() { Ok(()) } else { Err(format!("the refusal names no record: {got}")) };
    };
    if record["decision"] != "deny" || !record["upstream"].is_null() {
        return Err(format!("the record says that it was let through: {record}"));
    }
    Ok(())
}

/// The gateway's record of it, which the header names, and over HTTP/2 the message.
fn record(stage: &Stage, answer: &Response) -> Option<Value> {
    let mut id = answer.record();
    if id.is_empty() {
        let body = answer.json();
        let message = body["message"].as_str().unwrap_or_default();
        id = message.rsplit_once("(request ").map(|(_, rest)| rest.trim_end_matches(')').to_owned()).unwrap_or_default();
    }
    (!id.is_empty()).then(|| stage.gateway.api("alice").record(&id))
}

/// `verb resource/subresource`, as the policies were told.
fn judgement(record: &Value) -> String {
    let request = &record["request"];
    let text = |key: &str| request[key].as_str().unwrap_or_default();
    let what = match (text("resource"), text("subresource")) {
        ("", _) => text("path").to_owned(),
        (resource, "") => resource.to_owned(),
        (resource, subresource) => format!("{resource}/{subresource}"),
    };
    format!("{} {what}", text("verb"))
}

/// Nothing but what was expected, and that in its canonical form.
fn saw_as_expected(case: &Case, seen: &[Seen]) -> Result<(), String> {
    let expect = &case.expect;
    // The gateway's own looking, before it decides: the object that a person is asked about, and the preview.
    let own = |seen: &Seen| {
        ((expect.held.is_some() || expect.looked) && seen.what.starts_with("get ")) || (expect.previewed && seen.what.contains("dryRun=All"))
    };
    let seen: Vec<&Seen> = seen.iter().filter(|seen| !own(seen)).collect();
    let what: Vec<&str> = seen.iter().map(|seen| seen.what.as_str()).collect();
    if what != expect.reached.iter().map(String::as_str).collect::<Vec<_>>() {
        return Err(format!("the cluster saw {what:?}, not {:?}", expect.reached));
    }
    match seen.last() {
        Some(last) if !expect.body.is_null() && !contains(&last.body, &expect.body) => {
            Err(format!("the cluster read the body {}", last.body))
        }
        _ => Ok(()),
    }
}

fn left_as_expected(stage: &Stage, case: &Case) -> Result<(), String> {
    let there = |path: &String| stage.cluster.admin().run(&["get", "--raw", path]).ok();
    if let Some(path) = case.expect.absent.iter().find(|path| there(path)) {
        return Err(format!("{path} is there"));
    }
    match case.expect.present.iter().find(|path| !there(path)) {
        Some(path) => Err(format!("{path} is gone")),
        None => Ok(()),
    }
}

/// Whether `whole` has every member that `part` has, with its value.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(key, value)| contains(whole.get(key).unwrap_or(&Value::Null), value)),
        _ => whole == part,
    }
}

fn shows_no_secret(answer: &Response) -> Result<(), String> {
    let text = answer.text();
    for form in [PASSWORD.to_owned(), STANDARD.encode(PASSWORD)] {
        if text.contains(&form[..16]) {
            return Err(format!("the answer shows the Secret: {text}"));
        }
    }
    Ok(())
}

fn told(seen: &[Seen]) -> String {
    let what: Vec<&str> = seen.iter().map(|seen| seen.what.as_str()).collect();
    format!("{what:?}")
}
