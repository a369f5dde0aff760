//! The notifiers through a running gateway: what is sent when something waits for approval, held against what Slack, Microsoft
//! Teams, SendGrid and Postmark publish of their formats. None of it goes to the real services.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use portcullis_tests::recorder::{Recorder, Seen};
use portcullis_tests::served::{Served, Serving};
use portcullis_tests::stub::Stub;
use portcullis_tests::{Gateway, Options, places, until};
use serde_json::Value;

#[path = "notifiers/formats.rs"]
mod formats;

/// Secret values that a request has in it, as they are and in base64. No notice has any.
const SECRETS: [&str; 3] = ["hunter2", "aHVudGVyMg", "s3cr3t-value"];

/// The default bundle, with more plugins before its cases.
fn bundle(folder: &Path, more: &str) -> PathBuf {
    let (from, to) = (places::bundle("default"), folder.join("bundle"));
    fs::create_dir_all(to.join("cases")).expect("it can be made");
    for folder in ["", "cases"] {
        for entry in fs::read_dir(from.join(folder)).expect("the default bundle is built") {
            let file = entry.expect("it can be read").path();
            if file.is_file() {
                fs::copy(&file, to.join(folder).join(file.file_name().expect("a file"))).expect("it can be copied");
            }
        }
    }
    let definition = fs::read_to_string(from.join("bundle.yaml")).expect("it is there");
    let (plugins, cases) = definition.rsplit_once("\ncases:").expect("the bundle has cases");
    fs::write(to.join("bundle.yaml"), format!("{plugins}\n{more}\ncases:{cases}")).expect("it can be written");
    to
}

fn notifier(name: &str, origin: &str, configuration: &str) -> String {
    format!(
        "  - {{ name: {name}, world: notifier, component: {name}.wasm, configuration: {{ {configuration} }}, \
         capabilities: {{ http: {{ origins: [\"{origin}\"] }} }} }}\n"
    )
}

struct Stage {
    stage: Gateway,
    served: Served,
    _stub: Stub,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn start(more: &str, origins: &[&str]) -> Stage {
        Stage::with(more, &format!("grants: {{ httpOrigins: {origins:?} }}"))
    }

    fn with(more: &str, grants: &str) -> Stage {
        let (stage, stub, folder) = (Gateway::start(Options { bundle: Some(places::bundle("observe")), ..Options::default() }), Stub::start(), places::folder());
        let bundle = bundle(folder.path(), more);
        let kubeconfig = stub.kubeconfig(folder.path());
        let served = Served::start(&stage, Serving { kubeconfig: &kubeconfig, bundle: &bundle, impersonate: false, more: grants });
        Stage { stage, served, _stub: stub, _folder: folder }
    }

    /// What devin asks for, which is held, and what alice says to it.
    fn decided(&self, method: &str, path: &str, body: &Value, yes: bool) {
        let token = format!("Bearer {}", self.stage.token("devin"));
        let alice = self.served.api(&self.stage, "alice");
        thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
                let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
                self.served.client().request(method, &format!("/clusters/real{path}"), &headers, &body)
            });
            let approval = alice.pending("kubectl");
            let answer = alice.decide(&approval, yes);
            assert_eq!(answer.status, 200, "{} of {approval}", answer.text());
            asked.join().expect("the request ends");
        });
    }
}

fn came(recorder: &Recorder, count: usize) -> Vec<Seen> {
    until(Duration::from_secs(30), "for the notices", || Some(recorder.seen()).filter(|seen| seen.len() >= count))
}

