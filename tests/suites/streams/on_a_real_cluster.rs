//! On a real kubelet's streams, with the default policies unless a test says otherwise.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::process::{self, Running};
use portcullis_tests::{Cluster, Gateway, Options, places, until};
use serde_json::Value;

struct Stage {
    cluster: Cluster,
    /// With the default policies: exec waits for a person, what is printed is masked.
    guarded: Gateway,
    /// With policies that only record.
    observed: Gateway,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let cluster = Cluster::start();
    let kubeconfig = Some(cluster.ready.gateway_kubeconfig.clone());
    let guarded = Gateway::start(Options { kubeconfig: kubeconfig.clone(), bundle: None });
    let observed = Gateway::start(Options { kubeconfig, bundle: Some(places::bundle("observe")) });
    Stage { cluster, guarded, observed }
});

const SOON: Duration = Duration::from_secs(30);
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: box }\nspec:\n  terminationGracePeriodSeconds: 0\n  containers: [{ name: box, image: nginx }]\n";
/// By which kubectl speaks WebSocket, or is told not to.
const CARRIERS: [(&str, &str); 2] = [("websocket", "true"), ("spdy", "false")];

/// A namespace with a pod that runs.
fn pod(name: &str) -> Kubectl {
    let admin = STAGE.cluster.admin();
    admin.must(&["create", "namespace", name]);
    let admin = admin.within(name);
    admin.apply(POD);
    admin.must(&["wait", "--for=condition=Ready", "pod/box", "--timeout=50s"]);
    admin
}

fn start(kubectl: &Kubectl, carrier: &str, arguments: &[&str]) -> Running {
    let mut command = kubectl.command(arguments);
    command.env("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", carrier).env("KUBECTL_PORT_FORWARD_WEBSOCKETS", carrier);
    Running::start(&mut command)
}

/// The one record of a stream in a namespace, with what passed in it.
fn recorded(gateway: &Gateway, namespace: &str, subresource: &str) -> (Value, Vec<(String, String)>) {
    let alice = gateway.api("alice");
    let record = until(SOON, "for the stream's record", || {
        let records = alice.audit(&format!("namespace={namespace}&resource=pods"));
        records.into_iter().find(|record| record["request"]["subresource"] == subresource && record["response"]["status"] == 101)
    });
    let session = record["session"].as_str().expect("a session");
    let lines = alice.get(&format!("/audit/sessions/{session}")).text();
    let step = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|step| step["record"]["id"] == record["id"]);
    let output = step.expect("the session has the record")["output"].as_array().cloned().unwrap_or_default();
    let text = |chunk: &Value, key: &str| chunk[key].as_str().unwrap_or_default().to_owned();
    (record, output.iter().map(|chunk| (text(chunk, "channel"), text(chunk, "text"))).collect())
}

fn on(channel: &str, output: &[(String, String)]) -> String {
    output.iter().filter(|(of, _)| of == channel).map(|(_, text)| text.as_str()).collect()
}

#[test]
fn what_a_command_prints_is_masked_and_recorded_by_channel_with_its_exit_code() {
    for (carrier, flag) in CARRIERS {
        let namespace = format!("printed-{carrier}");
        pod(&namespace);
        let devin = STAGE.guarded.kubectl("1.37", "devin").within(&namespace);
        let script = "read line; echo got $line; echo password=hunter2hunter2; echo complaint >&2; exit 7";
        let mut held = start(&devin, flag, &["exec", "-i", "box", "--", "sh", "-c", script]);
        let alice = STAGE.guarded.api("alice");
        let approval = alice.pending(&namespace);
        assert_eq!(alice.decide(&approval, true).status, 200);
        held.write(b"typed\n");
        held.close();
        let output = held.finish(SOON);
        assert_eq!(output.code, 7, "{output:?}");
        assert!(output.stdout.contains("got typed") && output.stdout.contains("password=masked:v1:"), "{output:?}");
        assert!(!output.all().contains("hunter2"), "{output:?}");
        assert!(output.stderr.contains("complaint"), "{output:?}");

        let (record, passed) = recorded(&STAGE.guarded, &namespace, "exec");
        assert!(record["message"].as_str().is_some_and(|message| message.contains("exit code 7")), "{record}");
        assert_eq!(record["response"]["masked"], 1, "{record}");
        assert_eq!(on("stdin", &passed), "typed\n");
        assert_eq!(on("stdout", &passed), output.stdout, "as the agent saw it");
        assert_eq!(on("stderr", &passed), "complaint\n");
    }
}

