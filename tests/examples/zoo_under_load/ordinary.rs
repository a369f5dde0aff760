//! The ordinary requests: what an agent reads all day, and now and then something that the default policies refuse.

use std::collections::HashMap;

use portcullis_tests::Gateway;
use portcullis_tests::load::{Answer, Ask};
use serde_json::Value;

/// One of so many is refused.
const REFUSED: u32 = 10;

/// The request that comes at this place. One in two asks what was asked before, so that both fresh and remembered verdicts are under way.
pub fn ask(nth: u32) -> Ask {
    let shop = "/api/v1/namespaces/shop";
    Ask::get(match nth {
        _ if nth % REFUSED == REFUSED - 1 => format!("{shop}/services/web/proxy/{nth}"),
        _ if nth.is_multiple_of(2) => format!("{shop}/configmaps"),
        _ => format!("{shop}/configmaps?labelSelector=app%3Dx{nth}"),
    })
}

/// How many had another answer than they should, and how many were judged by another rule, by another plugin or not at all, as the log says.
pub fn wrong<'a>(gateway: &Gateway, answers: impl Iterator<Item = &'a Answer>) -> (usize, usize) {
    let records = gateway.api("alice").audit("namespace=shop");
    let records: HashMap<&str, &Value> = records.iter().filter_map(|record| Some((record["id"].as_str()?, record))).collect();
    let (mut failed, mut judged) = (0, 0);
    for answer in answers {
        let refused = answer.nth % REFUSED == REFUSED - 1;
        let well = match refused {
            true => answer.status == 403 && answer.refusal.contains("no-proxying"),
            false => answer.status == 200,
        };
        if !well {
            failed += 1;
            eprintln!("failed: {answer:?}");
        }
        let expected = if refused { ("deny", "no-proxying") } else { ("allow", "reads") };
        if records.get(answer.record.as_str()).and_then(|record| verdict(record)) != Some(expected) {
            judged += 1;
            eprintln!("judged otherwise: {answer:?} {:?}", records.get(answer.record.as_str()));
        }
    }
    (failed, judged)
}

/// The decision, and the rule of the only guard that was asked.
fn verdict(record: &Value) -> Option<(&str, &str)> {
    match record["by"].as_array()?.as_slice() {
        [by] if by["plugin"] == "deny-list" => Some((record["decision"].as_str()?, by["rule"].as_str()?)),
        _ => None,
    }
}
