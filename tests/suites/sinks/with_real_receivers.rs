//! VersityGW for S3, OpenTelemetry's collector for OTLP, and VictoriaLogs, which speaks the protocol of Splunk's HTTP Event Collector: Splunk
//! itself cannot be had. VictoriaLogs looks at no token.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis_tests::served::{Served, Serving};
use portcullis_tests::stub::Stub;
use portcullis_tests::{Gateway, Options, places, until};
use serde_json::Value;

use super::receiver::Receiver;

pub const KEY: (&str, &str) = ("the-access-key", "hunter2-the-secret-key");
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A bundle that allows everything, and delivers.
fn bundle(folder: &Path, sinks: &str) -> PathBuf {
    let to = folder.join("bundle");
    fs::create_dir_all(&to).expect("it can be made");
    for name in ["deny-list", "audit-s3", "audit-otlp", "audit-splunk"] {
        let file = format!("{name}.wasm");
        fs::copy(places::bundle("default").join(&file), to.join(&file)).expect("the default bundle is built");
    }
    let definition = format!(
        "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n  - name: deny-list\n    world: guard\n    component: deny-list.wasm\n    \
         configuration: {{ allow: [{{ rule: everything, match: [{{}}] }}] }}\n{sinks}"
    );
    fs::write(to.join("bundle.yaml"), definition).expect("it can be written");
    to
}

pub fn sink(name: &str, port: u16, configuration: &str) -> String {
    let origin = format!("http://127.0.0.1:{port}");
    let configuration = configuration.replace("ORIGIN", &origin);
    format!("  - {{ name: {name}, world: audit-sink, component: {name}.wasm, configuration: {{ {configuration} }}, capabilities: {{ http: {{ origins: [\"{origin}\"] }} }} }}\n")
}

/// A gateway that delivers, in front of a cluster that answers everything.
pub struct Stage {
    pub stage: Gateway,
    pub served: Served,
    _stub: Stub,
    pub folder: tempfile::TempDir,
}

impl Stage {
    fn start(sinks: &str, ports: &[u16]) -> Stage {
        let origins: Vec<String> = ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect();
        Stage::with(sinks, |_| format!("grants: {{ httpOrigins: {origins:?} }}"))
    }

    /// One with these grants.
    pub fn with(sinks: &str, grants: impl FnOnce(&Gateway) -> String) -> Stage {
        Stage::try_with(sinks, grants).unwrap_or_else(|log| panic!("the gateway ended: {log}"))
    }

    /// The log of one that does not start.
    pub fn refused(sinks: &str, grants: &str) -> String {
        Stage::try_with(sinks, |_| grants.to_owned()).err().expect("it does not start")
    }

    fn try_with(sinks: &str, grants: impl FnOnce(&Gateway) -> String) -> Result<Stage, String> {
        let (stage, stub, folder) = (Gateway::start(Options { bundle: Some(places::bundle("observe")), ..Options::default() }), Stub::start(), places::folder());
        let (bundle, kubeconfig) = (bundle(folder.path(), sinks), stub.kubeconfig(folder.path()));
        let served = Served::try_start(&stage, Serving { kubeconfig: &kubeconfig, bundle: &bundle, impersonate: false, more: &grants(&stage) })?;
        Ok(Stage { stage, served, _stub: stub, folder })
    }

    /// Makes requests, and says their records' ids in order.
    pub fn ask(&self, count: usize) -> Vec<String> {
        let token = format!("Bearer {}", self.stage.token("devin"));
        let mut connection = self.served.client().connect().expect("the gateway is there");
        (0..count)
            .map(|n| {
                let path = format!("/clusters/real/api/v1/namespaces/shop/configmaps/c{n}");
                connection.exchange("GET", &path, &[("authorization", &token)], b"").expect("an answer").record()
            })
            .collect()
    }
}

/// The records of these ids in what arrived, each once and in order. What came twice (at least once is promised) is taken once.
pub fn in_order(arrived: &[Value], wanted: &[String]) -> bool {
    let mut ids: Vec<&str> = arrived.iter().filter_map(|record| record["id"].as_str()).collect();
    ids.dedup();
    let mut rest = ids.iter();
    wanted.iter().all(|id| rest.any(|one| one == id))
}

