//! Streams through the gateway and straight to the API server: the same to whoever uses them, over each carrier.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use portcullis_tests::kubectl::Kubectl;
use portcullis_tests::process::{self, Output, Running};
use portcullis_tests::until;

use super::stage::{CARRIERS, SOON, STAGE, over, pod, running, start};

/// kubectl straight and through the gateway, in a namespace.
fn both(namespace: &str) -> [Kubectl; 2] {
    [STAGE.cluster.admin().within(namespace), STAGE.observed.kubectl("1.37", "devin").within(namespace)]
}

#[test]
fn commands_end_with_the_same_exit_codes_and_words() {
    pod("codes");
    let kubectls = both("codes");
    for (carrier, flag) in CARRIERS {
        for (code, command) in [
            (0, &["sh", "-c", "echo out; echo err >&2"][..]),
            (7, &["sh", "-c", "echo out; echo err >&2; exit 7"]),
            (126, &["sh", "-c", "/etc/passwd"]),
            (127, &["sh", "-c", "no-such-program"]),
            (137, &["sh", "-c", "kill -9 $$"]),
            (255, &["sh", "-c", "exit 255"]),
            (1, &["no-such-program"]),
        ] {
            let arguments = [&["exec", "box", "--"], command].concat();
            let [straight, through] = kubectls.each_ref().map(|kubectl| process::run(&mut over(kubectl, flag, &arguments), b"", SOON));
            assert_eq!(straight, through, "{command:?} over {carrier}");
            assert_eq!(through.code, code, "{command:?} over {carrier}: {through:?}");
        }
    }
}

const ECHO: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: box }\nspec:\n  terminationGracePeriodSeconds: 0\n  restartPolicy: Never\n  containers:\n    - name: box\n      image: busybox\n      stdin: true\n      command: [sh, -c, \"while read line; do [ $line != quit ] || exit 3; echo got $line; echo heard $line >&2; done\"]\n";

#[test]
fn attaching_to_a_running_container_is_the_same() {
    for (carrier, flag) in CARRIERS {
        let [straight, through] = ["straight", "through"].map(|way| {
            let namespace = format!("attach-{carrier}-{way}");
            let admin = STAGE.cluster.admin();
            admin.must(&["create", "namespace", &namespace]);
            running(&admin.within(&namespace), ECHO);
            let [direct, gateway] = both(&namespace);
            let kubectl = if way == "straight" { direct } else { gateway };
            // One after the other: who attaches, leaves, and comes again finds the same container.
            let attach = || start(&kubectl, flag, &["attach", "-i", "-q", "box"]);
            let mut first = attach();
            first.write(b"one\n");
            until(SOON, "for the container's answer", || first.stdout().contains("got one").then_some(()));
            until(SOON, "for its complaint", || first.stderr().contains("heard one").then_some(()));
            let first = first.kill();
            let mut second = attach();
            second.write(b"two\n");
            until(SOON, "for the container's answer", || second.stdout().contains("got two").then_some(()));
            second.write(b"quit\n");
            let second = second.finish(SOON);
            (first.stdout, second)
        });
        assert_eq!(straight, through, "over {carrier}");
    }
}

/// Counts what it was sent, and answers when the sender has finished.
const COUNTS: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: box }\nspec:\n  terminationGracePeriodSeconds: 0\n  containers:\n    - name: box\n      image: nginx\n      ports: [{ containerPort: 80 }, { containerPort: 8080 }]\n    - name: counts\n      image: busybox\n      command: [nc, -ll, -p, '9000', -e, wc, -c]\n    - name: waits\n      image: busybox\n      command: [nc, -ll, -p, '9001', -e, cat]\n";

/// The local ports of a forwarding, in kubectl's order.
fn ports(running: &Running, count: usize) -> Vec<u16> {
    until(SOON, "for the ports", || {
        let said = running.stdout();
        let found: Vec<u16> = said.split("127.0.0.1:").skip(1).filter_map(|rest| rest.split(' ').next()?.parse().ok()).collect();
        (found.len() >= count).then_some(found)
    })
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("kubectl listens");
    stream.set_read_timeout(Some(SOON)).expect("a limit");
    stream
}

/// Says all, finishes, and reads the answer.
fn exchange(port: u16, said: &[u8]) -> String {
    let mut stream = connect(port);
    stream.write_all(said).expect("it is taken");
    stream.shutdown(Shutdown::Write).expect("it can be half closed");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn forwarded_ports_are_the_same_to_the_last_byte() {
    for (carrier, flag) in CARRIERS {
        let namespace = format!("ports-{carrier}");
        let admin = STAGE.cluster.admin();
        admin.must(&["create", "namespace", &namespace]);
        running(&admin.within(&namespace), COUNTS);
        let seen = both(&namespace).map(|kubectl| {
            let forward = start(&kubectl, flag, &["port-forward", "pod/box", ":80", ":8080", ":9000"]);
            let ports = ports(&forward, 3);
            let page = |port| {
                let mut stream = connect(port);
                stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("it is taken");
                let mut page = String::new();
                stream.read_to_string(&mut page).expect("a page");
                page.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).expect("a body")
            };
            // The client has finished before the answer begins.
            let megabyte = vec![b'x'; 1 << 20];
            let counted = exchange(ports[2], &megabyte);
            assert_eq!(counted.trim(), megabyte.len().to_string(), "over {carrier}");
            let seen = (page(ports[0]), page(ports[1]), counted);
            let output = forward.kill();
            (seen, output.stderr)
        });
        assert!(seen[0].0.0.contains("Welcome"), "{seen:?}");
        assert_eq!(seen[0], seen[1], "over {carrier}");
    }
}

#[test]
fn a_forwarded_connection_ends_with_its_pod_the_same() {
    for (carrier, flag) in CARRIERS {
        let seen = ["straight", "through"].map(|way| {
            let namespace = format!("dies-{carrier}-{way}");
            let admin = STAGE.cluster.admin();
            admin.must(&["create", "namespace", &namespace]);
            let admin = admin.within(&namespace);
            running(&admin, COUNTS);
            let [direct, gateway] = both(&namespace);
            let kubectl = if way == "straight" { direct } else { gateway };
            let forward = start(&kubectl, flag, &["port-forward", "pod/box", ":9001"]);
            let port = ports(&forward, 1)[0];
            let mut held = connect(port);
            held.write_all(b"hello").expect("it is taken");
            let mut hello = [0; 5];
            held.read_exact(&mut hello).expect("an echo");
            admin.must(&["delete", "pod", "box", "--wait=true"]);
            // The open connection ends, and the next one finds nobody.
            let mut rest = Vec::new();
            held.read_to_end(&mut rest).ok();
            let mut next = connect(port);
            let mut nothing = Vec::new();
            next.read_to_end(&mut nothing).ok();
            let ended = ended(forward);
            (hello, rest, nothing, ended.code, ended.stderr.contains("lost connection to pod"))
        });
        assert_eq!(seen[0], seen[1], "over {carrier}");
    }
}

/// kubectl ends by itself once it has lost the pod.
fn ended(forward: Running) -> Output {
    forward.finish(Duration::from_secs(60))
}
