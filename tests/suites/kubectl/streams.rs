//! Commands that stay: logs, exec, attach, cp, port-forward. They go over upgraded connections, each version in its own way.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::{Output, until};

use super::side::{POD, SOON, STAGE, Sides, both_versions};

both_versions! {
    logs_are_the_same_and_follow
    exec_gives_output_and_exit_code_the_same
    exec_on_a_terminal_does_the_same
    exec_carries_what_is_typed_and_its_end
    cp_carries_files_both_ways
    port_forward_carries_requests
    attach_does_the_same
}

const TALKER: &str = r#"
apiVersion: v1
kind: Pod
metadata: { name: talker }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: talker
      image: busybox
      command: [sh, -c, "echo one; echo two; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo three; sleep 3600"]
    - { name: second, image: busybox, command: [sh, -c, "echo from the second; sleep 3600"] }
"#;

fn prepared(test: &str, version: &'static str, yaml: &str, pod: &str) -> Sides {
    let sides = Sides::new(test, version);
    sides.prepare(yaml);
    sides.ready(pod);
    sides
}

fn logs_are_the_same_and_follow(version: &'static str) {
    let sides = prepared("logs", version, TALKER, "pod/talker");
    let admin = sides.admin();
    until(SOON, "for the pod to speak", || admin.run(&["logs", "talker", "-c", "talker"]).stdout.contains("two").then_some(()));
    for arguments in [
        &["logs", "talker", "-c", "talker"][..],
        &["logs", "talker", "-c", "second"],
        &["logs", "talker", "--tail=1", "-c", "talker"],
        &["logs", "talker", "-c", "none"],
    ] {
        sides.same_read(arguments);
    }
    // Of several containers kubectl prints the one first that answers first.
    let all = ["logs", "talker", "--all-containers", "--prefix"];
    let sorted = |kubectl: &Kubectl| {
        let mut lines: Vec<String> = kubectl.must(&all).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&sides.gated_near()), sorted(&sides.straight));
    let follow = ["logs", "-f", "talker", "-c", "talker"];
    let (straight, gated) = (sides.straight.start(&follow), sides.gated_near().start(&follow));
    until(SOON, "for the log to be followed", || (straight.stdout().contains("two") && gated.stdout().contains("two")).then_some(()));
    admin.must(&["exec", "talker", "-c", "talker", "--", "touch", "/tmp/go"]);
    until(SOON, "for the log to go on", || (straight.stdout().contains("three") && gated.stdout().contains("three")).then_some(()));
    assert_eq!(gated.kill().stdout, straight.kill().stdout);
}

fn exec_gives_output_and_exit_code_the_same(version: &'static str) {
    let sides = prepared("exec", version, POD, "pod/box");
    for (arguments, code) in [
        (&["exec", "box", "--", "echo", "hello there"][..], 0),
        (&["exec", "box", "--", "sh", "-c", "echo out; echo err >&2; exit 7"], 7),
        (&["exec", "box", "--", "false"], 1),
        (&["exec", "box", "--", "seq", "1", "20000"], 0),
        (&["exec", "box", "-c", "none", "--", "true"], 1),
        (&["exec", "deploy/none", "--", "true"], 1),
    ] {
        let output = sides.same_read(arguments);
        assert_eq!(output.code, code, "{arguments:?}: {:?}", output.stderr);
    }
    let missing = ["exec", "box", "--", "/no/such/program"];
    assert_eq!(sides.gated_near().run(&missing).code, sides.straight.run(&missing).code);
    let records = STAGE.gateway.api("alice").audit(&format!("namespace={}&verb=create&resource=pods", sides.near));
    let recorded = records.iter().filter(|record| record["request"]["subresource"] == "exec").count();
    assert!(recorded >= 5, "{recorded} of them are recorded as what they are");
}

fn exec_on_a_terminal_does_the_same(version: &'static str) {
    let sides = prepared("tty", version, POD, "pod/box");
    let arguments = ["exec", "-it", "box", "--", "sh", "-c", "test -t 0 && test -t 1 && read line && echo got $line && exit 5"];
    let (straight, gated) = (sides.straight.on_terminal(&arguments, "typed\n"), sides.gated_near().on_terminal(&arguments, "typed\n"));
    assert!(gated.stdout.contains("got typed"), "{gated:?}");
    assert_eq!((gated.code, lines(&gated)), (straight.code, lines(&straight)), "{gated:?}");
}

