//! Bundles that are wrong, each in one way: refused with file, line, key and fix; what was live stays live, and the status and a metric say so.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use portcullis_tests::component::{self, bundle, save};
use portcullis_tests::{Gateway, Options, places, until};

const SOON: Duration = Duration::from_secs(20);

/// What every bundle here begins with: `observe`, which allows everything, to line 7.
const GOOD: &str = r#"apiVersion: portcullis.dev/v1
kind: Bundle
plugins:
  - name: observe
    world: guard
    component: deny-list.wasm
    configuration: { allow: [{ rule: everything, match: [{}, { paths: ["*"] }] }] }
"#;

struct Wrong {
    what: &'static str,
    /// The whole of `bundle.yaml`.
    text: String,
    /// What the message must have: the place, the key, what to do.
    told: &'static [&'static str],
}

/// A second plugin after the good one, whose lines begin at 8.
fn second(what: &'static str, lines: &str, told: &'static [&'static str]) -> Wrong {
    Wrong { what, text: format!("{GOOD}{lines}"), told }
}

fn changed(what: &'static str, from: &str, to: &str, told: &'static [&'static str]) -> Wrong {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD, "{what}");
    Wrong { what, text, told }
}

fn of_the_file() -> Vec<Wrong> {
    let plugin = |rest: &str| format!("  - name: two\n    world: guard\n    component: deny-list.wasm\n{rest}");
    vec![
        changed("no YAML", "plugins:\n", "plugins: [ {\n", &["bundle.yaml:"]),
        changed("a key twice", "    world: guard\n", "    world: guard\n    world: guard\n", &["bundle.yaml:6:", "world"]),
        changed("an unknown key", "    world: guard\n", "    world: guard\n    colour: red\n", &["bundle.yaml:6:", "colour", "expected"]),
        changed("an unknown key at the top", "plugins:", "plugin:", &["bundle.yaml:3:", "plugin", "plugins"]),
        changed("another version of the format", "portcullis.dev/v1", "portcullis.dev/v2", &["bundle.yaml:1:", "must be portcullis.dev/v1"]),
        changed("another kind", "kind: Bundle", "kind: Cases", &["bundle.yaml:2:", "must be Bundle"]),
        changed("a wrong type", "name: observe", "name: [observe]", &["bundle.yaml:4:"]),
        changed("a name with capitals", "name: observe", "name: Observe", &["bundle.yaml:4:", "lower-case"]),
        changed("no such world", "world: guard", "world: gaurd", &["bundle.yaml:5:", "gaurd", "session-policy"]),
        changed("a path out of the bundle", "component: deny-list.wasm", "component: ../deny-list.wasm", &["bundle.yaml:6:", "stay inside the bundle"]),
        changed("a component that is not there", "component: deny-list.wasm", "component: missing.wasm", &["bundle.yaml:6: `component`", "missing.wasm", "must be there"]),
        second("two of one name", &plugin("").replace("two", "observe"), &["bundle.yaml:8:", "give each its own"]),
        second("a mode that there is not", &plugin("    mode: watch\n"), &["bundle.yaml:11:", "watch", "monitor"]),
        second("a glob with brackets", &plugin("    match:\n      namespaces: [\"team-[ab]\"]\n"), &["bundle.yaml:12:", "`team-[ab]`", "`namespaces`", "`*` for any"]),
        second("a subresource among resources", &plugin("    match: { resources: [pods/exec] }\n"), &["bundle.yaml:11:", "`pods/exec`", "under `subresources`"]),
        second("a match for nothing", &plugin("    match: { verbs: [] }\n"), &["bundle.yaml:11:", "`verbs` is empty"]),
        second("a share of more than all", &plugin("    canary: { share: 110% }\n"), &["bundle.yaml:11:", "write it as 10%"]),
        second("a canary in place of nobody", &plugin("    replaces: nobody\n    canary: { share: 10% }\n"), &["bundle.yaml:11:", "no plugin has that name"]),
        second("memory without a unit that is known", &plugin("    limits: { memory: 16MB }\n"), &["bundle.yaml:11:", "16MB", "write it as 16MiB"]),
        second("cases that are not there", &plugin("    cases: cases/none.yaml\n"), &["bundle.yaml:11: `cases`", "cases/none.yaml", "must be there"]),
        Wrong { what: "a file of cases with an unknown key", text: format!("{GOOD}cases: [wrong-key.yaml]\n"), told: &["wrong-key.yaml:4:", "shade"] },
        Wrong { what: "a case that does not hold", text: format!("{GOOD}cases: [wrong-case.yaml]\n"), told: &["wrong-case.yaml:4:", "refused it says", "correct the policy or the cases"] },
    ]
}

fn of_the_plugins() -> Vec<Wrong> {
    let with = |component: &str, rest: &str| format!("  - name: two\n    world: guard\n    component: {component}\n{rest}");
    let default = |rest: &str| with("deny-list.wasm", rest);
    vec![
        second("text for a component", &with("text.wasm", ""), &["bundle.yaml:10:", "text.wasm", "not a WebAssembly component", "plugin build"]),
        second("a core module", &with("module.wasm", ""), &["bundle.yaml:10:", "module.wasm"]),
        second("a component of another world", &with("masker.wasm", ""), &["bundle.yaml:9:", "masker.wasm", "bundle.yaml says guard", "correct `world`"]),
        second("an import that nobody has", &with("import.wasm", ""), &["bundle.yaml:10:", "`wasi:http/outgoing-handler@0.2.0`"]),
        second("a version of the interface that there is not", &with("version.wasm", ""), &["bundle.yaml:10:", "version 0.9.0", "build it for one of these"]),
        second(
            "a configuration key that there is not",
            &default("    configuration:\n      allow: []\n      shade: red\n"),
            &["bundle.yaml:13:", "plugin `two`", "`/shade`", "plugin inspect"],
        ),
        second(
            "one deep inside",
            &default("    configuration:\n      deny:\n        - rule: one\n          match: [{}]\n          message: not now\n        - rule: two\n          match:\n            - verbs: [get]\n              shade: red\n          message: not now\n"),
            &["bundle.yaml:19:", "plugin `two`", "`/deny/1/match/0/shade`"],
        ),
        second("a wrong type in the configuration", &default("    configuration:\n      allow: everything\n"), &["bundle.yaml:12:", "plugin `two`", "`/allow`"]),
        second("more memory than the operator allows", &default("    limits:\n      deadline: 50ms\n      memory: 64GiB\n"), &["bundle.yaml:13:", "memory", "ask for less"]),
        second("more time than the operator allows", &default("    limits: { deadline: 5m }\n"), &["bundle.yaml:11:", "deadline", "ask for less"]),
        second(
            "a capability of another world",
            &default("    capabilities:\n      http: { origins: [\"https://hooks.example.com\"] }\n"),
            &["bundle.yaml:11:", "plugin `two`", "leave it out"],
        ),
    ]
}

/// The gateway with all the files that the wrong bundles name.
fn gateway() -> Gateway {
    let folder = places::folder();
    let dir = folder.path().join("bundle");
    bundle(&dir, "", &[]);
    let put = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).expect("it can be written");
    let cases = |case: &str| format!("apiVersion: portcullis.dev/v1\nkind: Cases\ncases:\n  - {case}\n");
    put("bundle.yaml", GOOD.as_bytes());
    put("text.wasm", b"no component");
    put("module.wasm", &wat::parse_str("(module)").expect("WebAssembly text"));
    put("masker.wasm", &component::masker(component::TRAPS));
    put("import.wasm", &wat::parse_str(r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance)))"#).expect("WebAssembly text"));
    put("version.wasm", &wat::parse_str(r#"(component (instance $i) (export "portcullis:policy/plugin@0.9.0" (instance $i)))"#).expect("WebAssembly text"));
    put("wrong-key.yaml", cases("{ name: a, shade: red, request: GET /version, expect: { verdict: allow } }").as_bytes());
    put("wrong-case.yaml", cases("{ name: refused it says, request: GET /api/v1/namespaces/shop/pods, expect: { verdict: deny } }").as_bytes());
    let gateway = Gateway::start(Options { bundle: Some(dir), ..Options::default() });
    drop(folder);
    gateway
}

fn rejections(gateway: &Gateway) -> u64 {
    let address = gateway.ready.metrics.trim_start_matches("http://").split('/').next().expect("an address").to_owned();
    let mut stream = TcpStream::connect(&address).expect("metrics are served");
    stream.write_all(format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).expect("it listens");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it answers");
    let rejected = |line: &&str| line.starts_with("portcullis_policy") && line.contains("reject");
    let line = text.lines().find(rejected).unwrap_or_else(|| panic!("no count of rejections: {text}"));
    line.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a count")
}

fn refused(gateway: &Gateway, dir: &Path, wrong: &Wrong, last: &mut String) {
    let before = (gateway.api("alice").policy(), rejections(gateway));
    save(dir, "bundle.yaml", &wrong.text);
    let status = until(SOON, wrong.what, || {
        let status = gateway.api("alice").policy();
        let message = status["rejected"]["message"].as_str().unwrap_or_default();
        (!message.is_empty() && message != last).then_some(status)
    });
    *last = status["rejected"]["message"].as_str().unwrap_or_default().to_owned();
    println!("{}: {last}", wrong.what);
    for part in wrong.told {
        assert!(last.contains(part), "{}: `{part}` is not in: {last}", wrong.what);
    }
    assert_eq!((&status["generation"], &status["digest"]), (&before.0["generation"], &before.0["digest"]), "{}", wrong.what);
    assert!(rejections(gateway) > before.1, "{}: the metric says nothing", wrong.what);
    let token = format!("Bearer {}", gateway.token("devin"));
    let answer = gateway.client().request("GET", &gateway.path("/api/v1/namespaces/shop/configmaps/web"), &[("authorization", &token)], b"");
    assert_eq!(answer.status, 200, "{}: {}", wrong.what, answer.text());
}

#[test]
fn each_is_refused_with_its_place_and_its_fix_and_changes_nothing() {
    let gateway = gateway();
    let dir = gateway.ready.policies_dir.clone();
    let mut last = String::new();
    for wrong in of_the_file().iter().chain(&of_the_plugins()) {
        refused(&gateway, &dir, wrong, &mut last);
    }
    // And the way back is as short as the way there.
    save(&dir, "bundle.yaml", &GOOD.replace("everything", "all-of-it"));
    until(SOON, "for a good bundle", || gateway.api("alice").policy()["rejected"].is_null().then_some(()));
}

/// The same sentences on the command line, before anything is pushed or saved.
#[test]
fn the_command_line_says_the_same() {
    use std::process::Command;
    let (folder, home) = (places::folder(), places::folder());
    bundle(folder.path(), "", &[]);
    for wrong in of_the_file().iter().filter(|wrong| !wrong.text.contains("cases:")) {
        save(folder.path(), "bundle.yaml", &wrong.text);
        let mut command = Command::new(places::portcullis());
        command.args(["bundle", "check"]).arg(folder.path()).env("HOME", home.path()).env_remove("XDG_CACHE_HOME");
        let told = portcullis_tests::process::run(&mut command, b"", Duration::from_secs(60));
        assert_eq!(told.code, 1, "{}: {told:?}", wrong.what);
        for part in wrong.told {
            assert!(told.stderr.contains(part), "{}: `{part}` is not in: {}", wrong.what, told.stderr);
        }
    }
}