/// Starts an S3 gateway over a folder with one bucket.
pub fn s3(folder: &Path, port: u16) -> Receiver {
    fs::create_dir_all(folder.join("data/records")).expect("it can be made");
    let address = format!("127.0.0.1:{port}");
    Receiver::start("versitygw", folder, port, &["--access", KEY.0, "--secret", KEY.1, "--port", &address, "posix", "data"])
}

/// The objects of the bucket by their keys.
pub fn objects(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, key: &str, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // The gateway's own, where uploads are until they are whole.
            if name.starts_with(".sgwtmp") {
                continue;
            }
            let key = if key.is_empty() { name } else { format!("{key}/{name}") };
            if entry.path().is_dir() {
                walk(&entry.path(), &key, into);
            } else if let Ok(content) = fs::read(entry.path()) {
                into.insert(key, content);
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(&folder.join("data/records"), "", &mut all);
    all
}

pub fn lines(content: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(content).lines().map(|line| serde_json::from_str(line).expect("a record a line")).collect()
}

/// The sink, with a secret key.
pub fn s3_sink(port: u16, secret: &str) -> String {
    sink("audit-s3", port, &format!("endpoint: \"ORIGIN\", bucket: records, prefix: audit/, access_key_id: {}, secret_access_key: {secret}", KEY.0))
}

#[test]
fn s3_has_every_record_in_order_through_an_outage_and_a_kill() {
    let port = places::free_port();
    let mut stage = Stage::start(&s3_sink(port, KEY.1), &[port]);
    let folder = stage.folder.path().join("s3");
    // Nobody is there yet.
    let mut ids = stage.ask(20);
    let storage = s3(&folder, port);
    let arrived = |ids: &[String]| {
        until(PATIENCE, "for the records", || {
            // Keys sort as the ledger does.
            let records: Vec<Value> = objects(&folder).values().flat_map(|content| lines(content)).collect();
            in_order(&records, ids).then_some(records)
        })
    };
    arrived(&ids);
    storage.stop();
    ids.extend(stage.ask(20));
    stage.served.kill_and_restart();
    ids.extend(stage.ask(20));
    let _storage = s3(&folder, port);
    let records = arrived(&ids);
    for (key, content) in objects(&folder) {
        let first = &lines(&content)[0];
        let day = first["time"].as_str().expect("a time")[..10].replace('-', "/");
        let name = key.strip_prefix(&format!("audit/{day}/")).unwrap_or_else(|| panic!("{key} is of another day than {first}"));
        let position = name.strip_suffix(".jsonl").expect("lines");
        assert!(position.len() == 20 && position.parse::<u64>().is_ok(), "{key}");
    }
    let mut all: Vec<&str> = records.iter().filter_map(|record| record["id"].as_str()).filter(|id| ids.iter().any(|one| one == id)).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "a retry overwrites what it wrote, so nothing is there twice");
    let log = stage.served.log();
    assert!(log.contains("the storage could not be reached"), "{log}");
    assert!(!log.contains("hunter2") && !log.contains(&format!(":{port}/")), "{log}");
}

#[test]
fn s3_refuses_another_key_and_the_operator_is_told_without_it() {
    let port = places::free_port();
    let folder = places::folder();
    let _storage = s3(folder.path(), port);
    let stage = Stage::start(&s3_sink(port, "hunter3-another-key"), &[port]);
    stage.ask(1);
    let log = until(PATIENCE, "for the operator to be told", || Some(stage.served.log()).filter(|log| log.contains("no longer delivered")));
    assert!(log.contains("the storage answered 403: SignatureDoesNotMatch"), "{log}");
    assert!(!log.contains("hunter3") && !log.contains("AWS4-HMAC"), "{log}");
    assert!(objects(folder.path()).is_empty());
}

