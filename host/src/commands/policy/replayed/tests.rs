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
    assert_snapshot!(outcome.shown(), @"
    LAST                   TIMES   IDENTITY   COMMAND                         BEFORE   AFTER   BY                     SURE
    2026-11-22T14:10:00Z   2       devin      kubectl get secret db -n shop   allow    deny    deny-list/no-secrets   yes

    2 of 40 requests would be decided otherwise.
    Only the newest were judged; --limit N takes more.
    3 have a body with values that are masked in the log: policies saw others.
    5: budgets looks at counts, which is not here; its verdict may be another at the gateway.
    1 were not judged: no policy was asked about them.
    2 were not judged: had a body that was not kept, since they were not forwarded.
    ");
    let summary = outcome.summary();
    assert_eq!((&summary["judged"], &summary["changed"], &summary["masked_bodies"], &summary["cut"]), (&40.into(), &2.into(), &3.into(), &true.into()));
    assert_snapshot!(Outcome { judged: 7, ..Outcome::default() }.shown(), @"
    no decision would change

    0 of 7 requests would be decided otherwise.
    ");
}
