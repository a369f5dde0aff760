//! On a real Kubernetes with the default policies, a second guard that judges the same writes, and a custom resource whose
//! token is masked.

use std::fs;
use std::sync::LazyLock;

use portcullis_tests::https::Response;
use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::{Cluster, Gateway, Options, places};

#[path = "access_reviews.rs"]
mod access_reviews;
#[path = "oracles.rs"]
mod oracles;
#[path = "tables.rs"]
mod tables;
#[path = "trails.rs"]
mod trails;
#[path = "watches.rs"]
mod watches;

struct Stage {
    cluster: Cluster,
    gateway: Gateway,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let cluster = Cluster::start();
    let folder = places::folder();
    let bundle = folder.path().join("bundle");
    places::copy(&places::bundle("default"), &bundle);
    let text = fs::read_to_string(bundle.join("bundle.yaml")).expect("a bundle has one");
    let own = "    configuration:\n      show: token\n";
    let rules = "      rules: [{ name: token, groups: [toys.example.org], resources: [widgets], paths: [/spec/token] }]\n";
    assert_eq!(text.matches(own).count(), 1, "the masker's configuration is another");
    let text = text.replace(own, &format!("{own}{rules}")).replacen("plugins:\n", SECOND, 1);
    fs::write(bundle.join("bundle.yaml"), text).expect("the folder can be written");
    let gateway = Gateway::start(Options { kubeconfig: Some(cluster.ready.gateway_kubeconfig.clone()), bundle: Some(bundle) });
    Stage { cluster, gateway }
});

/// It reads the same previews as the first, and allows what that one does not know.
const SECOND: &str = "plugins:
  - name: second-opinion
    world: guard
    component: deny-list.wasm
    configuration:
      checks: [{ check: privileged-pods, then: deny }, { check: pod-secrets, then: approve }]
      allow: [{ rule: widgets, match: [{ groups: [toys.example.org], verbs: [get, list, watch] }] }]
";

/// A namespace of a test's own: the administrator's kubectl in it.
fn namespace(name: &str) -> Kubectl {
    let admin = STAGE.cluster.admin();
    admin.must(&["create", "namespace", name]);
    admin.within(name)
}

/// The agent's `Authorization`.
fn bearer() -> String {
    format!("Bearer {}", STAGE.gateway.token("devin"))
}

/// A GET as the agent.
fn get(path: &str, headers: &[(&str, &str)]) -> Response {
    let token = bearer();
    let headers = [&[("authorization", token.as_str())], headers].concat();
    STAGE.gateway.client().request("GET", &STAGE.gateway.path(path), &headers, b"")
}