#[test]
fn every_notifier_tells_of_a_request_and_how_it_ended_in_its_services_own_format() {
    let (slack, bot, teams, sendgrid, postmark, webhook) = (
        Recorder::start("ok"),
        Recorder::start(r#"{"ok":true}"#),
        Recorder::start(""),
        Recorder::start(""),
        Recorder::start(r#"{"ErrorCode":0,"Message":"OK"}"#),
        Recorder::start(""),
    );
    let all = [&slack, &bot, &teams, &sendgrid, &postmark, &webhook];
    let mail = "from: gate@example.com, to: [alice@example.com]";
    let mut more = notifier("notify-slack", &slack.origin, &format!("webhook: \"{}/services/T0/B0/xyz\"", slack.origin));
    more += &notifier("notify-teams", &teams.origin, &format!("workflow: \"{}/workflows/abc?sig=xyz\"", teams.origin));
    more += &notifier("notify-email", &sendgrid.origin, &format!("provider: sendgrid, key: SG.xyz, {mail}, api: \"{}\"", sendgrid.origin));
    more += &notifier("notify-webhook", &webhook.origin, &format!("url: \"{}/hooks/abc\"", webhook.origin));
    // The same components once more, in their other ways.
    more += &notifier("notify-slack", &bot.origin, &format!("token: xoxb-xyz, channel: C0123456789, api: \"{}/api\"", bot.origin)).replace("name: notify-slack", "name: slack-bot");
    more += &notifier("notify-email", &postmark.origin, &format!("provider: postmark, key: xyz, {mail}, api: \"{}\"", postmark.origin)).replace("name: notify-email", "name: postmark");
    let origins: Vec<&str> = all.iter().map(|recorder| recorder.origin.as_str()).collect();
    let stage = Stage::start(&more, &origins);

    // Held, because it is in a namespace of the system; and full of secrets.
    let secret = serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"},
        "data": {"password": "aHVudGVyMg=="}, "stringData": {"token": "s3cr3t-value"}});
    stage.decided("POST", "/api/v1/namespaces/kube-system/secrets", &secret, true);

    for recorder in all {
        // Requested, approved, used.
        let seen = came(recorder, 3);
        assert!(seen.iter().all(|one| one.method == "POST"), "{seen:?}");
        for one in &seen {
            let text = format!("{one:?}{}", String::from_utf8_lossy(&one.body));
            assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{text}");
        }
    }
    let command = "kubectl create";
    formats::slack(&came(&slack, 3)[0].json(), command);
    assert_eq!(came(&slack, 3)[0].target, "/services/T0/B0/xyz");

    let told = &came(&bot, 3)[0];
    assert_eq!((told.target.as_str(), told.header("authorization")), ("/api/chat.postMessage", Some("Bearer xoxb-xyz")));
    assert_eq!(told.json()["channel"], "C0123456789");
    formats::slack(&told.json(), command);

    let told = &came(&teams, 3)[0];
    assert_eq!(told.target, "/workflows/abc?sig=xyz");
    assert!(told.body.len() <= 28 * 1024);
    formats::teams(&told.json(), command);

    let told = &came(&sendgrid, 3)[0];
    assert_eq!((told.target.as_str(), told.header("authorization")), ("/v3/mail/send", Some("Bearer SG.xyz")));
    formats::sendgrid(&told.json(), command);

    let told = &came(&postmark, 3)[0];
    assert_eq!((told.target.as_str(), told.header("x-postmark-server-token")), ("/email", Some("xyz")));
    formats::postmark(&told.json(), command);

    let told: Vec<Value> = came(&webhook, 3).iter().map(Seen::json).collect();
    let occasions: Vec<&str> = told.iter().map(|one| one["occasion"].as_str().unwrap_or_default()).collect();
    assert_eq!(occasions, ["requested", "approved", "used"]);
    assert!(told[0]["text"].as_str().is_some_and(|text| text.contains(command) && text.contains("/approvals/")), "{}", told[0]);
}

#[test]
fn a_notice_that_fails_is_sent_again_and_the_operator_reads_no_address() {
    let recorder = Recorder::start("ok");
    recorder.answer(503, "later");
    recorder.answer(429, "rate_limited");
    // The address of a webhook is its credential, so the operator keeps it.
    let kept = places::folder();
    let file = kept.path().join("webhook");
    fs::write(&file, format!("{}/services/T0/B0/hunter2\n", recorder.origin)).expect("it can be written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let origin = &recorder.origin;
    let stage = Stage::with(
        &notifier("notify-slack", origin, "webhook: { secret: slack-webhook }, occasions: [requested]"),
        &format!("grants: {{ httpOrigins: [\"{origin}\"], secrets: [{{ name: slack-webhook, file: \"{}\", plugins: [notify-slack] }}] }}", file.display()),
    );
    let map = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}});
    stage.decided("POST", "/api/v1/namespaces/kube-system/configmaps", &map, false);
    let seen = came(&recorder, 3);
    assert!(seen.iter().all(|one| one.body == seen[0].body), "the same message each time");
    assert_eq!(seen[0].target, "/services/T0/B0/hunter2");
    let log = stage.served.log();
    assert!(log.contains("Slack answered 503") && log.contains("Slack answered 429: rate_limited"), "{log}");
    assert!(!log.contains("hunter2") && !log.contains("/services/T0"), "{log}");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(recorder.seen().len(), 3, "delivered is delivered, and of the denial it was not to tell");
}
