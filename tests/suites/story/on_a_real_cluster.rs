//! The story on a real Kubernetes with the default policies: refused, held for a person, masked, recorded, proven.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_tests::kubectl::{Kubectl, VERSIONS};
use portcullis_tests::{Cluster, Gateway, Options, until};
use serde_json::Value;

struct Stage {
    cluster: Cluster,
    gateway: Gateway,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let cluster = Cluster::start();
    let gateway = Gateway::start(Options { kubeconfig: Some(cluster.ready.gateway_kubeconfig.clone()), bundle: None });
    Stage { cluster, gateway }
});

const PASSWORD: &str = "correct-horse-battery-staple";
const USER: &str = "shop_application";

/// A namespace of the test's own with the story's objects, and the agent's kubectl in it.
fn shop(name: &str, version: &str) -> (String, Kubectl) {
    let namespace = format!("{name}-{}", version.replace('.', "-"));
    let admin = STAGE.cluster.admin();
    admin.must(&["create", "namespace", &namespace]);
    let secret = format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: db }}\nstringData: {{ password: {PASSWORD}, user: {USER} }}\n");
    let admin = admin.within(&namespace);
    admin.apply(&(DEPLOYMENT.to_owned() + "---\n" + &secret));
    settled(&admin);
    let devin = STAGE.gateway.kubectl(version, "devin").within(&namespace);
    (namespace, devin)
}

/// Waits until the deployment stands still: a yes is for the version of the object that was looked at (P6).
fn settled(admin: &Kubectl) {
    admin.must(&["rollout", "status", "deployment/web", "--timeout=50s"]);
    let status = "jsonpath={.metadata.generation} {.status.observedGeneration} {.status.availableReplicas} {.status.conditions[?(@.type=='Progressing')].reason}";
    until(Duration::from_secs(30), "for the deployment to stand still", || {
        (admin.must(&["get", "deployment", "web", "-o", status]) == "1 1 1 NewReplicaSetAvailable").then_some(())
    });
}

const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: nginx, env: [{ name: DB_PASSWORD, value: correct-horse-battery-staple }] }
"#;

#[test]
fn deleting_a_namespace_is_refused_with_the_name_of_the_rule() {
    for version in VERSIONS {
        let (namespace, devin) = shop("refused", version);
        let refused = devin.run(&["delete", "namespace", &namespace]);
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.contains("Error from server (Forbidden): refused by deny-list"), "{refused:?}");
        assert!(refused.stderr.contains("deny-list") && refused.stderr.contains("no-namespace-deletion"), "{refused:?}");
        assert_eq!(STAGE.cluster.admin().must(&["get", "namespace", &namespace, "-o", "jsonpath={.status.phase}"]), "Active");
        let deletions = STAGE.cluster.seen(&format!("/api/v1/namespaces/{namespace}?")).into_iter().chain(STAGE.cluster.seen(&format!("/api/v1/namespaces/{namespace}")));
        assert!(!deletions.into_iter().any(|event| event["verb"] == "delete" && event["objectRef"]["resource"] == "namespaces"), "it reached the cluster");
    }
}

