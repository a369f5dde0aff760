//! The command line against a gateway: what people type, what programs read, and the exit codes that scripts rely on.

use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use portcullis_tests::process::Running;
use portcullis_tests::{Gateway, Options, Output, places, process, until};
use serde_json::Value;

static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| Gateway::start(Options::default()));

/// Runs as somebody, and reads one JSON object a line.
#[track_caller]
fn json(who: &str, arguments: &[&str]) -> Vec<Value> {
    let output = GATEWAY.cli(who, &[arguments, &["--output", "json"]].concat()).expect_ok();
    output.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {line}"))).collect()
}

/// That an object has these fields, whatever else it has.
#[track_caller]
fn has(object: &Value, fields: &[&str]) {
    for field in fields {
        assert!(object.get(field).is_some(), "no `{field}` in {object}");
    }
}

fn kubectl() -> String {
    places::kubectl("1.37").display().to_string()
}

/// A command that is held until somebody decides.
fn held(resource: &str, name: &str) -> (Running, String) {
    let held = GATEWAY.kubectl("1.37", "devin").start(&["delete", resource, name, "-n", "prod"]);
    let approval = GATEWAY.api("alice").pending(&format!("delete {resource} {name} -n prod"));
    (held, approval["id"].as_str().expect("an id").to_owned())
}

#[test]
fn exit_codes_tell_a_no_from_wrong_usage_from_no_gateway_from_no_login() {
    let code = |change: &dyn Fn(&mut Command), arguments: &[&str]| {
        let mut command = GATEWAY.cli_command("alice", arguments);
        change(&mut command);
        process::run(&mut command, b"", Duration::from_secs(30))
    };
    let as_is = |_: &mut Command| {};
    assert_eq!(code(&as_is, &["whoami"]).code, 0);
    assert_eq!(code(&as_is, &["approvals", "show", "apr-nothing"]).code, 1);
    assert_eq!(code(&as_is, &["approvals", "aprove"]).code, 2);
    assert_eq!(code(&|command| { command.env("PORTCULLIS_GATEWAY", "https://127.0.0.1:1"); }, &["whoami"]).code, 3);
    let out = code(&|command| { command.env_remove("PORTCULLIS_TOKEN_FILE").env("HOME", "/nowhere"); }, &["whoami"]);
    assert_eq!(out.code, 4);
    assert!(out.stderr.contains("portcullis login"), "{out:?}");
    assert_eq!(GATEWAY.cli("bob", &["policy", "reload"]).code, 5, "bob is no operator");
}

#[test]
fn an_approver_lists_shows_approves_and_denies() {
    let (first, id) = held("configmap", "web");
    let listed = json("alice", &["approvals", "list"]);
    let approval = listed.iter().find(|approval| approval["id"] == *id).expect("it is listed");
    has(approval, &["id", "state", "connection", "requester", "sponsor", "purpose", "command", "rule", "created", "expires", "needed", "approved_by", "url"]);
    assert_eq!((&approval["state"], &approval["requester"], &approval["sponsor"]), (&"pending".into(), &"devin".into(), &"bob".into()));
    let shown = GATEWAY.cli("alice", &["approvals", "show", &id]).expect_ok();
    assert!(shown.stdout.contains("kubectl delete configmap web -n prod"), "{shown:?}");
    let own = GATEWAY.cli("bob", &["approvals", "approve", &id]);
    assert!(own.code != 0, "the agent's sponsor cannot: {own:?}");
    let approved = GATEWAY.cli("alice", &["approvals", "approve", &id, "--comment", "go ahead"]);
    assert!(approved.ok(), "{approved:?}");
    let deleted = first.finish(Duration::from_secs(30));
    assert!(deleted.ok(), "{deleted:?}");
    let again = GATEWAY.cli("alice", &["approvals", "approve", &id]);
    assert_eq!(again.code, 5, "it is used: {again:?}");

    let (second, id) = held("service", "web");
    let denied = GATEWAY.cli("alice", &["approvals", "deny", &id, "--comment", "not on a Friday"]);
    assert!(denied.ok(), "{denied:?}");
    let refused = second.finish(Duration::from_secs(30));
    assert!(refused.code == 1 && refused.stderr.contains("not on a Friday"), "{refused:?}");
    let decided = json("alice", &["audit", "query", "--text", "not on a Friday"]);
    assert!(!decided.is_empty(), "the decision is in the log");
}

