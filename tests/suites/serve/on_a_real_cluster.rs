//! In front of a real API server that knows who asks.

use std::fs;
use std::time::Duration;

use portcullis_tests::https::Client;
use portcullis_tests::{Cluster, Gateway, Options, Served, Serving, places, until};

fn served(cluster: &Cluster, stage: &Gateway) -> Served {
    let bundle = places::bundle("observe");
    Served::start(stage, Serving { kubeconfig: &cluster.ready.gateway_kubeconfig, bundle: &bundle, impersonate: true, more: "" })
}

#[test]
fn the_api_server_sees_who_asks_and_its_own_rbac_applies() {
    let (cluster, stage) = (Cluster::start(), Gateway::start(Options::default()));
    let served = served(&cluster, &stage);
    let devin = served.kubectl(&stage, "devin");

    let refused = devin.run(&["get", "configmaps", "-n", "default"]);
    assert!(refused.stderr.contains(r#"User "portcullis:devin" cannot list resource "configmaps""#), "{refused:?}");
    cluster.admin().must(&["create", "clusterrolebinding", "agents", "--clusterrole=view", "--group=portcullis:agents"]);
    until(Duration::from_secs(10), "for the binding to hold", || devin.run(&["get", "configmaps", "-n", "default"]).ok().then_some(()));

    let seen = cluster.seen("/namespaces/default/configmaps");
    let event = seen.last().expect("the API server has seen it");
    assert_eq!(event["user"]["username"], "gateway");
    assert_eq!(event["impersonatedUser"]["username"], "portcullis:devin");
    let groups = event["impersonatedUser"]["groups"].to_string();
    assert!(groups.contains("portcullis:agents"), "{groups}");
}

#[test]
fn a_client_cannot_say_who_it_is() {
    let (cluster, stage) = (Cluster::start(), Gateway::start(Options::default()));
    let served = served(&cluster, &stage);
    let client = served.client();
    let token = format!("Bearer {}", stage.token("devin"));
    for (name, value) in [
        ("Impersonate-User", "system:admin"),
        ("Impersonate-Group", "system:masters"),
        ("Impersonate-Extra-Scopes", "all"),
        ("X-Remote-User", "admin"),
        ("Connection", "Impersonate-User"),
    ] {
        let path = format!("/clusters/real/api/v1/namespaces/default/configmaps?asked={}", name.to_lowercase());
        let answer = client.request("GET", &path, &[("Authorization", &token), (name, value)], b"");
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
    }
    assert!(cluster.seen("asked=").is_empty(), "something of it reached the cluster");
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart() {
    let (cluster, stage) = (Cluster::start(), Gateway::start(Options::default()));
    let served = served(&cluster, &stage);
    // Another folder has another authority: what it signed is told apart by who trusts it.
    let other = Gateway::start(Options::default());
    let renewed = Client::new(&served.url, &other.ready.ca_file);
    assert!(renewed.try_request("GET", "/", &[], b"").is_err(), "nobody trusts the new authority's certificate yet");
    for file in ["tls.key", "tls.crt"] {
        fs::copy(other.dir().join("tls").join(file), served.folder.path().join(file)).expect("it can be copied");
    }
    until(Duration::from_secs(15), "for the renewed certificate", || renewed.try_request("GET", "/", &[], b"").ok());
}
