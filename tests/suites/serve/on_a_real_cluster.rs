//! In front of a real API server that knows who asks.

use std::fs::{self, File};
use std::process::{Child, Command};
use std::time::Duration;

use portcullis_tests::https::Client;
use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::process::{Watchdog, end};
use portcullis_tests::{Cluster, Gateway, Options, places, until};

/// A gateway served by a file, which trusts the issuer of a quickstart gateway.
struct Served {
    url: String,
    folder: tempfile::TempDir,
    child: Child,
    _watchdog: Watchdog,
}

impl Served {
    fn start(cluster: &Cluster, stage: &Gateway) -> Self {
        let folder = places::folder();
        for file in ["tls.crt", "tls.key"] {
            fs::copy(stage.dir().join("tls").join(file), folder.path().join(file)).expect("the stage has a certificate");
        }
        let config = format!(
            "listen: 127.0.0.1:0\nmetrics: 127.0.0.1:0\ntls: {{ certificate: tls.crt, key: tls.key }}\nstate: state\n\
             issuers: [{{ issuer: '{}', audiences: [portcullis] }}]\n\
             connections:\n  - name: real\n    kubeconfig: {}\n    impersonate: {{ userPrefix: 'portcullis:', groupPrefix: 'portcullis:' }}\n\
             bundle: {}\n",
            stage.ready.issuer,
            cluster.ready.gateway_kubeconfig.display(),
            places::bundle("observe").display(),
        );
        fs::write(folder.path().join("portcullis.yaml"), config).expect("it can be written");
        let log = folder.path().join("log");
        let output = File::create(&log).expect("it can be written");
        let mut child = Command::new(places::portcullis())
            .args(["serve", "--config"])
            .arg(folder.path().join("portcullis.yaml"))
            .stderr(output)
            .spawn()
            .expect("the gateway runs");
        let url = until(Duration::from_secs(60), "for the gateway to serve", || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                panic!("the gateway ended ({status}): {text}");
            }
            text.split("url=").nth(1)?.split_whitespace().next().map(str::to_owned)
        });
        let watchdog = Watchdog::over(child.id(), folder.path());
        Self { url, folder, child, _watchdog: watchdog }
    }

    /// kubectl as somebody whom the stage's issuer knows.
    fn kubectl(&self, stage: &Gateway, who: &str) -> Kubectl {
        let file = self.folder.path().join(format!("{who}.kubeconfig"));
        let own = fs::read_to_string(stage.kubeconfig(who)).expect("the stage made one");
        let there = format!("{}/clusters/{}", stage.ready.gateway, stage.ready.connection);
        fs::write(&file, own.replace(&there, &format!("{}/clusters/real", self.url))).expect("it can be written");
        Kubectl::new("1.37", &file)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

#[test]
fn the_api_server_sees_who_asks_and_its_own_rbac_applies() {
    let (cluster, stage) = (Cluster::start(), Gateway::start(Options::default()));
    let served = Served::start(&cluster, &stage);
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
    let served = Served::start(&cluster, &stage);
    let client = Client::new(&served.url, &stage.ready.ca_file);
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
    let served = Served::start(&cluster, &stage);
    // Another folder has another authority: what it signed is told apart by who trusts it.
    let other = Gateway::start(Options::default());
    let renewed = Client::new(&served.url, &other.ready.ca_file);
    assert!(renewed.try_request("GET", "/", &[], b"").is_err(), "nobody trusts the new authority's certificate yet");
    for file in ["tls.key", "tls.crt"] {
        fs::copy(other.dir().join("tls").join(file), served.folder.path().join(file)).expect("it can be copied");
    }
    until(Duration::from_secs(15), "for the renewed certificate", || renewed.try_request("GET", "/", &[], b"").ok());
}
