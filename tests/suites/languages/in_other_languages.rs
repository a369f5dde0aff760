//! With the languages' own tools, which `cargo xtask test` installs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use portcullis_tests::component::{bundle, save};
use portcullis_tests::{Gateway, Options, Output, places, process, until};
use serde_json::Value;

const LANGUAGES: [&str; 6] = ["rust", "javascript", "typescript", "python", "go", "c"];

/// TypeScript is JavaScript to the engine, which takes twenty seconds to compile it.
fn not_typescript(folder: &&PathBuf) -> bool {
    !folder.ends_with("typescript-allowed-images")
}

/// A tool's first run fills its caches: zig builds a C library, Go its standard one.
const LIMIT: Duration = Duration::from_secs(600);

/// Where the tools are; what is built lies beneath, as an author's policies lie beneath theirs.
static WORK: LazyLock<PathBuf> = LazyLock::new(|| {
    let tools = places::workspace().join("target/tools/languages");
    assert!(tools.join("installed").is_file(), "the tools are not installed: `cargo xtask test languages` installs them");
    // Emptied at the next run: what is built may be looked at until then.
    let work = tools.join("work");
    if work.exists() {
        fs::remove_dir_all(&work).expect("the folder can be emptied");
    }
    fs::create_dir(&work).expect("the folder can be written");
    work
});

/// The examples, built: each folder is a bundle.
static EXAMPLES: LazyLock<Vec<PathBuf>> = LazyLock::new(|| LANGUAGES.iter().map(|language| example(language)).collect());

fn portcullis(arguments: &[&str]) -> Output {
    let mut command = Command::new(places::portcullis());
    // With the default components, whose dependencies are compiled already.
    command.args(arguments).env("CARGO_TARGET_DIR", places::workspace().join("target/guest")).env("NO_COLOR", "1");
    process::run(&mut command, b"", LIMIT)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ASCII")
}

/// An example's folder with its component in it.
fn example(language: &str) -> PathBuf {
    let name = format!("{language}-allowed-images");
    let source = places::workspace().join("examples/policies").join(&name);
    let folder = WORK.join(&name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    for entry in fs::read_dir(&source).expect("the example is there").flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name())).expect("it can be copied");
        }
    }
    let start = Instant::now();
    let component = folder.join(format!("{name}.wasm"));
    // The one in Rust is a crate of the workspace, and is built where it is.
    let place = if language == "rust" { &source } else { &folder };
    portcullis(&["plugin", "build", text(place), "--out", text(&component)]).expect_ok();
    let bytes = fs::metadata(&component).expect("there is a component").len();
    println!("{language}: {} KB, built in {:.1} s", bytes / 1024, start.elapsed().as_secs_f64());
    folder
}

/// A new policy's folder.
fn new(name: &str, world: &str, language: &str) -> PathBuf {
    let folder = WORK.join(name);
    portcullis(&["plugin", "new", name, "--world", world, "--language", language, "--dir", text(&folder)]).expect_ok();
    folder
}

/// A new guard's folder, with something else in one of its sources.
fn changed(name: &str, language: &str, file: &str, from: &str, to: &str) -> PathBuf {
    let folder = new(name, "guard", language);
    let source = folder.join(file);
    let written = fs::read_to_string(&source).expect("a source");
    assert!(written.contains(from), "{written}");
    fs::write(&source, written.replacen(from, to, 1)).expect("it can be written");
    folder
}

/// What came of each case.
fn judged(folder: &Path) -> BTreeMap<String, Value> {
    let report = portcullis(&["plugin", "test", text(folder), "--no-build", "--output", "json"]).expect_ok();
    let lines = report.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter_map(|line| Some((line["case"]["name"].as_str()?.to_owned(), line["case"]["came"].clone()))).collect()
}