#[test]
fn a_terminal_prompts_is_resized_and_gives_its_exit_code() {
    pod("terminal");
    let observed = STAGE.observed.kubectl("1.37", "devin").within("terminal");
    let output = observed.on_terminal(&["exec", "-it", "box", "--", "sh"], "stty size\nexit 5\n");
    assert_eq!(output.code, 5, "{output:?}");
    let (record, passed) = recorded(&STAGE.observed, "terminal", "exec");
    assert!(record["message"].as_str().is_some_and(|message| message.contains("exit code 5")), "{record}");
    assert!(on("stdout", &passed).contains("stty size"), "the terminal's echo: {passed:?}");
}

#[test]
fn a_stream_is_cut_within_a_second_of_its_sessions_end() {
    pod("cut");
    // Not the identity of the other tests: they share a session, and it is ended here.
    let observed = STAGE.observed.kubectl("1.37", "bob").within("cut");
    let running = observed.start(&["exec", "box", "--", "sh", "-c", "echo begun; sleep 600"]);
    until(SOON, "for the command to begin", || running.stdout().contains("begun").then_some(()));
    let records = STAGE.observed.api("alice").audit("namespace=cut&resource=pods");
    let record = records.iter().find(|record| record["request"]["subresource"] == "exec").expect("its intent is recorded");
    let session = record["session"].as_str().expect("a session").to_owned();
    let revoked = STAGE.observed.cli("bob", &["session", "revoke", &session]);
    assert!(revoked.ok(), "{revoked:?}");
    let begun = Instant::now();
    let output = running.finish(SOON);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(output.code != 0 && output.stderr.contains("session"), "{output:?}");
}

#[test]
fn a_hundred_megabytes_are_copied_each_way() {
    let admin = pod("large");
    let folder = STAGE.observed.scratch().join("large");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join("file");
    let mut word = 0x2545_f491_4f6c_dd1d_u64;
    let bytes: Vec<u8> = (0..100 << 17)
        .flat_map(|_| {
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            word.to_le_bytes()
        })
        .collect();
    std::fs::write(&file, &bytes).expect("it can be written");
    let observed = STAGE.observed.kubectl("1.37", "devin").within("large");
    let limit = Duration::from_secs(180);
    let copied = |from: &str, to: &str| process::run(&mut observed.command(&["cp", from, to]), b"", limit).expect_ok();
    copied(&file.display().to_string(), "box:/tmp/file");
    assert_eq!(admin.must(&["exec", "box", "--", "sh", "-c", "wc -c < /tmp/file"]).trim(), bytes.len().to_string());
    let back = folder.join("back");
    copied("box:/tmp/file", &back.display().to_string());
    assert!(std::fs::read(&back).expect("it came back") == bytes, "it came back changed");
    assert!(STAGE.observed.memory() < 300 << 20, "{} MiB", STAGE.observed.memory() >> 20);
}

/// kubectl's own words for a forwarded port.
fn forwarded(running: &Running) -> u16 {
    until(SOON, "for the port", || running.stdout().split_once("127.0.0.1:")?.1.split(' ').next()?.parse().ok())
}

fn fetch(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(SOON)).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\nhost: box\r\n\r\n").ok()?;
    let mut page = String::new();
    stream.read_to_string(&mut page).ok()?;
    Some(page)
}

#[test]
fn forwarded_connections_are_counted_and_a_pod_that_dies_ends_them() {
    for (carrier, flag) in CARRIERS {
        let namespace = format!("forward-{carrier}");
        let admin = pod(&namespace);
        let observed = STAGE.observed.kubectl("1.37", "devin").within(&namespace);
        let running = start(&observed, flag, &["port-forward", "pod/box", ":80"]);
        let port = forwarded(&running);
        let pages: Vec<_> = std::thread::scope(|scope| {
            let fetches: Vec<_> = (0..4).map(|_| scope.spawn(|| fetch(port))).collect();
            fetches.into_iter().map(|fetch| fetch.join().expect("a page")).collect()
        });
        assert!(pages.iter().flatten().filter(|page| page.contains("200")).count() == 4, "{pages:?}");
        admin.must(&["delete", "pod", "box", "--wait=true"]);
        // As without the gateway: the next connection fails, and kubectl says why.
        assert!(fetch(port).is_none_or(|page| page.is_empty()));
        until(SOON, "for kubectl to say that the pod is lost", || running.stderr().contains("error").then_some(()));
        running.kill();
        let (record, passed) = recorded(&STAGE.observed, &namespace, "portforward");
        assert!(record["message"].as_str().is_some_and(|message| message.contains("ports: 80")), "{record}");
        assert!(on("forward", &passed).matches("port 80: opened").count() >= 4, "{passed:?}");
    }
}
