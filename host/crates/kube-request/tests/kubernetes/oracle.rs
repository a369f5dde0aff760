//! Kubernetes' own code, asked over a pipe.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Command, Stdio};

use kube_request::Json;

/// What Kubernetes says.
#[derive(Debug)]
pub enum Answer {
    /// The object, and what strict reading objects to.
    Json { json: Json, strict: String },
    /// Its error.
    #[expect(dead_code, reason = "read by nobody but whom a case that fails shows it to")]
    Refused(String),
}

/// Asks all cases, one a line.
pub fn ask(question: &str, cases: Vec<String>) -> Vec<Answer> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/cluster/cluster");
    let mut child = Command::new(program)
        .args(["oracle", question])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test cluster's program is built by `cargo xtask test`");
    let mut to = BufWriter::new(child.stdin.take().unwrap());
    let count = cases.len();
    let writer = std::thread::spawn(move || cases.iter().try_for_each(|case| writeln!(to, "{case}")));
    let answers: Vec<Answer> = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| answer(&line.unwrap())).collect();
    writer.join().unwrap().expect("it reads all cases");
    assert!(child.wait().unwrap().success());
    assert_eq!(answers.len(), count);
    answers
}

fn answer(line: &str) -> Answer {
    let answer = Json::parse(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
    if let Some(error) = answer.get("error").and_then(Json::as_str) {
        return Answer::Refused(error.to_owned());
    }
    let text = answer.get("json").and_then(Json::as_str).unwrap_or_else(|| panic!("{line}"));
    let json = Json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let strict = answer.get("strict").map(Json::to_string).filter(|text| !matches!(text.as_str(), "\"\"" | "[]" | "null")).unwrap_or_default();
    Answer::Json { json, strict }
}
