//! What a console like k9s does: dozens of lists and watches at once, in each case the same on both sides while objects
//! come and go.

mod changes;
mod connect;
mod recorder;
mod views;

use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_tests::places;
use tokio::time::{sleep, timeout};

use super::compare::Verdict;
use super::kube_rs::{config, runtime};
use super::stage::Sides;
use super::table::Table;
use recorder::Recorder;
use views::{View, views};

/// How long it may take until every list is there, and until both sides have seen the same.
const LIMIT: Duration = Duration::from_secs(60);

/// The fewest views, and the fewest events that they must show together for equality to mean something.
const VIEWS: usize = 40;
const EVENTS: usize = 400;

/// Opens every view four times, without and with the gateway, on a connection each and all on one; changes things; and
/// compares what each saw of each object.
pub fn compare() {
    let sides = Sides::new("watching", places::kubectl("1.37").parent().expect("it is in a folder").to_owned());
    let mut table = Table::new("watching");
    runtime().block_on(async {
        let (straight, gated) = (config(&sides.straight.kubeconfig).await, config(&sides.gated_near.kubeconfig).await);
        let views = views(&sides.straight.namespace);
        assert!(views.len() >= VIEWS, "{} views", views.len());
        let mut pairs = Vec::new();
        for (way, near, far) in [
            ("a connection each", connect::many(&straight), connect::many(&gated)),
            ("one HTTP/2 connection", connect::one(&straight).await, connect::one(&gated).await),
        ] {
            pairs.push((way, open(&near, &views), open(&far, &views)));
        }
        let all = || pairs.iter().flat_map(|(_, near, far)| near.iter().chain(far));
        timeout(LIMIT, async { while !all().all(|recorder| recorder.listed()) { sleep(Duration::from_millis(20)).await } })
            .await
            .unwrap_or_else(|_| panic!("these lists never came: {:?}", all().filter(|recorder| !recorder.listed()).map(|recorder| recorder.told()).collect::<Vec<_>>()));
        let admin = connect::many(&straight);
        // What was before this is in some lists and in some events; what comes after is an event everywhere.
        let begun = changes::mark(&admin, "begun").await;
        timeout(LIMIT, changes::all(&admin, &sides.straight.namespace)).await.expect("the changes are made in time");
        let ended = changes::mark(&admin, "ended").await;
        let end = Instant::now() + LIMIT;
        let equal = |near: &Recorder, far: &Recorder| near.sequences(begun) == far.sequences(begun);
        while Instant::now() < end && !(all().all(|recorder| recorder.reached(ended)) && pairs.iter().all(|(_, near, far)| near.iter().zip(far).all(|(near, far)| equal(near, far)))) {
            sleep(Duration::from_millis(50)).await;
        }
        let mut events = 0;
        for (way, near, far) in &pairs {
            for (view, (near, far)) in views.iter().zip(near.iter().zip(far)) {
                events += far.sequences(begun).values().map(Vec::len).sum::<usize>();
                table.add(&format!("{view}, {way}"), verdict(near, far, begun, ended));
            }
        }
        assert!(events >= EVENTS, "{events} events through the gateway");
    });
    table.close();
}

/// A recorder for each view.
fn open(client: &kube::Client, views: &[View]) -> Vec<Arc<Recorder>> {
    views.iter().map(|view| Recorder::start(client.clone(), view)).collect()
}

fn verdict(near: &Recorder, far: &Recorder, begun: u64, ended: u64) -> Verdict {
    for (side, recorder) in [("without", near), ("with", far)] {
        if let Some(why) = recorder.disturbed() {
            return Verdict::Wrong(format!("  {side} the gateway the watch was disturbed: {why}"));
        }
        if !recorder.reached(ended) {
            return Verdict::Wrong(format!("  {side} the gateway the last change was not seen"));
        }
    }
    let (near, far) = (near.sequences(begun), far.sequences(begun));
    let mut different = String::new();
    for object in near.keys().chain(far.keys().filter(|object| !near.contains_key(*object))) {
        let (near, far) = (near.get(object), far.get(object));
        if near != far {
            different.push_str(&format!("  {object}\n  - {near:?}\n  + {far:?}\n"));
        }
    }
    if different.is_empty() { Verdict::Equal(0) } else { Verdict::Wrong(different) }
}