/// What a terminal shows, without how it ends its lines.
fn lines(output: &Output) -> Vec<String> {
    output.stdout.lines().map(|line| line.trim_end_matches('\r').to_owned()).filter(|line| !line.is_empty()).collect()
}

fn exec_carries_what_is_typed_and_its_end(version: &'static str) {
    let sides = prepared("stdin", version, POD, "pod/box");
    let text: String = (0..5000).map(|n| format!("line {n} of a longer text\n")).collect();
    let counted = sides.gated_near().run_with(&["exec", "-i", "box", "--", "wc", "-c"], &text).expect_ok();
    assert_eq!(counted.stdout.trim(), text.len().to_string());
    let back = sides.gated_near().run_with(&["exec", "-i", "box", "--", "cat"], &text).expect_ok();
    assert_eq!(back.stdout, text);
}

fn cp_carries_files_both_ways(version: &'static str) {
    let sides = prepared("copy", version, POD, "pod/box");
    let folder = STAGE.gateway.scratch().join(format!("cp-{version}"));
    let tree = folder.join("tree/inner");
    fs::create_dir_all(&tree).expect("a folder can be made");
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(folder.join("tree/large"), &bytes).expect("it can be written");
    fs::write(tree.join("small"), "small\n").expect("it can be written");
    let copy = |kubectl: &Kubectl, back: &Path| {
        let to = kubectl.run(&["cp", &folder.join("tree").display().to_string(), "box:/tmp/tree"]);
        let from = kubectl.run(&["cp", "box:/tmp/tree", &back.display().to_string()]);
        (to, from)
    };
    let back = folder.join("gated");
    let straight = copy(&sides.straight, &folder.join("straight"));
    let gated = copy(&sides.gated, &back);
    assert!(gated.0.ok() && gated.1.ok(), "{gated:?}");
    assert_eq!((gated.0.code, gated.1.code), (straight.0.code, straight.1.code));
    assert_eq!(fs::read(back.join("large")).expect("it came back"), bytes);
    assert_eq!(fs::read(back.join("inner/small")).expect("it came back"), b"small\n");
}

fn port_forward_carries_requests(version: &'static str) {
    let sides = prepared("forward", version, POD, "pod/box");
    let page = |kubectl: &Kubectl| {
        let forward = kubectl.start(&["port-forward", "pod/box", ":80"]);
        let port: u16 = until(SOON, "for the port", || {
            let said = forward.stdout();
            let (_, rest) = said.split_once("127.0.0.1:")?;
            rest.split(' ').next()?.parse().ok()
        });
        // Several, since each is a stream of its own.
        let pages: Vec<String> = (0..3).map(|_| fetch(port)).collect();
        let said = forward.kill();
        (pages, said.stdout.replace(&port.to_string(), "PORT"))
    };
    let (straight, gated) = (page(&sides.straight), page(&sides.gated_near()));
    assert!(gated.0[0].starts_with("HTTP/1.") && gated.0[0].contains("200"), "{gated:?}");
    let body = |page: &String| page.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    assert_eq!(gated.0.iter().map(body).collect::<Vec<_>>(), straight.0.iter().map(body).collect::<Vec<_>>());
    assert_eq!(gated.1.lines().next(), straight.1.lines().next());
}

fn fetch(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the port is forwarded");
    stream.set_read_timeout(Some(SOON)).expect("a limit");
    stream.write_all(b"GET / HTTP/1.0\r\nhost: box\r\n\r\n").expect("it reads");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("it answers");
    page
}

fn attach_does_the_same(version: &'static str) {
    let echo = "apiVersion: v1\nkind: Pod\nmetadata: { name: echo }\nspec:\n  terminationGracePeriodSeconds: 0\n  restartPolicy: Never\n  containers: [{ name: echo, image: busybox, stdin: true, stdinOnce: true, command: [sh, -c, \"read line; echo got $line\"] }]\n";
    let sides = prepared("attach", version, echo, "pod/echo");
    let attach = ["attach", "-i", "echo"];
    let (straight, gated) = (sides.straight.run_with(&attach, "typed\n"), sides.gated.run_with(&attach, "typed\n"));
    assert!(gated.stdout.contains("got typed"), "{gated:?} and straight {straight:?}");
    assert_eq!(gated.code, straight.code);
}