#[test]
fn a_deletion_is_held_until_alice_approves_and_goes_through_once_and_not_twice() {
    for version in VERSIONS {
        let (namespace, devin) = shop("held", version);
        let alice = STAGE.gateway.api("alice");
        let admin = STAGE.cluster.admin().within(&namespace);
        let delete = ["delete", "deployment", "web"];
        let command = format!("kubectl delete deployment web -n {namespace}");

        let held = devin.start(&delete);
        let first = alice.pending(&command);
        assert_eq!((&first["requester"], &first["sponsor"], &first["rule"]), (&"devin".into(), &"bob".into(), &"deletion-needs-approval".into()), "{first}");
        admin.must(&["get", "deployment", "web"]);
        let decided = alice.decide(&first, true);
        assert_eq!(decided.status, 200, "{}", decided.text());
        let deleted = held.finish(Duration::from_secs(40)).expect_ok();
        assert!(deleted.stdout.contains(r#"deployment.apps "web" deleted"#), "{deleted:?}");
        assert_eq!(admin.run(&["get", "deployment", "web"]).code, 1, "it is gone");

        // The same command about a new object is a new question.
        admin.apply(DEPLOYMENT);
        settled(&admin);
        let held = devin.start(&delete);
        let second = alice.pending(&command);
        assert_ne!(second["id"], first["id"]);
        admin.must(&["get", "deployment", "web"]);
        let denied = alice.decide(&second, false);
        assert_eq!(denied.status, 200, "{}", denied.text());
        let refused = held.finish(Duration::from_secs(40));
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stderr.contains("denied") || refused.stderr.contains("said no"), "{refused:?}");
        admin.must(&["get", "deployment", "web"]);
        let used = alice.get(&format!("/approvals/{}", first["id"].as_str().unwrap_or_default())).json();
        assert_eq!(used["state"], "used", "{used}");
        let deletions = STAGE.cluster.seen(&format!("/apis/apps/v1/namespaces/{namespace}/deployments/web"));
        let through = deletions.iter().filter(|event| event["verb"] == "delete" && event["responseStatus"]["code"] == 200).count();
        assert_eq!(through, 1, "one deletion reached the cluster");
    }
}

#[test]
fn a_client_that_hangs_up_can_run_the_command_again_once_it_is_approved() {
    let (namespace, devin) = shop("hung-up", "1.37");
    let alice = STAGE.gateway.api("alice");
    let command = format!("kubectl delete secret db -n {namespace}");
    let held = devin.start(&["delete", "secret", "db"]);
    let approval = alice.pending(&command);
    drop(held.kill());
    assert_eq!(alice.decide(&approval, true).status, 200);
    devin.must(&["delete", "secret", "db"]);
    let used = alice.get(&format!("/approvals/{}", approval["id"].as_str().unwrap_or_default())).json();
    assert_eq!(used["state"], "used", "{used}");
}

#[test]
fn neither_the_agent_nor_its_sponsor_nor_an_outsider_can_approve() {
    let (namespace, devin) = shop("own", "1.37");
    let alice = STAGE.gateway.api("alice");
    let held = devin.start(&["delete", "deployment", "web"]);
    let approval = alice.pending(&format!("deployment web -n {namespace}"));
    for who in ["devin", "bob"] {
        let response = STAGE.gateway.api(who).decide(&approval, true);
        assert!([403, 404].contains(&response.status), "{who}: {}", response.text());
    }
    let unchanged = alice.get(&format!("/approvals/{}", approval["id"].as_str().unwrap_or_default())).json();
    assert_eq!(unchanged["state"], "pending", "{unchanged}");
    assert_eq!(alice.decide(&approval, false).status, 200);
    assert_eq!(held.finish(Duration::from_secs(40)).code, 1);
    STAGE.cluster.admin().within(&namespace).must(&["get", "deployment", "web"]);
}

/// The forms in which a value could slip through.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned(), STANDARD.encode(value), STANDARD.encode(STANDARD.encode(value))];
    // Within a longer text that is base64, a value stands in one of three ways; its ends mix with what is around it.
    for shift in 0..3 {
        let encoded = STANDARD.encode(format!("{}{value}", "x".repeat(shift)));
        forms.push(encoded[4..encoded.len() - 4].to_owned());
    }
    forms
}

#[track_caller]
fn shows_nothing(text: &str, what: &str) {
    for value in [PASSWORD, USER] {
        for form in forms(value) {
            // No proper piece of it either.
            let piece = &form[..12.min(form.len())];
            assert!(!text.contains(piece), "{what} shows `{piece}`:\n{text}");
        }
    }
}

