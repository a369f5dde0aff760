//! Limits of all calls together: how many instances a plugin takes, and how much it logs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::component::bundle;
use portcullis_tests::https::Response;
use portcullis_tests::stub::Stub;
use portcullis_tests::wait::Raise;
use portcullis_tests::zoo::{at_request, waits_for_the_cluster};
use portcullis_tests::{Gateway, Options, places, until};

/// A value of the gateway's metrics, by its whole name; zero when it is not there.
fn metric(gateway: &Gateway, name: &str) -> u64 {
    let address = gateway.ready.metrics.trim_start_matches("http://").split('/').next().expect("an address").to_owned();
    let mut stream = TcpStream::connect(&address).expect("metrics are served");
    stream.write_all(format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).expect("it listens");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it answers");
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or_default()
}

fn create(gateway: &Gateway, namespace: &str) -> Response {
    let token = format!("Bearer {}", gateway.token("devin"));
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let path = gateway.path(&format!("/api/v1/namespaces/{namespace}/configmaps"));
    gateway.client().request("POST", &path, &headers, br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"zoo"}}"#)
}

/// Epochs do not run while the gateway itself waits, so the deadline has to cover that too; and meanwhile each call keeps its instance.
#[test]
fn a_policy_that_hangs_in_a_host_call_meets_its_deadline_and_leaves_instances_for_the_others() {
    let over = Arc::new(AtomicBool::new(false));
    let cluster = Stub::start();
    let hung = over.clone();
    cluster.does("/api/v1/namespaces/hangs/configmaps", move |_| {
        while !hung.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    let entry = |name: &str| format!("  - {{ name: {name}, world: guard, component: waits.wasm, match: {{ namespaces: [{name}] }}, limits: {{ deadline: 1s, instances: 4 }} }}\n");
    bundle(&dir, &format!("{}{}", entry("hangs"), entry("serves")), &[("waits.wasm", waits_for_the_cluster())]);
    let gateway = Gateway::start(Options { bundle: Some(dir), kubeconfig: Some(cluster.kubeconfig(folder.path())) });
    let told = Mutex::new(Vec::new());
    // Not before everybody has been answered: a cluster that goes on would let the requests through.
    let _end = Raise(&over);
    thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                let response = create(&gateway, "hangs");
                assert_eq!((response.status, response.cause().as_str()), (403, "PolicyFailed"), "{}", response.text());
                told.lock().expect("nobody panics").push(response.text());
            });
        }
        until(Duration::from_secs(20), "for the first to hang", || (!cluster.heads("/api/v1/namespaces/hangs/configmaps").is_empty()).then_some(()));
        for _ in 0..20 {
            let response = create(&gateway, "serves");
            assert_eq!(response.status, 200, "another policy has no instance: {}", response.text());
        }
    });
    let told = told.into_inner().expect("nobody panics");
    let of = |part: &str| told.iter().filter(|text| text.contains("`hangs`") && text.contains(part)).count();
    let (late, turned_away) = (of("did not answer within its 1s"), of("the 4 instances that it may have at one time are all in use"));
    assert!(late >= 1 && turned_away >= 1 && late + turned_away == 24, "{told:?}");
    assert_eq!(metric(&gateway, "portcullis_plugin_failures_total{plugin=\"hangs\",kind=\"instances\"}"), turned_away as u64);
    assert_eq!(metric(&gateway, "portcullis_plugin_failures_total{plugin=\"serves\",kind=\"instances\"}"), 0);
}

/// Each call stays within its own lines, and all of them together would fill a disk.
#[test]
fn a_policy_that_logs_on_each_call_is_held_to_its_lines_a_second() {
    const NAME: &str = "log-on-each-call";
    const RATE: u64 = 20;
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    let animal = at_request().into_iter().find(|animal| animal.name == NAME).expect("it is in the zoo");
    assert!(animal.more.contains(&format!("log-lines-per-second: {RATE}")), "{}", animal.more);
    bundle(&dir, &animal.entry(), &[("log-on-each-call.wasm", animal.wasm)]);
    let gateway = Gateway::start(Options { bundle: Some(dir), ..Options::default() });
    let token = format!("Bearer {}", gateway.token("devin"));
    let client = gateway.client();
    let begun = Instant::now();
    for _ in 0..100 {
        let path = gateway.path(&format!("/api/v1/namespaces/{NAME}/configmaps"));
        assert_eq!(client.request("GET", &path, &[("authorization", &token)], b"").status, 200, "logging costs no request");
    }
    let lines = |part: &str| gateway.log().lines().filter(|line| line.contains(NAME) && line.contains(part)).count() as u64;
    until(Duration::from_secs(20), "for what was dropped to be told", || (lines("of a plugin's lines were dropped") > 0).then_some(()));
    let (written, dropped) = (lines("my-rule"), metric(&gateway, "portcullis_plugin_dropped_log_lines_total{plugin=\"log-on-each-call\"}"));
    // A second's worth at once, and what the time gave.
    let most = RATE * (begun.elapsed().as_secs() + 2);
    assert!((RATE..=most).contains(&written), "{written} lines were written, of {most} at most");
    assert_eq!(written + dropped, 400, "each of the four lines of a hundred calls is written or counted");
    assert!(lines("of a plugin's lines were dropped") <= begun.elapsed().as_secs() + 1, "a line a second says so");
}
