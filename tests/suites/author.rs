//! A policy's author: from an empty folder to a decision in a running gateway, with the commands that a person types.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use portcullis_tests::process::Running;
use portcullis_tests::{Gateway, Options, Output, places, process, until};
use serde_json::Value;

/// The first build compiles what policies depend on.
const LIMIT: Duration = Duration::from_secs(600);

const WORLDS: [&str; 6] = ["guard", "approval-router", "masker", "audit-sink", "notifier", "session-policy"];

/// An author's folder.
struct Author {
    folder: tempfile::TempDir,
}

impl Author {
    fn new() -> Author {
        Author { folder: places::folder() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(places::portcullis());
        // What policies depend on is compiled once for all tests, and all of it is in cargo's cache: the workspace has the same.
        command.args(["plugin"]).args(arguments).current_dir(self.folder.path());
        command.env("CARGO_TARGET_DIR", places::workspace().join("target/author")).env("CARGO_NET_OFFLINE", "true").env("NO_COLOR", "1");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        process::run(&mut self.command(arguments), b"", LIMIT)
    }

    /// A policy whose cases hold.
    fn policy(&self, name: &str, world: &str) -> PathBuf {
        self.run(&["new", name, "--world", world]).expect_ok();
        let tested = self.run(&["test", name]).expect_ok();
        assert!(tested.stdout.contains("ok") && !tested.stdout.contains("FAILED"), "{tested:?}");
        self.path(name)
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).expect(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        // As editors save: beside, then renamed over.
        let beside = path.with_extension("saving");
        fs::write(&beside, text.replacen(from, to, 1)).expect(file);
        fs::rename(beside, path).expect(file);
    }
}

fn scale(gateway: &Gateway, replicas: u32) -> Output {
    gateway.kubectl("1.37", "devin").run(&["scale", "deployment", "web", "-n", "shop", &format!("--replicas={replicas}")])
}

/// The plugins that are live.
fn live(gateway: &Gateway) -> Vec<String> {
    let status = gateway.cli("alice", &["policy", "status", "--output", "json"]).expect_ok();
    let status: Value = serde_json::from_str(status.stdout.trim()).expect("a status");
    status["plugins"].as_array().expect("plugins").iter().map(|plugin| plugin["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn in_every_world_a_new_policy_has_cases_that_hold_and_a_component_of_that_world() {
    let author = Author::new();
    for world in WORLDS {
        let name = format!("my-{world}");
        author.policy(&name, world);
        let built = author.run(&["build", &name]).expect_ok();
        assert!(built.stdout.contains(&format!("a {world} in rust")), "{built:?}");
        let shown = author.run(&["inspect", &format!("{name}/{name}.wasm"), "--output", "json"]).expect_ok();
        let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
        assert_eq!((shown["world"].as_str(), shown["name"].as_str()), (Some(world), Some(name.as_str())));
        assert_eq!(shown["born_configured"], true, "{shown}");
    }
}

#[test]
fn a_policy_that_is_put_into_a_running_gateway_judges_with_nothing_else_typed() {
    let author = Author::new();
    let gateway = Gateway::start(Options::default());
    let before = live(&gateway);
    author.policy("few-replicas", "guard");
    scale(&gateway, 3).expect_ok();
    let into = gateway.ready.policies_dir.display().to_string();
    author.run(&["build", "few-replicas", "--into", &into]).expect_ok();
    until(Duration::from_secs(30), "for the policy to judge", || {
        let refused = scale(&gateway, 50);
        refused.stderr.contains("few-replicas").then(|| assert!(refused.stderr.contains("50 replicas are more than 10"), "{refused:?}"))
    });
    scale(&gateway, 4).expect_ok();
    // Beside those that were there, and before them.
    let after = live(&gateway);
    assert!(after[0] == "few-replicas" && before.iter().all(|name| after.contains(name)), "{after:?}");
}

#[test]
fn the_edit_loop_brings_a_save_into_the_gateway_and_a_mistake_nowhere() {
    let author = Author::new();
    let gateway = Gateway::start(Options::default());
    author.policy("few-replicas", "guard");
    // The sentence is what changes here, and a policy whose cases fail never goes live.
    author.edit("few-replicas/cases/few-replicas.yaml", ", message: 50 replicas are more than 10", "");
    let into = gateway.ready.policies_dir.display().to_string();
    let loop_ = Running::start(&mut author.command(&["build", "few-replicas", "--watch", "--into", &into]));
    until(LIMIT, "for the first build", || loop_.stdout().contains("has the new").then_some(()));
    let refused = |what: &str| until(LIMIT, what, || scale(&gateway, 50).stderr.contains(what).then_some(()));
    refused("are more than 10");
    author.edit("few-replicas/src/lib.rs", "replicas are more than", "replicas? No more than");
    refused("50 replicas? No more than 10");
    author.edit("few-replicas/src/lib.rs", "fn judge(", "fn judge((");
    until(LIMIT, "for the compiler to complain", || loop_.stderr().contains("the last component stays").then_some(()));
    assert!(loop_.stderr().contains("src/lib.rs:"), "{}", loop_.stderr());
    refused("50 replicas? No more than 10");
    author.edit("few-replicas/src/lib.rs", "fn judge((", "fn judge(");
    author.edit("few-replicas/src/lib.rs", "? No more than", ", and at most");
    refused("50 replicas, and at most 10");
}

#[test]
fn a_build_that_fails_says_why_and_leaves_the_component() {
    let author = Author::new();
    let dir = author.policy("few-replicas", "guard");
    let component = fs::read(dir.join("few-replicas.wasm")).expect("a component");
    author.edit("few-replicas/src/lib.rs", "most: u32", "most: Undefined");
    for command in ["build", "test"] {
        let failed = author.run(&[command, "few-replicas"]);
        assert_eq!(failed.code, 1, "{failed:?}");
        assert!(failed.stderr.contains("cannot find type `Undefined`"), "{failed:?}");
    }
    assert_eq!(fs::read(dir.join("few-replicas.wasm")).expect("a component"), component);
    let nothing = author.run(&["build", "."]);
    assert!(nothing.code == 2 && nothing.stderr.contains("is no policy's folder"), "{nothing:?}");
}

#[test]
fn a_new_policy_needs_a_name_an_empty_folder_and_a_template() {
    let author = Author::new();
    author.run(&["new", "mine"]).expect_ok();
    for (arguments, why) in [
        (&["new", "Mine"][..], "the name `Mine` must be"),
        (&["new", "mine"], "is not empty"),
        (&["new", "other", "--world", "judge"], "there is no world `judge`"),
        (&["new", "other", "--language", "cobol"], "there is no language `cobol`"),
        (&["new", "other", "--sdk", "/nowhere"], "is not the SDK"),
    ] {
        let refused = author.run(arguments);
        assert!(refused.code == 2 && refused.stderr.contains(why), "{arguments:?}: {refused:?}");
    }
    assert!(!author.path("other").exists());
}

#[test]
fn cases_that_fail_are_told_with_their_line_and_what_no_case_reached_is_too() {
    let author = Author::new();
    author.policy("few-replicas", "guard");
    let holds = author.run(&["test", "few-replicas"]).expect_ok();
    assert!(holds.stdout.ends_with("coverage  few-replicas: 5 cases; no case was answered allow, require-approval\n"), "{holds:?}");
    author.edit("few-replicas/cases/few-replicas.yaml", "--replicas=5", "--replicas=5000");
    author.edit("few-replicas/cases/few-replicas.yaml", "preview: { apiVersion: autoscaling/v1, kind: Scale, spec: { replicas: 5 } }", "preview: { spec: { replicas: 5000 } }");
    let failed = author.run(&["test", "few-replicas"]);
    assert_eq!(failed.code, 1);
    let told = "FAILED  a workload stays small\n        cases/few-replicas.yaml:11: expected no-opinion, got deny (few-replicas: deny by few-replicas)\n";
    assert!(failed.stdout.contains(told), "{failed:?}");
    assert!(failed.stderr.contains("1 of 5 cases does not hold"), "{failed:?}");
    let json = author.run(&["test", "few-replicas", "--output", "json"]);
    let rows: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.iter().filter(|row| row["case"]["failure"].is_string()).count(), 1);
    assert_eq!(rows.last().expect("a coverage")["coverage"]["unseen"], serde_json::json!(["allow", "require-approval"]));
}

#[test]
fn a_policy_that_panics_is_told_once_with_the_authors_own_line() {
    let author = Author::new();
    author.policy("few-replicas", "guard");
    author.edit("few-replicas/src/lib.rs", "    if !request.is_write()", "    request.body().get::<bool>(\"/spec/replicas\");\n    if !request.is_write()");
    let failed = author.run(&["test", "few-replicas"]);
    let told = "the policy plugin `few-replicas` panicked: the body's value at /spec/replicas is not what the policy expects: ";
    let line = failed.stdout.lines().find(|line| line.contains(told)).unwrap_or_else(|| panic!("{failed:?}"));
    assert!(line.ends_with("(src/lib.rs:17)"), "{line}");
    // Whoever tests it is the one who is to look at it, and the answer is enough.
    assert!(!failed.all().contains("operator") && !failed.stderr.contains("panicked"), "{failed:?}");
}

#[test]
fn snapshots_are_written_into_the_cases_and_shown_when_they_differ() {
    let author = Author::new();
    let dir = author.policy("few-replicas", "guard");
    let file = "few-replicas/cases/few-replicas.yaml";
    author.edit(file, "expect: { verdict: deny, rule: few-replicas, message: 50 replicas are more than 10 }", "expect: snapshot");
    let first = author.run(&["test", "few-replicas"]);
    assert!(first.code == 1 && first.stdout.contains("plugin test --update"), "{first:?}");
    author.run(&["test", "few-replicas", "--update"]).expect_ok();
    let written = r#"    expect: { verdict: deny, rule: few-replicas, message: "50 replicas are more than 10", remedy: "ask for fewer, or for a higher limit" }   # snapshot"#;
    let text = || fs::read_to_string(author.path(file)).expect(file);
    assert!(text().contains(written) && text().contains("# what the API server would answer"), "{}", text());
    author.edit("few-replicas/bundle.yaml", "most: 10", "most: 9");
    let differs = author.run(&["test", "few-replicas"]);
    assert_eq!(differs.code, 1);
    for line in ["- expect: { verdict: deny", "+ expect: { verdict: deny, rule: few-replicas, message: \"50 replicas are more than 9\""] {
        assert!(differs.stdout.contains(line), "{differs:?}");
    }
    author.run(&["test", "few-replicas", "--update"]).expect_ok();
    assert!(text().contains("more than 9"), "{}", text());
    assert!(dir.join("few-replicas.wasm").is_file());
}

#[test]
fn a_regression_against_a_baseline_is_an_exit_code() {
    let author = Author::new();
    author.policy("few-replicas", "guard");
    let measured = author.run(&["bench", "few-replicas", "--case", "a large workload is created", "--save", "base.json"]).expect_ok();
    assert!(measured.stdout.contains("P50") && measured.stdout.contains("few-replicas"), "{measured:?}");
    let again = |threshold: &str| author.run(&["bench", "few-replicas", "--case", "a large workload is created", "--baseline", "base.json", "--threshold", threshold]);
    // Ten times as slow is no noise.
    again("900%").expect_ok();
    let mut base: Value = serde_json::from_str(&fs::read_to_string(author.path("base.json")).expect("saved")).expect("JSON");
    base["components"][0]["bytes"] = 100.into();
    fs::write(author.path("base.json"), base.to_string()).expect("written");
    let worse = again("900%");
    assert!(worse.code == 1 && worse.stderr.contains("the component of few-replicas has"), "{worse:?}");
    let none = author.run(&["bench", "few-replicas", "--case", "no such"]);
    assert!(none.code == 1 && none.stderr.contains("there is no case `no such`"), "{none:?}");
}

#[test]
fn one_request_is_explained() {
    let author = Author::new();
    author.policy("few-replicas", "guard");
    let explained = author.run(&["run", "few-replicas", "create deployment web -n shop --image=web:1 --replicas=11", "--as", "robot", "--group", "bots"]).expect_ok();
    for part in [
        "Request:     create /apis/apps/v1/namespaces/shop/deployments",
        "Resource:    apps/v1/deployments",
        "Identity:    agent robot bots",
        "Answer:   deny",
        "Rule:     few-replicas",
        "Message:  11 replicas are more than 10",
        "of memory",
        "It would be refused.",
    ] {
        assert!(explained.stdout.contains(part), "{part}: {explained:?}");
    }
    let raw = author.run(&["run", "few-replicas", "--request", "GET /version", "--output", "json"]).expect_ok();
    let raw: Value = serde_json::from_str(&raw.stdout).expect("JSON");
    assert_eq!((raw["request"]["path"].as_str(), raw["decision"].as_str()), (Some("/version"), Some("no-opinion")));
    let no = author.run(&["run", "few-replicas", "frobnicate"]);
    assert!(no.code == 2 && no.stderr.contains("no command that is read here"), "{no:?}");
}

#[test]
fn the_default_bundle_is_tested_and_says_what_its_cases_leave_out() {
    let author = Author::new();
    let bundle = places::bundle("default").display().to_string();
    let tested = author.run(&["test", &bundle]).expect_ok();
    assert!(tested.stdout.contains("coverage  deny-list: "), "{tested:?}");
}

#[test]
fn what_a_component_needs_is_shown() {
    let author = Author::new();
    author.policy("few-replicas", "guard");
    let shown = author.run(&["inspect", "few-replicas/few-replicas.wasm"]).expect_ok();
    for part in ["World:        guard", "Interface:    0.1.0", "Configured:   once, by a snapshot", "Remembered:   yes", "documents: nothing: the request's body", "most   integer   yes        The most replicas that a workload may have."] {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }
    let by_its_folder = author.run(&["inspect", "few-replicas"]).expect_ok();
    assert!(by_its_folder.stdout.contains("World:        guard"), "{by_its_folder:?}");
    fs::write(author.path("text.wasm"), "text").expect("written");
    let no = author.run(&["inspect", "text.wasm"]);
    assert!(no.code == 1 && no.stderr.contains("is no WebAssembly"), "{no:?}");
    assert!(Path::new(&author.path("text.wasm")).exists());
}
