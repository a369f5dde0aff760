//! P12: `kill -9` at any instant loses nothing that was acknowledged.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;

const FOLDER: &str = "LEDGER_CRASH_TEST_FOLDER";

/// Run by the test below in a process of its own: appends until it is killed, and says what was acknowledged.
#[test]
fn child_appends_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let options = Options { segment_bytes: 200_000, checkpoint_interval: Duration::from_millis(5), ..Options::default() };
    let ledger = Ledger::open(Path::new(&folder), options).unwrap();
    println!("ready");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..4).map(|number| tokio::spawn(append_for_ever(ledger.clone(), number))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn append_for_ever(ledger: Ledger, task: usize) {
    for round in 0.. {
        let intent = record(Phase::Intent);
        let body = format!("{task} {round} ").repeat(if round % 7 == 0 { 4000 } else { 40 });
        let bodies = Bodies { response: Some(Body::Bytes(body.as_bytes())), ..Bodies::NONE };
        let durability = if task == 0 { Durability::Written } else { Durability::Durable };
        ledger.append(intent.clone(), Bodies::NONE, durability).await.unwrap();
        say(&format!("intent {}", intent.id));
        ledger.append(outcome(&intent.id), bodies, durability).await.unwrap();
        say(&format!("outcome {}", intent.id));
    }
}

/// One write, so that a line is acknowledged whole or not at all.
fn say(line: &str) {
    std::io::stdout().write_all(format!("\n@{line}\n").as_bytes()).unwrap();
}

#[test]
fn twenty_kills_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut intents = Vec::new();
    let mut outcomes = Vec::new();
    for round in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ledger::tests::crash::child_appends_until_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after a different number of acknowledgements each time, wherever it is then.
        let mut left = 3 + round * 17;
        while left > 0 {
            let line = lines.next().expect("the child ended by itself").unwrap();
            left -= usize::from(line.starts_with('@'));
            note(&line, &mut intents, &mut outcomes);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said before it died counts too; its last line may be cut short.
        lines.map_while(Result::ok).for_each(|line| note(&line, &mut intents, &mut outcomes));
    }

    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let found: std::collections::HashMap<String, crate::Entry> =
        ledger.reader().query(Filter::default()).unwrap().map(|entry| entry.map(|entry| (entry.id.clone(), entry)).unwrap()).collect();
    assert!(intents.len() > 1000, "{}", intents.len());
    for id in &intents {
        let entry = found.get(id).unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
        assert!(entry.ended.is_some(), "{id} is silently open");
    }
    for id in &outcomes {
        assert_eq!(found[id].response.as_ref().unwrap().status, Some(201), "{id}");
        assert!(ledger.reader().show(id, 1 << 20).unwrap().unwrap().response_body.is_some(), "{id}");
    }
    let key = ledger.public_key();
    drop(ledger);
    let summary = assert_whole(folder.path(), &key);
    assert_eq!(summary.signed, summary.lines);
}

fn note(line: &str, intents: &mut Vec<String>, outcomes: &mut Vec<String>) {
    if let Some(id) = line.strip_prefix("@intent ").filter(|id| id.len() == 36) {
        intents.push(id.to_owned());
    } else if let Some(id) = line.strip_prefix("@outcome ").filter(|id| id.len() == 36) {
        outcomes.push(id.to_owned());
    }
}