#[test]
fn no_form_of_a_secrets_output_shows_its_value() {
    for version in VERSIONS {
        let (_, devin) = shop("masked", version);
        for arguments in [
            &["get", "secret", "db", "-o", "yaml"][..],
            &["get", "secret", "db", "-o", "json"],
            &["get", "secret", "db", "-o", "yaml", "--show-managed-fields"],
            &["get", "secret", "db", "-o", "jsonpath={.data.password}"],
            &["get", "secret", "db", "-o", "go-template={{ .data.password | base64decode }}"],
            &["get", "secret", "db", "-o", "custom-columns=P:.data.password"],
            &["get", "secret", "db"],
            &["get", "secret", "db", "-o", "wide"],
            &["get", "secrets"],
            &["get", "secrets", "-o", "yaml"],
            &["get", "secrets", "--sort-by=.metadata.name"],
            &["describe", "secret", "db"],
            &["get", "deployment", "web", "-o", "yaml"],
            &["describe", "deployment", "web"],
            &["get", "replicasets", "-o", "json"],
            &["get", "pods", "-o", "yaml"],
            &["describe", "pods"],
            &["get", "secret", "db", "-v=9"],
        ] {
            let output = devin.run(arguments).expect_ok();
            shows_nothing(&output.all(), &arguments.join(" "));
        }
        let mut described = devin.must(&["describe", "secret", "db"]);
        described.retain(|c| c != ' ');
        assert!(described.contains("password:"), "the keys stay: {described}");
    }
}

