//! The cluster and the gateways of this suite, and how a stream's record is found.

use std::sync::LazyLock;
use std::time::Duration;

use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::process::Running;
use portcullis_tests::{Cluster, Gateway, Options, until};
use serde_json::Value;

pub struct Stage {
    pub cluster: Cluster,
    /// With the default policies: exec waits for a person, what is printed is masked.
    pub guarded: Gateway,
    /// With policies that only record.
    pub observed: Gateway,
}

pub static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let cluster = Cluster::start();
    let guarded = Gateway::start(Options { kubeconfig: Some(cluster.ready.gateway_kubeconfig.clone()), bundle: None });
    Stage { guarded, observed: Gateway::observing(&cluster), cluster }
});

/// A gateway of a test's own, with policies that only record: its memory is of that test alone.
pub fn gateway() -> Gateway {
    Gateway::observing(&STAGE.cluster)
}

pub const SOON: Duration = Duration::from_secs(30);
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: box }\nspec:\n  terminationGracePeriodSeconds: 0\n  containers: [{ name: box, image: nginx }]\n";
/// By which kubectl speaks WebSocket, or is told not to.
pub const CARRIERS: [(&str, &str); 2] = [("websocket", "true"), ("spdy", "false")];

/// A namespace with a pod `box` that runs and serves a page.
pub fn pod(name: &str) -> Kubectl {
    let admin = STAGE.cluster.admin();
    admin.must(&["create", "namespace", name]);
    let admin = admin.within(name);
    running(&admin, POD);
    admin
}

/// Makes a pod `box` and waits until it runs.
pub fn running(admin: &Kubectl, yaml: &str) {
    admin.apply(yaml);
    admin.must(&["wait", "--for=condition=Ready", "pod/box", "--timeout=50s"]);
}

/// kubectl's command, over a carrier.
pub fn start(kubectl: &Kubectl, carrier: &str, arguments: &[&str]) -> Running {
    Running::start(&mut over(kubectl, carrier, arguments))
}

pub fn over(kubectl: &Kubectl, carrier: &str, arguments: &[&str]) -> std::process::Command {
    let mut command = kubectl.command(arguments);
    command.env("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", carrier).env("KUBECTL_PORT_FORWARD_WEBSOCKETS", carrier);
    command
}

/// The one record of a stream in a namespace, with what passed in it.
pub fn recorded(gateway: &Gateway, namespace: &str, subresource: &str) -> (Value, Vec<(String, String)>) {
    let alice = gateway.api("alice");
    let record = until(SOON, "for the stream's record", || {
        let records = alice.audit(&format!("namespace={namespace}&resource=pods"));
        records.into_iter().find(|record| record["request"]["subresource"] == subresource && record["response"]["status"] == 101)
    });
    let passed = passed(gateway, &record);
    (record, passed)
}

/// What passed in a recorded stream: a channel and a text each.
pub fn passed(gateway: &Gateway, record: &Value) -> Vec<(String, String)> {
    let session = record["session"].as_str().expect("a session");
    let lines = gateway.api("alice").get(&format!("/audit/sessions/{session}")).text();
    let id = record["id"].as_str().expect("an id");
    let steps = lines.lines().filter(|line| line.contains(id)).filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let step = steps.into_iter().find(|step| step["record"]["id"] == record["id"]);
    let output = step.expect("the session has the record")["output"].as_array().cloned().unwrap_or_default();
    let text = |chunk: &Value, key: &str| chunk[key].as_str().unwrap_or_default().to_owned();
    output.iter().map(|chunk| (text(chunk, "channel"), text(chunk, "text"))).collect()
}

pub fn on(channel: &str, output: &[(String, String)]) -> String {
    output.iter().filter(|(of, _)| of == channel).map(|(_, text)| text.as_str()).collect()
}
