//! Two hundred reloads, some of them broken, under a constant load: what `cargo xtask bench reload` prints.
//!
//! The load is open: a request is due at its own time, whatever became of those before it, and its latency counts from then. It is
//! measured in turns, with reloads and without, so that what else the machine does weighs on both. Afterwards the log is read whole: each
//! answer has a record, each record a generation, and each generation one set.

mod rounds;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use portcullis_tests::load::figures::{Figures, latencies, pick, sorted};
use portcullis_tests::load::{Answer, Ask, Load};
use portcullis_tests::{Gateway, Options, places};
use serde_json::Value;

use rounds::{Rounds, Save};

/// Requests a second.
const RATE: u32 = 1000;
/// The load's connections.
const CONNECTIONS: u32 = 64;
/// Turns, each without reloads and then with some.
const TURNS: usize = 10;
/// Reloads of a turn.
const RELOADS: usize = 20;
/// A turn without reloads lasts so long.
const QUIET: Duration = Duration::from_secs(3);
/// What is late: by so much beyond the median of the quiet turns.
const LATE: Duration = Duration::from_millis(50);

const FIGURES: Figures = Figures("reload");

fn main() {
    let folder = places::folder();
    let bundle = folder.path().join("bundle");
    let mut rounds = Rounds::begin(&bundle);
    let gateway = Gateway::start(Options { bundle: Some(bundle), ..Options::default() });
    rounds.live_in(&gateway.ready.policies_dir);

    let load = Load::start(&gateway, "devin", RATE, CONNECTIONS, ask);
    // Nothing is measured cold.
    std::thread::sleep(Duration::from_secs(1));
    let mut rest = load.take();
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        std::thread::sleep(QUIET);
        quiet.extend(load.take());
        for _ in 0..RELOADS {
            rounds.save(&gateway);
        }
        busy.extend(load.take());
    }
    rest.extend(load.stop());
    let (saves, rejected) = rounds.over();
    let records = records(&gateway);

    let answered = [&rest, &quiet, &busy].into_iter().flatten().filter(|answer| answer.status != 0);
    let lost = answered.filter(|answer| !records.contains_key(answer.record.as_str())).count();
    let live = judged(&records, &saves);
    FIGURES.print("requests, a second", "1/s", &[busy.len() as f64 / busy_seconds(&busy)]);
    FIGURES.print("requests sent while sets were reloaded", "", &[busy.len() as f64]);
    FIGURES.print("reloads that went live", "", &[(saves.len() - 1) as f64]);
    FIGURES.print("reloads that were rejected, as they should be", "", &[rejected as f64]);
    let failed = [&rest, &quiet, &busy].into_iter().flatten().filter(|answer| answer.status != 200).inspect(|answer| eprintln!("failed: {answer:?}")).count();
    FIGURES.print("requests failed", "", &[failed as f64]);
    FIGURES.print("answers without a record", "", &[lost as f64]);
    FIGURES.print("records without a generation, or of two sets in one", "", &[live.mixed as f64]);
    let (calm, storm) = (latencies(&quiet), latencies(&busy));
    let beside = |name: &str, unit: &str, value: f64, quiet: f64| {
        FIGURES.beside(name, unit, &[value], &format!("without reloads: {quiet:.3}"), &[quiet]);
    };
    for (name, at) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("the slowest", 1.0)] {
        beside(&format!("latency, {name}"), "ms", pick(&storm, at), pick(&calm, at));
    }
    let normal = Duration::from_secs_f64(pick(&calm, 0.5) / 1e3);
    let late = |times: &[f64]| 1e3 * times.iter().filter(|ms| Duration::from_secs_f64(**ms / 1e3) > normal + LATE).count() as f64 / times.len() as f64;
    beside("of 1,000 requests, late by more than 50 ms", "", late(&storm), late(&calm));
    for (name, times) in &live.felt {
        FIGURES.print(&format!("from the save to the first request judged by it: {name}"), "ms", times);
    }
    let all = live.felt.values().flatten().copied().collect::<Vec<_>>();
    FIGURES.print("from the save to the first request judged by it: all", "ms", &all);
    FIGURES.print("the same, 99 of 100", "ms", &[pick(&sorted(all), 0.99)]);
    let whole = failed + lost + live.mixed == 0 && live.missing.is_empty();
    assert!(whole, "a reload dropped or mixed something: {lost} without a record, {} mixed, sets never seen: {:?}", live.mixed, live.missing);
}

/// One in two asks what was asked before, so that both fresh and remembered verdicts are under way.
fn ask(nth: u32) -> Ask {
    let path = "/api/v1/namespaces/shop/configmaps";
    Ask::get(if nth.is_multiple_of(2) { path.to_owned() } else { format!("{path}?labelSelector=app%3Dx{nth}") })
}

/// Every record of the load, by its id.
fn records(gateway: &Gateway) -> HashMap<String, Value> {
    let records = gateway.api("alice").audit("resource=configmaps");
    records.into_iter().filter_map(|record| Some((record["id"].as_str()?.to_owned(), record))).collect()
}

/// What the log says of the sets.
struct Judged {
    /// Records that name no generation, or marks that were never saved together, or two sets under one generation.
    mixed: usize,
    /// Saved sets by which nothing was judged.
    missing: Vec<String>,
    /// Milliseconds from the end of a save to the arrival of the first request that it judged, by how it was saved.
    felt: BTreeMap<&'static str, Vec<f64>>,
}

fn judged(records: &HashMap<String, Value>, saves: &[Save]) -> Judged {
    let known: BTreeSet<&str> = saves.iter().map(|save| save.marks.as_str()).collect();
    let mut generations: HashMap<u64, String> = HashMap::new();
    let mut first: HashMap<String, i64> = HashMap::new();
    let mut mixed = 0;
    for record in records.values() {
        let marks = format!("{} {}", rule(record, "one"), rule(record, "two"));
        let of_generation = record["generation"].as_u64().map(|number| generations.entry(number).or_insert_with(|| marks.clone()) == &marks);
        if of_generation != Some(true) || !known.contains(marks.as_str()) {
            mixed += 1;
            eprintln!("mixed: {record}");
        }
        let arrived = record["time"].as_str().map(rounds::microseconds).unwrap_or(i64::MAX);
        let earliest = first.entry(marks).or_insert(i64::MAX);
        *earliest = arrived.min(*earliest);
    }
    let mut felt: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    let mut missing = Vec::new();
    for save in &saves[1..] {
        match first.get(&save.marks) {
            Some(arrived) => felt.entry(save.how).or_default().push((arrived - save.at) as f64 / 1e3),
            None => missing.push(save.marks.clone()),
        }
    }
    Judged { mixed, missing, felt }
}

fn rule<'a>(record: &'a Value, plugin: &str) -> &'a str {
    let by = record["by"].as_array().map(Vec::as_slice).unwrap_or_default();
    by.iter().find(|by| by["plugin"] == plugin).and_then(|by| by["rule"].as_str()).unwrap_or("nothing")
}

fn busy_seconds(answers: &[Answer]) -> f64 {
    // Each turn's own span, so that the quiet ones in between do not count.
    let mut turns: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for answer in answers {
        let due = answer.due.as_secs_f64();
        let turn = turns.entry(answer.turn).or_insert((due, due));
        *turn = (turn.0.min(due), turn.1.max(due));
    }
    turns.values().map(|(from, to)| to - from).sum()
}
