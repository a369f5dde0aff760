//! Components that try to escape, exhaust, stall or lie cost their one request a refusal, or never go live, and nobody else anything (P7).
//!
//! `portcullis_tests::zoo` has them all, each with what must be said of it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::component::{OBSERVE, bundle, save};
use portcullis_tests::https::Response;
use portcullis_tests::wait::Raise;
use portcullis_tests::zoo::{self, Animal};
use portcullis_tests::{Gateway, Options, places, until};

#[path = "hostile/limits.rs"]
mod limits;

/// All that go live, in one bundle.
static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    zoo::write_bundle(&dir);
    Gateway::start(Options { bundle: Some(dir), ..Options::default() })
});

/// Devin's request to one namespace, for one resource of the core group; with a body it creates a ConfigMap.
fn request(namespace: &str, resource: &str, body: bool) -> Response {
    let gateway = &*GATEWAY;
    let token = format!("Bearer {}", gateway.token("devin"));
    let group = if resource == "deployments" { "apis/apps/v1" } else { "api/v1" };
    let path = gateway.path(&format!("/{group}/namespaces/{namespace}/{resource}"));
    match body {
        false => gateway.client().request("GET", &path, &[("authorization", &token)], b""),
        true => {
            let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
            gateway.client().request("POST", &path, &headers, br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"zoo"}}"#)
        }
    }
}

/// The request that an animal is asked about.
fn meet(animal: &Animal) -> Response {
    let namespace = if animal.world == "masker" { "default" } else { animal.name };
    request(namespace, animal.resource(), animal.body)
}

#[test]
fn the_zoo_is_large_enough() {
    let (at_load, at_request) = (zoo::at_load(), zoo::at_request());
    let names: std::collections::BTreeSet<_> = at_load.iter().chain(&at_request).map(|animal| animal.name).collect();
    assert_eq!(names.len(), at_load.len() + at_request.len(), "each has a name of its own");
    assert!(names.len() >= 25, "{}", names.len());
}

#[test]
fn each_that_goes_live_is_a_refusal_that_names_it_and_what_it_did() {
    let mut wrong = Vec::new();
    for animal in zoo::at_request() {
        let name = animal.name;
        let response = meet(&animal);
        let text = response.text();
        let well = match animal.told {
            None => response.cause() != "PolicyFailed",
            Some(told) => {
                let message = response.json()["message"].as_str().unwrap_or_default().to_owned();
                (response.status, response.cause().as_str()) == (403, "PolicyFailed") && message.contains(&format!("`{name}`")) && message.contains(told)
            }
        };
        if !well {
            wrong.push(format!("{name}: {} {text}", response.status));
        } else if animal.told.is_some() {
            let record = GATEWAY.api("alice").record(&response.record());
            assert_eq!((&record["refusal"]["cause"], &record["decision"]), (&"PolicyFailed".into(), &"deny".into()), "{name}: {record}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(request("default", "configmaps", false).status, 200);
}

#[test]
fn other_requests_go_on_meanwhile() {
    request("default", "configmaps", false);
    let pid = GATEWAY.ready.pid;
    let over = AtomicBool::new(false);
    let animals = zoo::at_request();
    thread::scope(|scope| {
        let _end = Raise(&over);
        for part in animals.chunks(animals.len().div_ceil(4)) {
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    part.iter().for_each(|animal| drop(meet(animal)));
                }
            });
        }
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let one = Instant::now();
            let response = request("default", "configmaps", false);
            slowest = slowest.max(one.elapsed());
            assert_eq!(response.status, 200, "another request was hurt: {}", response.text());
        }
        println!("50 good requests among the others took {:?}, the slowest {slowest:?}", begun.elapsed());
    });
    assert!(std::fs::metadata(format!("/proc/{pid}")).is_ok(), "it is still the same process");
    let memory = GATEWAY.memory() >> 20;
    assert!(memory < 700, "{memory} MiB");
}

#[test]
fn a_masker_that_fails_is_found_out_before_a_write_is_forwarded() {
    let gateway = &*GATEWAY;
    let token = format!("Bearer {}", gateway.token("devin"));
    let headers = [("authorization", token.as_str()), ("content-type", "application/merge-patch+json")];
    let path = gateway.path("/apis/apps/v1/namespaces/default/deployments/web");
    let response = gateway.client().request("PATCH", &path, &headers, br#"{"spec":{"replicas":7}}"#);
    assert_eq!((response.status, response.cause().as_str()), (403, "PolicyFailed"), "{}", response.text());
    // The scale is of another resource, which the masker is not asked about.
    let scale = gateway.client().request("GET", &format!("{path}/scale"), &[("authorization", &token)], b"");
    if scale.status == 200 {
        assert_eq!(scale.json()["spec"]["replicas"], 2, "{}", scale.text());
    }
}

#[test]
fn each_that_must_not_go_live_is_refused_by_name_and_the_last_good_set_serves() {
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    bundle(&dir, "", &[]);
    let gateway = Gateway::start(Options { bundle: Some(dir), ..Options::default() });
    let live = gateway.ready.policies_dir.clone();
    let alice = gateway.api("alice");
    let generation = alice.policy()["generation"].clone();
    let mut wrong = Vec::new();
    for animal in zoo::at_load() {
        let name = animal.name;
        std::fs::write(live.join(format!("{name}.wasm")), &animal.wasm).expect("the bundle can be written");
        save(&live, "bundle.yaml", &format!("apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n{OBSERVE}{}", animal.entry()));
        let status = until(Duration::from_secs(40), &format!("for {name} to be refused"), || {
            let status = alice.policy();
            status["rejected"]["message"].as_str().is_some_and(|message| message.contains(&format!("`{name}`"))).then_some(status)
        });
        let message = status["rejected"]["message"].as_str().unwrap_or_default();
        if !message.contains(animal.told.expect("what is said of it")) || message.contains('\u{1b}') {
            wrong.push(format!("{name}: {message}"));
        }
        assert_eq!(status["generation"], generation, "{name} went live");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    gateway.kubectl("1.37", "devin").must(&["get", "namespaces"]);
}