#[test]
fn no_form_of_a_watch_shows_a_secrets_value() {
    for version in VERSIONS {
        let (namespace, devin) = shop("watched", version);
        let admin = STAGE.cluster.admin().within(&namespace);
        let forms = [&["get", "secrets", "-w"][..], &["get", "secrets", "-w", "-o", "yaml"], &["get", "secrets", "-w", "-o", "json", "--output-watch-events"]];
        let watching: Vec<_> = forms.iter().map(|arguments| devin.start(arguments)).collect();
        for (running, arguments) in watching.iter().zip(forms) {
            until(Duration::from_secs(20), &format!("for {arguments:?} to begin"), || running.stdout().contains("db").then_some(()));
        }
        admin.must(&["label", "secret", "db", "seen=by-the-watch"]);
        admin.must(&["patch", "secret", "db", "-p", &format!(r#"{{"stringData":{{"again":"{PASSWORD}"}}}}"#)]);
        for (running, arguments) in watching.into_iter().zip(forms) {
            let table = arguments.len() == 3;
            until(Duration::from_secs(20), &format!("for {arguments:?} to follow"), || {
                let seen = running.stdout();
                if table { seen.lines().filter(|line| line.starts_with("db")).count() >= 3 } else { seen.contains("again") }.then_some(())
            });
            let output = running.kill();
            shows_nothing(&output.all(), &arguments.join(" "));
        }
    }
}

#[test]
fn a_masked_value_that_comes_back_destroys_nothing() {
    let (namespace, devin) = shop("returned", "1.37");
    let yaml = devin.must(&["get", "secret", "db", "-o", "yaml"]);
    let replaced = devin.run_with(&["replace", "-f", "-"], &yaml);
    let kept = STAGE.cluster.admin().within(&namespace).must(&["get", "secret", "db", "-o", "jsonpath={.data.password}"]);
    assert_eq!(kept, STANDARD.encode(PASSWORD), "{replaced:?}");
}

#[test]
fn the_log_tells_who_did_what_by_which_component_and_what_they_saw() {
    for version in VERSIONS {
        let (namespace, devin) = shop("logged", version);
        devin.run(&["delete", "namespace", &namespace]);
        let shown = devin.must(&["get", "secret", "db", "-o", "json"]);
        let alice = STAGE.gateway.api("alice");
        let records = alice.audit(&format!("namespace={namespace}&identity=devin"));
        let find = |verb: &str, resource: &str| {
            records.iter().find(|record| record["request"]["verb"] == verb && record["request"]["resource"] == resource).unwrap_or_else(|| panic!("no {verb} {resource} in {records:#?}"))
        };
        let refused = find("delete", "namespaces");
        assert_eq!(refused["identity"]["subject"], "devin");
        assert_eq!(refused["identity"]["sponsor"], "bob");
        assert_eq!(refused["decision"], "deny");
        assert_eq!(refused["command"]["rendered"], format!("kubectl delete namespace {namespace}"));
        assert_eq!(refused["command"]["claimed"], "kubectl delete");
        assert!(refused["command"]["claimed_session"].as_str().is_some_and(|session| session.len() == 36), "kubectl's own UUID");
        let by = &refused["by"][0];
        assert_eq!((&by["plugin"], &by["verdict"], &by["rule"]), (&"deny-list".into(), &"deny".into(), &"no-namespace-deletion".into()));
        let live: Value = alice.policy();
        let plugin = live["plugins"].as_array().and_then(|all| all.iter().find(|plugin| plugin["name"] == "deny-list")).expect("it is live").clone();
        assert_eq!((&by["component"], &by["configuration"]), (&plugin["component"], &plugin["configuration"]));
        assert_eq!(refused["generation"], live["generation"]);

        let read = find("get", "secrets");
        assert_eq!((&read["decision"], &read["upstream"]["status"]), (&"allow".into(), &200.into()));
        assert!(read["response"]["masked"].as_u64().is_some_and(|masked| masked > 0), "{read}");
        let record = alice.record(read["id"].as_str().unwrap_or_default());
        let body: Value = serde_json::from_str(record["response_body"].as_str().expect("the body is kept")).expect("JSON");
        let seen: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(body["data"], seen["data"], "what the agent saw");
        shows_nothing(&record.to_string(), "the record");
        // The cluster's own log knows it by the same id.
        let ids: HashSet<String> = STAGE.cluster.seen(&format!("/namespaces/{namespace}/secrets/db")).iter().filter_map(|event| event["auditID"].as_str().map(str::to_owned)).collect();
        assert!(ids.contains(read["id"].as_str().unwrap_or_default()), "{ids:?}");
        // An agent sees its own records, and not those of others.
        let own = STAGE.gateway.api("devin");
        assert!(own.audit(&format!("namespace={namespace}")).iter().all(|record| record["identity"]["subject"] == "devin"));
        assert_eq!(own.get("/audit?identity=alice").status, 403);
    }
}

#[test]
fn nothing_that_the_gateway_keeps_or_says_holds_a_secret() {
    let (_, devin) = shop("kept", "1.37");
    devin.must(&["get", "secret", "db", "-o", "yaml"]);
    devin.must(&["get", "deployment", "web", "-o", "yaml"]);
    let token = STAGE.gateway.token("devin");
    let mut files = Vec::new();
    collect(&STAGE.gateway.dir().join("state"), &mut files);
    assert!(files.len() > 3, "{files:?}");
    for file in files.iter().map(std::path::PathBuf::as_path) {
        if file.ends_with("upstream.kubeconfig") {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
        shows_nothing(&text, &file.display().to_string());
        assert!(!text.contains(&token), "{} holds a token", file.display());
    }
    shows_nothing(&STAGE.gateway.log(), "the gateway's log");
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[test]
fn the_ledger_verifies_and_one_changed_byte_is_found() {
    let (_, devin) = shop("proven", "1.37");
    devin.must(&["get", "pods"]);
    let copy = STAGE.gateway.scratch().join("copy");
    copy_all(&STAGE.gateway.ledger(), &copy);
    let whole = STAGE.gateway.verify(&copy);
    assert_eq!(whole.code, 0, "{whole:?}");

    let segment = fs::read_dir(copy.join("segments")).expect("there are segments").flatten().next().expect("one").path();
    let bytes = fs::read(&segment).expect("it can be read");
    // In the middle of a record, where a name stands.
    let at = String::from_utf8_lossy(&bytes).find("devin").expect("devin is recorded");
    let mut changed = bytes.clone();
    changed[at] = b'k';
    fs::write(&segment, &changed).expect("the copy can be written");
    let tampered = STAGE.gateway.verify(&copy);
    assert_eq!(tampered.code, 1, "{tampered:?}");
    fs::write(&segment, &bytes[..bytes.len() / 2]).expect("the copy can be written");
    assert_eq!(STAGE.gateway.verify(&copy).code, 1, "half of it is missing");
    fs::write(&segment, &bytes).expect("the copy can be written");
    assert_eq!(STAGE.gateway.verify(&copy).code, 0, "put back, it is whole");
    assert_eq!(STAGE.gateway.verify(&copy.join("nowhere")).code, 2);
}

/// Copies a ledger while it is written, as an auditor may: lines first, then what they name.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the ledger is there").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else if entry.file_name() != "ledger.key" && entry.file_name() != "lock" {
            fs::copy(entry.path(), target).ok();
        }
    }
}
