//! On a real kubelet's streams, with the default policies unless a test says otherwise.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use portcullis_tests::process::terminal::Terminal;
use portcullis_tests::process::{self, Running};
use portcullis_tests::until;

use super::stage::{CARRIERS, SOON, STAGE, on, over, pod, recorded, start};

#[test]
fn what_a_command_prints_is_masked_and_recorded_by_channel_with_its_exit_code() {
    for (carrier, flag) in CARRIERS {
        let namespace = format!("printed-{carrier}");
        pod(&namespace);
        let devin = STAGE.guarded.kubectl("1.37", "devin").within(&namespace);
        let script = "read line; echo got $line; echo password=hunter2hunter2; echo complaint >&2; exit 7";
        let mut held = start(&devin, flag, &["exec", "-i", "box", "--", "sh", "-c", script]);
        let alice = STAGE.guarded.api("alice");
        let approval = alice.pending(&namespace);
        assert_eq!(alice.decide(&approval, true).status, 200);
        held.write(b"typed\n");
        held.close();
        let output = held.finish(SOON);
        assert_eq!(output.code, 7, "{output:?}");
        assert!(output.stdout.contains("got typed") && output.stdout.contains("password=masked:v1:"), "{output:?}");
        assert!(!output.all().contains("hunter2"), "{output:?}");
        assert!(output.stderr.contains("complaint"), "{output:?}");

        let (record, passed) = recorded(&STAGE.guarded, &namespace, "exec");
        assert!(record["message"].as_str().is_some_and(|message| message.contains("exit code 7")), "{record}");
        assert_eq!(record["response"]["masked"], 1, "{record}");
        assert_eq!((&record["kind"], &record["decision"]), (&"command".into(), &"allow".into()), "{record}");
        assert_eq!(on("stdin", &passed), "typed\n");
        assert_eq!(on("stdout", &passed), output.stdout, "as the agent saw it");
        assert_eq!(on("stderr", &passed), "complaint\n");
    }
}

#[test]
fn a_terminal_prompts_is_resized_and_gives_its_exit_code() {
    for (carrier, flag) in CARRIERS {
        let namespace = format!("terminal-{carrier}");
        pod(&namespace);
        let observed = STAGE.observed.kubectl("1.37", "devin").within(&namespace);
        let command = over(&observed, flag, &["exec", "-it", "box", "--", "sh"]);
        let mut terminal = Terminal::start(&command, STAGE.observed.scratch());
        for (columns, rows) in [(80, 24), (101, 33), (132, 50)] {
            terminal.resize(columns, rows);
            // The size travels on a channel of its own, and so may arrive after what is typed.
            let size = format!("{rows} {columns}");
            until(SOON, &format!("for a window of {size} over {carrier}"), || {
                terminal.running.write(b"stty size\n");
                std::thread::sleep(Duration::from_millis(200));
                terminal.running.stdout().contains(&size).then_some(())
            });
        }
        terminal.running.write(b"exit 5\n");
        let output = terminal.running.finish(SOON);
        assert_eq!(output.code, 5, "{output:?}");
        let (record, passed) = recorded(&STAGE.observed, &namespace, "exec");
        assert!(record["message"].as_str().is_some_and(|message| message.contains("exit code 5")), "{record}");
        assert!(on("stdout", &passed).contains("stty size"), "the terminal's echo: {passed:?}");
        let sizes: Vec<&str> = passed.iter().filter(|(channel, _)| channel == "resize").map(|(_, size)| size.as_str()).collect();
        let whole = sizes.concat();
        for size in ["80x24", "101x33", "132x50"] {
            assert!(whole.contains(size), "{size} over {carrier}: {sizes:?}");
        }
    }
}

