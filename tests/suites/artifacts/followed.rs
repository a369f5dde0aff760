//! A gateway that serves what a tag stands for.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::Duration;

use portcullis_tests::api::Api;
use portcullis_tests::https::Client;
use portcullis_tests::process::{Watchdog, end};
use portcullis_tests::{Gateway, Options, places, until};
use serde_json::Value;

use super::{Stage, bundle};

pub const SOON: Duration = Duration::from_secs(30);

/// A gateway by its configuration file, which can be killed and started again. Its issuer and its cluster are those of a quickstart gateway.
pub struct Follower {
    stage: Gateway,
    folder: tempfile::TempDir,
    url: String,
    metrics: u16,
    process: Option<(Child, Watchdog)>,
}

impl Follower {
    /// # Errors
    /// With its log, when it ends instead of serving.
    pub fn start(reference: &str, more: &str) -> Result<Follower, String> {
        let (stage, folder) = (Gateway::start(Options { bundle: Some(places::bundle("observe")), ..Options::default() }), places::folder());
        for file in ["tls.crt", "tls.key"] {
            fs::copy(stage.dir().join("tls").join(file), folder.path().join(file)).expect("the stage has a certificate");
        }
        let metrics = places::free_port();
        let config = format!(
            "listen: 127.0.0.1:0\nmetrics: 127.0.0.1:{metrics}\ntls: {{ certificate: tls.crt, key: tls.key }}\nstate: state\n\
             issuers: [{{ issuer: '{}', audiences: [portcullis] }}]\nconnections: [{{ name: demo, kubeconfig: {} }}]\n\
             access: {{ operators: [approvers], auditors: [approvers] }}\nbundle: {reference}\nregistry: {{ interval: 1s }}\n{more}\n",
            stage.ready.issuer,
            stage.dir().join("state/upstream.kubeconfig").display(),
        );
        fs::write(folder.path().join("portcullis.yaml"), config).expect("it can be written");
        let mut follower = Follower { stage, folder, url: String::new(), metrics, process: None };
        follower.serve().map(|()| follower)
    }

    pub fn serve(&mut self) -> Result<(), String> {
        let log = self.folder.path().join("log");
        let mut command = Command::new(places::portcullis());
        command.args(["serve", "--config"]).arg(self.folder.path().join("portcullis.yaml")).env("HOME", self.folder.path());
        let mut child = command.stderr(File::create(&log).expect("it can be written")).spawn().expect("the gateway runs");
        let watchdog = Watchdog::over(child.id(), self.folder.path());
        self.url = until(Duration::from_secs(90), "for the gateway to serve", || {
            let ended = child.try_wait().expect("a child can be waited for").is_some();
            let text = fs::read_to_string(&log).unwrap_or_default();
            match text.split("url=").nth(1).and_then(|rest| rest.split_whitespace().next()) {
                Some(url) => Some(Ok(url.to_owned())),
                None => ended.then_some(Err(text)),
            }
        })?;
        self.process = Some((child, watchdog));
        Ok(())
    }

    pub fn kill(&mut self) {
        if let Some((mut child, watchdog)) = self.process.take() {
            drop(watchdog);
            end(&mut child);
        }
    }

    fn client(&self) -> Client {
        Client::new(&self.url, &self.stage.ready.ca_file)
    }

    pub fn policy(&self) -> Value {
        Api::new(self.client(), &self.stage.token("alice")).policy()
    }

    /// The status of an agent's plain read.
    pub fn read(&self) -> u16 {
        let token = format!("Bearer {}", self.stage.token("devin"));
        self.client().request("GET", "/clusters/demo/api/v1/namespaces/shop/configmaps/web", &[("authorization", &token)], b"").status
    }

