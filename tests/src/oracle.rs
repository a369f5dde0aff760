//! Kubernetes' own code, asked what a request means: `cluster oracle` (see `tests/cluster/oracle`).

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::places;
use crate::process::{Watchdog, wait};

/// Tens of thousands of cases take a second or two; a busy machine gets more.
const LIMIT: Duration = Duration::from_secs(120);

/// Asks one question about many cases, a line each. The answers come in the same order.
///
/// # Panics
/// When the program does not answer every case in time.
#[must_use]
pub fn ask(question: &str, cases: &[String]) -> Vec<Value> {
    let folder = places::folder();
    let answers = folder.path().join("answers");
    let mut child = Command::new(places::cluster_program())
        .args(["oracle", question])
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(&answers).expect("the folder can be written"))
        .spawn()
        .expect("the cluster's program runs");
    let _watchdog = Watchdog::over(child.id(), folder.path());
    let mut stdin = child.stdin.take().expect("a pipe");
    // The answers go to a file, so the program never waits for somebody to read them.
    stdin.write_all((cases.join("\n") + "\n").as_bytes()).expect("the oracle reads its cases");
    drop(stdin);
    let status = wait(&mut child, LIMIT).expect("the oracle ends in time");
    assert!(status.success(), "the oracle ended with {status}");
    let answers = std::fs::read_to_string(&answers).expect("it answered");
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!(answers.len(), cases.len(), "an answer for each case");
    answers
}
