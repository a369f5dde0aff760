use std::collections::BTreeMap;

use insta::assert_snapshot;

use super::*;

#[test]
fn changes_as_people_see_them() {
    let change = |id: &str, command: &str, before: &str, after: &str, uncertain: &[&str]| {
        json!({
            "id": id, "time": "2026-11-22T14:00:00.000000Z", "identity": { "subject": "devin" }, "command": command,
            "before": { "decision": before, "rules": ["deny-list/reads: allow"] },
            "after": { "decision": after, "rules": ["deny-list/no-secrets"] }, "uncertain": uncertain,
        })
    };
    let outcome = Outcome {
        changes: vec![
            change("r-1", "kubectl get secret db -n shop", "allow", "deny", &[]),
            change("r-2", "kubectl get secret db -n shop", "allow", "deny", &[]),
            change("r-3", "kubectl create -f - -n shop", "deny", "allow", &["deny-list looks at values that are masked in the log"]),
        ],
        routes: vec![json!({
            "id": "r-4", "time": "2026-11-22T14:10:00.000000Z", "identity": { "subject": "devin" }, "command": "kubectl delete pod web -n shop",
            "route": { "before": { "groups": ["approvers"], "subjects": [], "needed": 1, "waiting": "hold", "scope": "this-version" }, "after": null },
        })],
        masking: vec![json!({ "command": "kubectl get secret db -n shop", "requests": 3, "masking": { "before": [], "after": ["field-masking/vault-keys"] } })],
        judged: 40,
        masked: 3,
        unseen: BTreeMap::from([("budgets looks at counts, which begin with the first of these requests".to_owned(), 5)]),
        left: BTreeMap::from([(Left::Unmasked, 2), (Left::NotJudged, 1)]),
        cut: true,
    };
    assert_snapshot!(outcome.shown(), @"
    LAST                   TIMES   IDENTITY   COMMAND                         BEFORE   AFTER   BY                     SURE
    2026-11-22T14:00:00Z   1       devin      kubectl create -f - -n shop     deny     allow   deny-list/no-secrets   no
    2026-11-22T14:00:00Z   2       devin      kubectl get secret db -n shop   allow    deny    deny-list/no-secrets   yes

    Others would approve:
    LAST                   TIMES   IDENTITY   COMMAND                          BEFORE                               AFTER
    2026-11-22T14:10:00Z   1       devin      kubectl delete pod web -n shop   1 of approvers, hold, this-version   nobody

    Answers would be masked by other rules:
    REQUESTS   SUCH AS                         BEFORE   AFTER
    3          kubectl get secret db -n shop            field-masking/vault-keys

    3 of 40 requests would be decided otherwise.
    2 from allow to deny, such as r-2.
    1 from deny to allow, such as r-3.
    Only the newest were judged; --limit N takes more.
    3 have a body with values that are masked in the log.
    5: budgets looks at counts, which begin with the first of these requests; its verdict may be another at the gateway.
    1 were not judged: no policy was asked about them.
    2 were not judged: had a body that was not kept, because it could not be masked.
    ");
    let summary = outcome.summary();
    assert_eq!((&summary["judged"], &summary["changed"], &summary["masked_bodies"], &summary["cut"]), (&40.into(), &3.into(), &3.into(), &true.into()));
    let transitions = json!([
        { "from": "allow", "to": "deny", "requests": 2, "example": { "id": "r-2", "command": "kubectl get secret db -n shop" } },
        { "from": "deny", "to": "allow", "requests": 1, "example": { "id": "r-3", "command": "kubectl create -f - -n shop" } },
    ]);
    assert_eq!(summary["transitions"], transitions);
    assert_snapshot!(Outcome { judged: 7, ..Outcome::default() }.shown(), @"
    no decision would change

    0 of 7 requests would be decided otherwise.
    ");
}
