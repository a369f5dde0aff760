use insta::assert_snapshot;

use super::*;

#[test]
fn changes_as_people_see_them() {
    let change = |time: &str, uncertain: &[&str]| {
        json!({
            "id": "r-1", "time": time, "identity": { "subject": "devin" }, "command": "kubectl get secret db -n shop",
            "before": { "decision": "allow", "rules": ["deny-list/reads: allow"] },
            "after": { "decision": "deny", "rules": ["deny-list/no-secrets"] }, "uncertain": uncertain,
        })
    };
    let outcome = Outcome {
        changes: vec![change("2026-11-22T14:00:00.000000Z", &[]), change("2026-11-22T14:10:00.000000Z", &[])],
        judged: 40,
        masked: 3,
        elsewhere: BTreeMap::from([("budgets looks at counts".to_owned(), 5)]),
        left: BTreeMap::from([(Left::NoBody, 2), (Left::NotJudged, 1)]),
        cut: true,
    };
    assert_snapshot!(outcome.shown());
    assert_snapshot!(outcome.summary());
    assert_snapshot!(Outcome { judged: 7, ..Outcome::default() }.shown());
}