#[test]
fn a_stream_is_cut_within_a_second_of_its_sessions_end() {
    pod("cut");
    // Not the identity of the other tests: they share a session, and it is ended here.
    let observed = STAGE.observed.kubectl("1.37", "bob").within("cut");
    let running = observed.start(&["exec", "box", "--", "sh", "-c", "echo begun; sleep 600"]);
    until(SOON, "for the command to begin", || running.stdout().contains("begun").then_some(()));
    let records = STAGE.observed.api("alice").audit("namespace=cut&resource=pods");
    let record = records.iter().find(|record| record["request"]["subresource"] == "exec").expect("its intent is recorded");
    let session = record["session"].as_str().expect("a session").to_owned();
    let revoked = STAGE.observed.cli("bob", &["session", "revoke", &session]);
    assert!(revoked.ok(), "{revoked:?}");
    let begun = Instant::now();
    let output = running.finish(SOON);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(output.code != 0 && output.stderr.contains("session"), "{output:?}");
}

#[test]
fn a_hundred_megabytes_are_copied_each_way() {
    let admin = pod("large");
    let folder = STAGE.observed.scratch().join("large");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join("file");
    let mut word = 0x2545_f491_4f6c_dd1d_u64;
    let bytes: Vec<u8> = (0..100 << 17)
        .flat_map(|_| {
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            word.to_le_bytes()
        })
        .collect();
    std::fs::write(&file, &bytes).expect("it can be written");
    let observed = STAGE.observed.kubectl("1.37", "devin").within("large");
    let limit = Duration::from_secs(180);
    let copied = |from: &str, to: &str| process::run(&mut observed.command(&["cp", from, to]), b"", limit).expect_ok();
    copied(&file.display().to_string(), "box:/tmp/file");
    assert_eq!(admin.must(&["exec", "box", "--", "sh", "-c", "wc -c < /tmp/file"]).trim(), bytes.len().to_string());
    let back = folder.join("back");
    copied("box:/tmp/file", &back.display().to_string());
    assert!(std::fs::read(&back).expect("it came back") == bytes, "it came back changed");
    assert!(STAGE.observed.memory() < 300 << 20, "{} MiB", STAGE.observed.memory() >> 20);
}

/// kubectl's own words for a forwarded port.
fn forwarded(running: &Running) -> u16 {
    until(SOON, "for the port", || running.stdout().split_once("127.0.0.1:")?.1.split(' ').next()?.parse().ok())
}

fn fetch(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(SOON)).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\nhost: box\r\n\r\n").ok()?;
    let mut page = String::new();
    stream.read_to_string(&mut page).ok()?;
    Some(page)
}

#[test]
fn forwarded_connections_are_counted_and_a_pod_that_dies_ends_them() {
    for (carrier, flag) in CARRIERS {
        let namespace = format!("forward-{carrier}");
        let admin = pod(&namespace);
        let observed = STAGE.observed.kubectl("1.37", "devin").within(&namespace);
        let running = start(&observed, flag, &["port-forward", "pod/box", ":80"]);
        let port = forwarded(&running);
        let pages: Vec<_> = std::thread::scope(|scope| {
            let fetches: Vec<_> = (0..4).map(|_| scope.spawn(|| fetch(port))).collect();
            fetches.into_iter().map(|fetch| fetch.join().expect("a page")).collect()
        });
        assert!(pages.iter().flatten().filter(|page| page.contains("200")).count() == 4, "{pages:?}");
        admin.must(&["delete", "pod", "box", "--wait=true"]);
        // Without grace the pod may answer a moment longer than the API server knows it. Then, as without the gateway, the
        // next connection fails, and kubectl says why.
        until(SOON, "for kubectl to say that the pod is lost", || {
            let page = fetch(port);
            (running.stderr().contains("error") && page.is_none_or(|page| page.is_empty())).then_some(())
        });
        drop(running);
        let (record, passed) = recorded(&STAGE.observed, &namespace, "portforward");
        assert!(record["message"].as_str().is_some_and(|message| message.contains("ports: 80")), "{record}");
        assert!(on("forward", &passed).matches("port 80: opened").count() >= 4, "{passed:?}");
    }
}