#[test]
fn all_languages_say_the_same_of_every_case_in_the_table() {
    let mut first: Option<BTreeMap<String, Value>> = None;
    for folder in EXAMPLES.iter() {
        // The bundle spares the calls for reads; the policies must know by themselves that these are none of their business.
        let definition = fs::read_to_string(folder.join("bundle.yaml")).expect("a bundle");
        let unmatched = definition.replace("    match:\n      verbs: [create, update, patch]\n", "");
        assert_ne!(definition, unmatched);
        let all = folder.with_extension("all");
        fs::create_dir(&all).expect("the folder can be made");
        for file in ["cases.yaml".to_owned(), format!("{}.wasm", folder.file_name().expect("a name").to_string_lossy())] {
            fs::copy(folder.join(&file), all.join(&file)).expect("it can be copied");
        }
        fs::write(all.join("bundle.yaml"), unmatched).expect("it can be written");
        let mut judged = judged(&all);
        for came in judged.values_mut() {
            // Each has its own name.
            if let Some(came) = came.as_object_mut() {
                came.remove("plugin");
            }
        }
        assert!(judged.len() >= 30, "{} cases", judged.len());
        match &first {
            None => first = Some(judged),
            Some(first) => assert_eq!(first, &judged, "{} differs", folder.display()),
        }
    }
}

#[test]
fn nothing_of_wasi_is_left_and_only_what_is_used_is_imported() {
    for folder in EXAMPLES.iter().filter(not_typescript) {
        let name = folder.file_name().expect("a name").to_string_lossy();
        let shown = portcullis(&["plugin", "inspect", text(&folder.join(format!("{name}.wasm"))), "--output", "json"]).expect_ok();
        let shown: Value = serde_json::from_str(shown.stdout.trim()).expect("JSON");
        println!("{name}: compiled in {:.0} ms, born configured: {}", shown["compile_ms"].as_f64().unwrap_or_default(), shown["born_configured"]);
        assert!(!shown["imports"].to_string().contains("wasi"), "{shown}");
        assert_eq!((&shown["world"], &shown["pure"]), (&Value::from("guard"), &Value::from(true)), "{shown}");
        assert_eq!(shown["born_configured"], Value::from(true), "{shown}");
        assert_eq!(shown["configuration_schema"]["required"], serde_json::json!(["registries"]), "{shown}");
    }
}

#[test]
fn all_languages_judge_beside_each_other_in_one_gateway_that_serves_while_they_compile() {
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    bundle(&dir, "", &[]);
    let gateway = Gateway::start(Options { bundle: Some(dir), ..Options::default() });
    let live = gateway.ready.policies_dir.clone();
    let mut plugins = String::new();
    for folder in EXAMPLES.iter().filter(not_typescript) {
        let name = folder.file_name().expect("a name").to_string_lossy();
        fs::copy(folder.join(format!("{name}.wasm")), live.join(format!("{name}.wasm"))).expect("it can be copied");
        let definition = fs::read_to_string(folder.join("bundle.yaml")).expect("a bundle");
        let entry = definition.split_once("plugins:\n").expect("plugins").1;
        plugins.push_str(&entry.replace("    cases: cases.yaml\n", ""));
    }
    let before = fs::read_to_string(live.join("bundle.yaml")).expect("a bundle");
    save(&live, "bundle.yaml", &format!("{before}{plugins}"));

    let pods = gateway.path("/api/v1/namespaces/shop/pods");
    let token = format!("Bearer {}", gateway.token("devin"));
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let create = |image: &str| {
        let pod = format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"generateName":"p-"}},"spec":{{"containers":[{{"name":"c","image":"{image}"}}]}}}}"#);
        gateway.client().request("POST", &pods, &headers, pod.as_bytes())
    };
    // The old set goes on judging while twelve megabytes are compiled.
    let mut served = 0;
    let status = until(LIMIT, "for all languages to be live", || {
        assert_eq!(gateway.client().request("GET", &pods, &headers, b"").status, 200);
        served += 1;
        let status = gateway.cli("alice", &["policy", "status", "--output", "json"]).expect_ok();
        let status: Value = serde_json::from_str(status.stdout.trim()).expect("a status");
        assert!(status["rejected"].is_null(), "{status}");
        // The five, and the one that was there.
        (status["plugins"].as_array().map(Vec::len) == Some(6)).then_some(status)
    });
    println!("{served} requests were served meanwhile");
    for plugin in status["plugins"].as_array().expect("plugins").iter().skip(1) {
        println!("{}: {} bytes, {}", plugin["name"], plugin["bytes"], plugin["loaded"]);
        assert_eq!(plugin["state"], "live", "{plugin}");
        assert_eq!(plugin["loaded"]["born_configured"], Value::from(true), "{plugin}");
    }

    for (image, status, verdict, rule) in
        [("ghcr.io/acme/web:1", 201, "no-opinion", None), ("evil.example/web:1", 403, "deny", Some("allowed-registries")), ("nginx", 403, "deny", Some("no-floating-tags"))]
    {
        let answer = create(image);
        assert_eq!(answer.status, status, "{image}: {}", answer.text());
        let record = until(Duration::from_secs(10), "for the record", || {
            let record = gateway.api("alice").record(&answer.record());
            record["by"].is_array().then_some(record)
        });
        for folder in EXAMPLES.iter().filter(not_typescript) {
            let name = folder.file_name().expect("a name").to_string_lossy();
            let by = record["by"].as_array().expect("verdicts").iter().find(|by| by["plugin"] == *name);
            let by = by.unwrap_or_else(|| panic!("{name} was not asked: {record}"));
            assert_eq!((by["verdict"].as_str(), by["rule"].as_str()), (Some(verdict), rule), "{image}: {by}");
        }
    }
}