#[test]
fn opentelemetrys_collector_has_every_record_in_order() {
    let port = places::free_port();
    let configuration = "endpoint: \"ORIGIN\", headers: [{ name: x-tenant, value: shop }], resource: { site: here }";
    let stage = Stage::start(&sink("audit-otlp", port, configuration), &[port]);
    let folder = stage.folder.path().join("collector");
    fs::create_dir_all(&folder).expect("it can be made");
    let file = folder.join("logs.json");
    let collector = format!(
        "receivers: {{ otlp: {{ protocols: {{ http: {{ endpoint: \"127.0.0.1:{port}\" }} }} }} }}\nexporters: {{ file: {{ path: \"{}\" }} }}\n\
         service: {{ telemetry: {{ metrics: {{ level: none }} }}, pipelines: {{ logs: {{ receivers: [otlp], exporters: [file] }} }} }}\n",
        file.display()
    );
    fs::write(folder.join("collector.yaml"), collector).expect("it can be written");
    let mut ids = stage.ask(30);
    let _collector = Receiver::start("collector", &folder, port, &["--config", "file:collector.yaml"]);
    ids.extend(stage.ask(30));
    let logs = until(PATIENCE, "for the records", || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let batches: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let logs: Vec<Value> = batches
            .iter()
            .flat_map(|batch| batch["resourceLogs"].as_array().cloned().unwrap_or_default())
            .flat_map(|resource| {
                let site = resource["resource"]["attributes"].to_string();
                assert!(site.contains(r#""service.name","value":{"stringValue":"portcullis"}"#) && site.contains(r#""site""#), "{site}");
                resource["scopeLogs"][0]["logRecords"].as_array().cloned().unwrap_or_default()
            })
            .collect();
        let records: Vec<Value> = logs.iter().map(|log| serde_json::from_str(log["body"]["stringValue"].as_str().expect("a text")).expect("a record")).collect();
        in_order(&records, &ids).then_some(logs)
    });
    let log = logs.iter().find(|log| log.to_string().contains(&ids[59])).expect("the last one");
    let record: Value = serde_json::from_str(log["body"]["stringValue"].as_str().expect("a text")).expect("a record");
    assert_eq!((&log["severityText"], &log["eventName"]), (&"INFO".into(), &"portcullis.request".into()), "{log}");
    let nanoseconds: u128 = log["timeUnixNano"].as_str().and_then(|text| text.parse().ok()).expect("a time");
    assert!(record["time"].as_str().expect("a time").ends_with(&format!("{:06}Z", nanoseconds / 1000 % 1_000_000)), "{record} at {nanoseconds}");
    let attributes = log["attributes"].to_string();
    for part in [r#""k8s.namespace.name","value":{"stringValue":"shop"}"#, r#""user.name","value":{"stringValue":"devin"}"#, r#""portcullis.verb","value":{"stringValue":"get"}"#] {
        assert!(attributes.contains(part), "{attributes}");
    }
}

/// A question to VictoriaLogs, whose answer comes in chunks: what is between them is no JSON and is passed over.
fn query(port: u16, query: &str) -> Vec<Value> {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return Vec::new() };
    let request = format!("GET /select/logsql/query?query={query} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let mut answer = String::new();
    if stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer)).is_err() {
        return Vec::new();
    }
    answer.lines().filter(|line| line.starts_with('{')).filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_collector_of_splunks_protocol_has_every_record_with_its_time() {
    let port = places::free_port();
    let stage = Stage::start(&sink("audit-splunk", port, "url: \"ORIGIN\", token: hunter2-token, index: audit, host: gate-1"), &[port]);
    let folder = stage.folder.path().join("victoria");
    let address = format!("-httpListenAddr=127.0.0.1:{port}");
    let mut ids = stage.ask(30);
    let _collector = Receiver::start("victoria-logs", &folder, port, &["-storageDataPath=data", &address]);
    ids.extend(stage.ask(30));
    let events = until(PATIENCE, "for the records", || {
        let events = query(port, "*%20%7C%20limit%2010000");
        let there = |id: &String| events.iter().any(|event| event["event.id"] == id.as_str());
        ids.iter().all(there).then_some(events)
    });
    for id in &ids {
        let event = events.iter().find(|event| event["event.id"] == id.as_str()).expect("it is there");
        assert_eq!((&event["host"], &event["source"], &event["sourcetype"]), (&"gate-1".into(), &"portcullis".into(), &"portcullis:audit".into()), "{event}");
        // The database's time is the record's own, to the microsecond.
        let (took, said) = (event["_time"].as_str().expect("a time"), event["event.time"].as_str().expect("a time"));
        assert_eq!(took.trim_end_matches('Z').trim_end_matches('0'), said.trim_end_matches('Z').trim_end_matches('0'), "{event}");
    }
    assert!(!stage.served.log().contains("hunter2"));
}
