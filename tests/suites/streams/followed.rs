//! Logs that are followed for minutes, straight and through the gateway side by side.

use std::time::Duration;

use portcullis_tests::until;

use super::stage::{SOON, STAGE, gateway, on, recorded};

/// Longer than the tickers take.
const LIMIT: Duration = Duration::from_secs(300);
/// What may come of memory while nothing but lines pass, one at a time.
const GROWTH_MAX: u64 = 8 << 20;

fn ticker(name: &str, script: &str) {
    let admin = STAGE.cluster.admin();
    admin.must(&["create", "namespace", name]);
    let yaml = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: box }}\nspec:\n  restartPolicy: Never\n  terminationGracePeriodSeconds: 0\n  containers: [{{ name: box, image: busybox, command: [sh, -c, \"{script}\"] }}]\n"
    );
    let admin = admin.within(name);
    admin.apply(&yaml);
    admin.must(&["wait", "--for=condition=Ready", "pod/box", "--timeout=50s"]);
}

pub fn lines_arrive_while_they_are_printed_for_minutes() {
    // 1500 pauses of a tenth of a second: longer than any limit of the gateway's on what is silent or unread.
    ticker("ticks", "i=0; while [ $i -lt 1500 ]; do i=$((i+1)); echo line $i; sleep 0.1; done");
    let watching = gateway();
    let straight = STAGE.cluster.admin().within("ticks").start(&["logs", "-f", "box"]);
    let mut through = watching.kubectl("1.37", "devin").within("ticks").start(&["logs", "-f", "box"]);
    let whole = |text: &str| text.lines().count() - usize::from(!text.is_empty() && !text.ends_with('\n'));
    let mut memory = Vec::new();
    let mut looks = 0;
    while !through.ended() {
        let printed = whole(&straight.stdout());
        until(SOON, &format!("for line {printed}, which is there without the gateway"), || (whole(&through.stdout()) >= printed).then_some(()));
        memory.push(watching.memory());
        looks += 1;
        assert!(looks < LIMIT.as_secs(), "the log does not end");
        std::thread::sleep(Duration::from_secs(1));
    }
    let (straight, through) = (straight.finish(SOON).expect_ok(), through.finish(SOON).expect_ok());
    assert_eq!(straight.stdout.lines().count(), 1500);
    assert_eq!(straight.stdout, through.stdout);
    assert!(looks > 100, "it took {looks} looks, a second each");
    // It is warm by the fifth look.
    let growth = memory[memory.len() - 1].saturating_sub(memory[5]);
    println!("memory grew by {} KiB in {looks} looks at 1500 lines", growth >> 10);
    assert!(growth < GROWTH_MAX, "memory grew by {} KiB", growth >> 10);
    let records = watching.api("alice").audit("namespace=ticks&resource=pods");
    let record = records.iter().find(|record| record["request"]["subresource"] == "log").expect("it is recorded");
    assert_eq!((&record["kind"], &record["response"]["interrupted"]), (&"stream".into(), &serde_json::Value::Null), "{record}");
    assert_eq!(record["response"]["bytes"], through.stdout.len(), "{record}");
}

pub fn a_log_that_is_silent_for_a_while_goes_on() {
    ticker("silent", "echo before; sleep 75; echo after");
    let straight = STAGE.cluster.admin().within("silent").start(&["logs", "-f", "box"]);
    let through = STAGE.observed.kubectl("1.37", "devin").within("silent").start(&["logs", "-f", "box"]);
    until(SOON, "for the first line", || through.stdout().contains("before").then_some(()));
    assert!(!through.stdout().contains("after"), "it arrives while it is printed");
    let (straight, through) = (straight.finish(LIMIT).expect_ok(), through.finish(LIMIT).expect_ok());
    assert_eq!(straight, through);
    assert_eq!(through.stdout, "before\nafter\n");
}

/// The same silence in a command, in which both sides ask whether the other is there.
pub fn a_command_that_is_silent_for_a_while_goes_on() {
    super::stage::pod("quiet");
    let script = "echo before; sleep 75; echo after; exit 9";
    let devin = STAGE.observed.kubectl("1.37", "devin").within("quiet");
    let running = super::stage::CARRIERS.map(|(_, flag)| super::stage::start(&devin, flag, &["exec", "box", "--", "sh", "-c", script]));
    for running in running {
        let output = running.finish(LIMIT);
        assert_eq!((output.code, output.stdout.as_str()), (9, "before\nafter\n"), "{output:?}");
    }
    let (record, passed) = recorded(&STAGE.observed, "quiet", "exec");
    assert!(record["response"]["interrupted"].is_null(), "{record}");
    assert_eq!(on("stdout", &passed), "before\nafter\n");
}
