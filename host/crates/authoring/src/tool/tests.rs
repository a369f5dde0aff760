use std::process::Command;

use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn what_a_tool_prints_is_given() {
    assert_eq!(run(&mut shell("echo out; echo err >&2"), "", Messages::Kept).expect("it works"), b"out\n");
}

#[test]
fn a_missing_tool_is_named_with_how_to_get_it() {
    let error = run(&mut Command::new("no-such-tool"), "install it from a shop", Messages::Kept).expect_err("there is none");
    assert_eq!(error.to_string(), "`no-such-tool` is not installed; install it from a shop");
}

#[test]
fn a_tool_that_fails_is_told_in_its_own_words() {
    let told = |script: &str| run(&mut shell(script), "", Messages::Kept).expect_err("it fails").to_string();
    assert_eq!(told("echo why >&2; exit 3"), "`sh` failed:\nwhy");
    assert_eq!(told("echo why; exit 3"), "`sh` failed:\nwhy");
    let long = told("for i in $(seq 5000); do echo line $i >&2; done; exit 1");
    assert!(long.ends_with("line 5000") && long.len() < TOLD + 100 && long.starts_with("`sh` failed:\nline "), "{long}");
}

#[test]
fn a_tool_that_does_not_end_is_stopped() {
    let mut child = shell("exec sleep 60").spawn().expect("a shell");
    assert!(wait(&mut child, Duration::from_millis(20), &|| {}).expect("it can be asked").is_none());
}