#[test]
fn the_log_is_found_shown_and_exported_in_the_fields_that_programs_rely_on() {
    let devin = GATEWAY.kubectl("1.37", "devin").within("shop");
    devin.must(&["get", "secret", "db", "-o", "json"]);
    devin.run(&["delete", "namespace", "shop"]);
    let read = json("alice", &["audit", "query", "--identity", "devin", "--verb", "get", "--resource", "secrets", "--namespace", "shop"]);
    let read = read.last().expect("it is found");
    has(read, &["id", "time", "kind", "connection", "session", "identity", "request", "command", "decision", "generation", "by", "approval", "upstream", "response"]);
    has(&read["identity"], &["issuer", "subject", "kind", "sponsor", "groups"]);
    has(&read["request"], &["verb", "group", "version", "resource", "subresource", "namespace", "name", "path", "dry_run", "hash"]);
    has(&read["by"][0], &["plugin", "component", "configuration", "verdict", "rule", "microseconds", "remembered"]);
    has(&read["response"], &["status", "body", "bytes", "masked"]);
    assert_eq!((&read["command"]["rendered"], &read["command"]["claimed"]), (&"kubectl get secret db -n shop".into(), &"kubectl get".into()));
    let time = read["time"].as_str().unwrap_or_default();
    assert!(time.len() == 27 && time.ends_with('Z'), "RFC 3339 with microseconds: {time}");

    let id = read["id"].as_str().unwrap_or_default();
    let shown = json("alice", &["audit", "show", id]);
    assert!(shown[0].to_string().contains("masked:v1") || shown[0].to_string().contains("bWFza2VkOnYx"), "the body as the agent saw it: {}", shown[0]);
    let refused = json("alice", &["audit", "query", "--decision", "deny", "--since", "10m"]);
    assert!(refused.iter().any(|record| record["by"][0]["rule"] == "no-namespace-deletion"), "{refused:?}");
    for format in ["jsonl", "kubernetes", "ocsf"] {
        let exported = GATEWAY.cli("alice", &["audit", "export", "--format", format]).expect_ok();
        assert!(exported.stdout.lines().count() > 3, "{format}");
        assert!(exported.stdout.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{format}");
    }
    let foreign = GATEWAY.cli("devin", &["audit", "query", "--identity", "alice"]);
    assert_eq!(foreign.code, 5, "{foreign:?}");
}

#[test]
fn run_opens_a_session_for_one_command_and_ends_it_with_the_command() {
    let program = kubectl();
    let run = |command: &[&str]| -> Output {
        GATEWAY.cli("devin", &[&["run", "--connection", "demo", "--purpose", "a look around", "--"], command].concat())
    };
    assert!(run(&[&program, "get", "deployments", "-n", "shop"]).expect_ok().stdout.contains("web"));
    assert_eq!(run(&["sh", "-c", "exit 9"]).code, 9);
    let kubeconfig = run(&["sh", "-c", "cat $KUBECONFIG"]).expect_ok().stdout;
    assert!(kubeconfig.contains("pcs_") || kubeconfig.contains("exec"), "{kubeconfig}");
    let live = json("devin", &["session", "list"]);
    assert!(live.iter().all(|session| session["purpose"] != "a look around"), "they ended: {live:?}");

    // On a signal too.
    let mut running = Running::start(&mut GATEWAY.cli_command("devin", &["run", "--connection", "demo", "--purpose", "a long stay", "--", "sleep", "300"]));
    let stays = || json("devin", &["session", "list"]).into_iter().any(|session| session["purpose"] == "a long stay");
    until(Duration::from_secs(20), "for the session to open", || stays().then_some(()));
    process::signal(running.pid(), "TERM");
    until(Duration::from_secs(20), "for the command to end", || running.ended().then_some(()));
    until(Duration::from_secs(5), "for the session to end", || (!stays()).then_some(()));
}

#[test]
fn a_session_is_replayed_as_the_agent_saw_it() {
    let program = kubectl();
    let script = format!("{program} get secret db -n shop -o yaml; {program} delete namespace prod");
    GATEWAY.cli("devin", &["run", "--connection", "demo", "--purpose", "to be replayed", "--", "sh", "-c", &script]);
    let sessions = json("alice", &["session", "list", "--all"]);
    let session = sessions.iter().find(|session| session["purpose"] == "to be replayed").expect("it is listed");
    has(session, &["id", "state", "connection", "identity", "purpose", "opened", "expires", "last_used", "requests"]);
    let played = GATEWAY.cli("alice", &["replay", session["id"].as_str().expect("an id")]).expect_ok().stdout;
    assert!(played.contains("kubectl get secret db -n shop") && played.contains("no-namespace-deletion"), "{played}");
    assert!(!played.contains("czNjcjN0LXNob3AtcGE1NXcwcmQ="), "{played}");
}

#[test]
fn a_kubeconfig_with_the_exec_plugin_works_and_holds_no_credential() {
    let kubeconfig = GATEWAY.cli("devin", &["kubeconfig", "--connection", "demo"]).expect_ok().stdout;
    assert!(kubeconfig.contains("credential") && !kubeconfig.contains("pcs_") && !kubeconfig.contains("eyJ"), "{kubeconfig}");
    let file = GATEWAY.scratch().join("exec.kubeconfig");
    std::fs::write(&file, kubeconfig).expect("it can be written");
    let mut command = GATEWAY.cli_command("devin", &["none"]);
    let environment: Vec<_> = command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    command = portcullis_tests::kubectl::Kubectl::new("1.37", &file).command(&["get", "pods", "-n", "shop"]);
    for (name, value) in environment {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let listed = process::run(&mut command, b"", Duration::from_secs(60)).expect_ok();
    assert!(listed.stdout.contains("web-"), "{listed:?}");
}

#[test]
fn policy_status_says_what_is_live() {
    let status = json("alice", &["policy", "status"]);
    has(&status[0], &["generation", "live_since", "plugins", "rejected"]);
    has(&status[0]["plugins"][0], &["name", "world", "mode", "component", "configuration", "state", "message"]);
    let reloaded = GATEWAY.cli("alice", &["policy", "reload"]);
    assert!(reloaded.ok(), "{reloaded:?}");
}

#[test]
fn the_ledger_is_proven_offline() {
    GATEWAY.kubectl("1.37", "devin").must(&["get", "namespaces"]);
    let verified = GATEWAY.verify(&GATEWAY.ledger());
    assert_eq!(verified.code, 0, "{verified:?}");
}