#[test]
fn a_new_policy_of_each_language_has_cases_that_hold() {
    for language in &LANGUAGES[1..] {
        // Every world that is quick to build; a guard in the others.
        let worlds: &[&str] = match *language {
            "c" | "go" => &["guard", "approval-router", "masker", "session-policy", "audit-sink", "notifier"],
            _ => &["guard"],
        };
        for world in worlds {
            let name = format!("{language}-{world}");
            let folder = new(&name, world, language);
            portcullis(&["plugin", "test", text(&folder)]).expect_ok();
        }
    }
    // Compiled by the gateway's engine these would take a minute; the types are told by the language's own compiler.
    for world in ["approval-router", "masker", "session-policy", "audit-sink", "notifier"] {
        let name = format!("typescript-{world}");
        let folder = new(&name, world, "typescript");
        portcullis(&["plugin", "build", text(&folder)]).expect_ok();
    }
}

#[test]
fn what_a_policy_throws_stands_in_the_refusal_with_its_line() {
    for (language, file, from, to, told) in [
        ("javascript", "policy.js", "  let wanted;", "  let wanted = null.replicas;", "TypeError: can't access property \"replicas\" of null (policy.js:"),
        ("python", "policy.py", "request = facts.request", "request = [facts.request][3]", "IndexError: list index out of range (policy.py:"),
        ("go", "policy.go", "request := facts.Request", "request := facts.Request\n\tsettings.Most = []int64{}[len(request.Verb)]", "index out of range [6] with length 0 (policy.go:"),
    ] {
        let name = format!("thrown-{language}");
        let folder = changed(&name, language, file, from, to);
        portcullis(&["plugin", "build", text(&folder)]).expect_ok();
        let ran = portcullis(&["plugin", "run", text(&folder), "create deployment web -n shop --image=web:1"]);
        assert!(ran.all().contains(&format!("the policy plugin `{name}` panicked: ")) && ran.all().contains(told), "{ran:?}");
    }
}

#[test]
fn a_mistake_is_told_by_the_languages_own_tool() {
    for (language, file, from, to, told) in [
        ("typescript", "policy.ts", "settings.most", "settings.least", "Property 'least' does not exist"),
        ("go", "policy.go", "settings.Most", "settings.Least", "settings.Least undefined"),
        ("c", "policy.c", "long wanted", "lang wanted", "lang"),
        ("python", "policy.py", "import json\n", "import jsn\n", "jsn"),
    ] {
        let name = format!("wrong-{language}");
        let folder = changed(&name, language, file, from, to);
        let failed = portcullis(&["plugin", "build", text(&folder)]);
        assert!(!failed.ok() && failed.all().contains(told), "{failed:?}");
        assert!(!folder.join(format!("{name}.wasm")).exists());
    }
}
