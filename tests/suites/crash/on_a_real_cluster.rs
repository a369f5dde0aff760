//! Killed under a load of writes, again and again: nothing happened in the cluster that is not in the log (P3, P9, P12).

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::wait::Raise;
use portcullis_tests::{Cluster, Gateway, until};
use serde_json::Value;

const KILLS: usize = 20;
const WRITERS: usize = 3;
/// How many writes each round waits for before it kills; the kill then hits whatever is under way.
const WRITES: usize = 12;

/// A write that the client was told of: the record's id, and the status.
type Told = (String, u16);

#[test]
fn killed_twenty_times_under_a_load_of_writes_every_object_has_its_record_and_the_chain_verifies() {
    let cluster = Cluster::start();
    let admin = cluster.admin();
    admin.must(&["create", "namespace", "crash"]);
    let mut gateway = Gateway::observing(&cluster);
    let told: Mutex<Vec<Told>> = Mutex::default();
    let mut slowest = Duration::ZERO;
    for round in 0..KILLS {
        kill_under_load(&mut gateway, round, &told);
        let begun = Instant::now();
        gateway.restart();
        slowest = slowest.max(begun.elapsed());
    }
    let answer = gateway.kubectl("1.37", "devin").run(&["get", "configmaps", "-n", "crash"]);
    assert!(answer.ok(), "after the last kill it serves: {answer:?}");
    let told = told.into_inner().expect("no writer panics");
    println!("{} writes were answered over {KILLS} kills; the slowest start took {slowest:?}", told.len());
    assert!(told.len() >= KILLS * WRITES);

    let records: HashMap<String, Value> =
        gateway.api("alice").audit("verb=create&resource=configmaps").into_iter().filter_map(|record| Some((record["id"].as_str()?.to_owned(), record))).collect();
    every_object_has_its_record(&cluster, &records);
    for (id, status) in &told {
        let record = records.get(id).unwrap_or_else(|| panic!("the client was answered for {id}, which has no record"));
        assert_eq!(record["response"]["status"], *status, "{record}");
    }
    gateway.stop();
    let verified = gateway.verify(&gateway.ledger());
    assert_eq!(verified.code, 0, "{verified:?}");
}

/// The cluster's own audit log knows each write by the id of the gateway's record.
fn every_object_has_its_record(cluster: &Cluster, records: &HashMap<String, Value>) {
    let made: HashMap<String, String> = cluster
        .seen("/api/v1/namespaces/crash/configmaps")
        .into_iter()
        // Where the gateway was gone before the answer, the log has another code than 201; each name is used once.
        .filter(|event| event["verb"] == "create")
        .filter_map(|event| Some((event["objectRef"]["name"].as_str()?.to_owned(), event["auditID"].as_str()?.to_owned())))
        .collect();
    let listed = cluster.admin().must(&["get", "configmaps", "-n", "crash", "-o", "name"]);
    let objects: HashSet<&str> = listed.lines().filter_map(|line| line.strip_prefix("configmap/")).filter(|name| name.starts_with("w-")).collect();
    assert!(objects.len() >= KILLS * WRITES, "{} objects", objects.len());
    let mut unknown = 0;
    for name in objects {
        let id = made.get(name).unwrap_or_else(|| panic!("the cluster's log does not know how {name} was made"));
        let record = records.get(id).unwrap_or_else(|| panic!("{name} is in the cluster, and the request {id} that made it has no record"));
        assert_eq!((&record["identity"]["subject"], &record["decision"]), (&"devin".into(), &"allow".into()), "{record}");
        unknown += usize::from(record["response"]["status"] != 201);
    }
    println!("{unknown} objects were made by requests whose answer was cut off; their intent is in the log");
}

fn kill_under_load(gateway: &mut Gateway, round: usize, told: &Mutex<Vec<Told>>) {
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let client = gateway.client();
    let (authorization, path) = (format!("Bearer {}", gateway.token("devin")), gateway.path("/api/v1/namespaces/crash/configmaps"));
    thread::scope(|scope| {
        let _end = Raise(&over);
        for writer in 0..WRITERS {
            let (client, authorization, path, over, answered) = (&client, &authorization, &path, &over, &answered);
            scope.spawn(move || {
                let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
                let Ok(mut connection) = client.connect() else { return };
                for n in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let body = format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"w-{round}-{writer}-{n}"}},"data":{{"n":"{n}"}}}}"#);
                    // The kill ends the connection: then nobody was told anything.
                    let Ok(response) = connection.exchange("POST", path, &headers, body.as_bytes()) else { return };
                    assert_eq!(response.status, 201, "{}", response.text());
                    told.lock().expect("no writer panics").push((response.record(), response.status));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until(Duration::from_secs(30), "for writes to be answered", || (answered.load(Ordering::Relaxed) >= WRITES).then_some(()));
        gateway.kill();
    });
}