    /// How many sets were rejected since it was started.
    pub fn rejections(&self) -> u64 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.metrics)).expect("metrics are served");
        stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("it listens");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let rejected = |line: &&str| line.starts_with("portcullis_policy") && line.contains("reject");
        let line = text.lines().find(rejected).unwrap_or_else(|| panic!("no count of rejections: {text}"));
        line.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a count")
    }

    #[track_caller]
    pub fn rejected(&self, part: &str) -> Value {
        until(SOON, part, || {
            let status = self.policy();
            status["rejected"]["message"].as_str().unwrap_or_default().contains(part).then_some(status)
        })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn a_tag_is_followed_and_what_is_wrong_behind_it_changes_nothing() {
    let stage = Stage::new();
    let follower = Follower::start(&stage.reference, "").unwrap_or_else(|log| panic!("{log}"));
    let first = follower.policy();
    assert_eq!((follower.read(), &first["source"]["digest"]), (200, &Value::from(stage.digest.clone())), "{first}");
    assert_eq!(first["source"]["reference"], stage.reference.as_str());

    bundle(&stage.place.path().join("next"), "deny");
    let next = stage.push("next");
    until(SOON, "for the tag's new artifact", || (follower.read() == 403).then_some(()));
    let second = until(SOON, "for its digest", || Some(follower.policy()).filter(|status| status["source"]["digest"] == next.as_str()));
    assert_eq!(second["generation"].as_u64(), first["generation"].as_u64().map(|n| n + 1), "{second}");

    // A bundle that could not go live.
    bundle(&stage.place.path().join("broken"), "deny");
    let broken = stage.place.path().join("broken/cases/one.yaml");
    let cases = fs::read_to_string(&broken).expect("it is there").replace("verdict: deny", "verdict: allow");
    fs::write(broken, cases).expect("it can be written");
    stage.push("broken");
    let status = follower.rejected("does not hold");
    assert_eq!((&status["generation"], follower.read(), follower.rejections()), (&second["generation"], 403, 1));

    // No bundle at all, under the same tag.
    let mut manifest = stage.registry.get_manifest("team/policies", "v1");
    manifest["layers"].as_array_mut().expect("layers").truncate(1);
    stage.registry.put_manifest("team/policies", "v1", &manifest);
    let status = follower.rejected("has no bundle.yaml");
    assert_eq!((&status["generation"], follower.read()), (&second["generation"], 403));

    stage.push("policies");
    until(SOON, "for the good one", || (follower.read() == 200).then_some(()));
    assert!(follower.policy()["rejected"].is_null());
    // Each once, though both whoever follows the tag and whoever watches the folder saw them.
    assert_eq!(follower.rejections(), 2);
}

#[test]
fn a_registry_that_is_away_takes_nothing_away() {
    let mut stage = Stage::new();
    let mut follower = Follower::start(&stage.reference, "").unwrap_or_else(|log| panic!("{log}"));
    // The tag stands for something that could not go live: what is started with is what was good.
    bundle(&stage.place.path().join("broken"), "allow");
    fs::write(stage.place.path().join("broken/cases/one.yaml"), "apiVersion: portcullis.dev/v1\nkind: Cases\ncases: [{}]\n").expect("it can be written");
    stage.push("broken");
    follower.rejected("cases/one.yaml");
    stage.registry.go_away();
    until(SOON, "for the status to say so", || follower.policy()["source"]["error"].as_str().is_some_and(|error| error.contains("cannot be used")).then_some(()));
    assert_eq!(follower.read(), 200);
    follower.kill();
    follower.serve().unwrap_or_else(|log| panic!("{log}"));
    assert_eq!((follower.read(), &follower.policy()["source"]["digest"]), (200, &Value::from(stage.digest.clone())));

    // And when it is back, so is the tag: the broken one is told of again, and a good one goes live.
    stage.registry.come_back();
    follower.rejected("cases/one.yaml");
    bundle(&stage.place.path().join("next"), "deny");
    stage.push("next");
    until(SOON, "for the tag's new artifact", || (follower.read() == 403).then_some(()));
    assert!(follower.policy()["source"]["error"].is_null());
}

#[test]
fn only_what_a_trusted_key_signed_goes_live() {
    let stage = Stage::new();
    for name in ["ours", "theirs"] {
        stage.run(&["bundle", "keygen", &stage.path(name)]).expect_ok();
    }
    let trust = format!("trust: {{ keys: [{{ name: release, file: {} }}] }}", stage.path("ours.pub"));
    let log = Follower::start(&stage.reference, &trust).err().expect("an unsigned bundle is not served");
    assert!(log.contains("is not signed"), "{log}");

    stage.run(&["bundle", "sign", &stage.reference, "--key", &stage.path("ours.key")]).expect_ok();
    let mut follower = Follower::start(&stage.reference, &trust).unwrap_or_else(|log| panic!("{log}"));
    assert_eq!(follower.read(), 200);

    // Unsigned, then signed by somebody else, and at last by whom the operator trusts.
    bundle(&stage.place.path().join("next"), "deny");
    stage.push("next");
    follower.rejected("is not signed");
    let other = stage.place.path().join("other");
    bundle(&other, "deny");
    stage.run(&["bundle", "sign", &stage.path("other"), "--key", &stage.path("theirs.key")]).expect_ok();
    stage.push("other");
    follower.rejected("none of the keys that the gateway trusts (release)");
    assert_eq!(follower.read(), 200);
    // The same artifact, signed a little later: nothing is pushed.
    stage.run(&["bundle", "sign", &stage.reference, "--key", &stage.path("ours.key")]).expect_ok();
    until(SOON, "for the signed one", || (follower.read() == 403).then_some(()));

    // What is kept on disk is no more trusted than what is pulled.
    follower.kill();
    let live = fs::read_dir(follower.folder.path().join("state/bundles")).expect("copies").next().expect("one").expect("one").path().join("live");
    let text = fs::read_to_string(live.join("bundle.yaml")).expect("it is there");
    fs::write(live.join("bundle.yaml"), text.replace("not today", "not ever")).expect("it can be written");
    follower.serve().unwrap_or_else(|log| panic!("{log}"));
    let log = fs::read_to_string(follower.folder.path().join("log")).expect("a log");
    assert!(log.contains("cannot go live any more"), "{log}");
    assert_eq!(follower.read(), 403);
}

#[test]
fn a_folder_is_served_as_long_as_its_signature_is_true() {
    let stage = Stage::new();
    stage.run(&["bundle", "keygen", &stage.path("ours")]).expect_ok();
    let (dir, key) = (stage.path("policies"), stage.path("ours.key"));
    let trust = format!("trust: {{ keys: [{{ name: release, file: {} }}] }}", stage.path("ours.pub"));
    let log = Follower::start(&dir, &trust).err().expect("an unsigned bundle is not served");
    assert!(log.contains("is not signed"), "{log}");

    stage.run(&["bundle", "sign", &dir, "--key", &key]).expect_ok();
    let follower = Follower::start(&dir, &trust).unwrap_or_else(|log| panic!("{log}"));
    assert_eq!(follower.read(), 200);
    // A change that nobody signed, and then the signature.
    bundle(&stage.place.path().join("policies"), "deny");
    follower.rejected("has changed since");
    assert_eq!(follower.read(), 200);
    stage.run(&["bundle", "sign", &dir, "--key", &key]).expect_ok();
    until(SOON, "for the signed change", || (follower.read() == 403).then_some(()));
    // A signature that is no longer one.
    fs::write(stage.place.path().join("policies/bundle.sig"), "signed, believe me\n").expect("it can be written");
    follower.rejected("is no signed note");
    fs::remove_file(stage.place.path().join("policies/bundle.sig")).expect("it can be removed");
    follower.rejected("is not signed");
    assert_eq!(follower.read(), 403);
}
