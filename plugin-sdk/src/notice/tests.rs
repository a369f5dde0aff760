use super::*;

fn notice(approval: &str) -> Notice {
    Notice { id: "ntf-1".into(), occasion: Occasion::Requested, approval: approval.into(), url: "https://gate.test/approvals/apr-1".into() }
}

const WHOLE: &str = r#"{"id": "apr-1", "state": "pending", "connection": "demo", "requester": "devin", "sponsor": "bob", "purpose": "a fix",
    "command": "kubectl delete deployment web -n shop", "rule": "deny-list/deletes", "created": "2026-11-28T09:00:00.000000Z",
    "expires": "2026-11-28T09:15:00.000000Z", "needed": 2, "approved_by": ["alice"], "url": "u"}"#;

#[test]
fn an_approval_in_a_few_words() {
    let approval = Approval::of(&notice(WHOLE)).expect("whole");
    assert_eq!(approval.headline(Occasion::Requested), "devin wants an approval on demo");
    assert_eq!(approval.headline(Occasion::Used), "devin on demo: used");
    assert_eq!(
        approval.sentence(Occasion::Requested),
        "devin wants to run `kubectl delete deployment web -n shop` on demo for \"a fix\" (rule deny-list/deletes)"
    );
    assert_eq!(approval.sentence(Occasion::Denied), "`kubectl delete deployment web -n shop` of devin on demo is denied");
    let facts: Vec<&str> = approval.facts().into_iter().map(|(name, _)| name).collect();
    assert_eq!(facts, ["Who", "Cluster", "Why", "Rule", "Needs", "Approved by", "Expires"]);
    assert_eq!(approval.facts()[0].1, "devin for bob");
}

#[test]
fn what_an_approval_does_not_say_is_left_out() {
    let approval = Approval::of(&notice(r#"{"id": "a", "requester": "r", "command": "c", "connection": "d", "rule": "e"}"#)).expect("enough");
    let facts: Vec<&str> = approval.facts().into_iter().map(|(name, _)| name).collect();
    assert_eq!(facts, ["Who", "Cluster", "Rule"]);
    let refused = Approval::of(&notice("[]")).expect_err("no approval");
    assert!(!refused.retry && refused.message.starts_with("the approval cannot be read: "), "{}", refused.message);
}

#[test]
fn occasions_are_words_of_which_there_is_one_at_least() {
    let some: Occasions = serde_json::from_str(r#"["requested", "denied"]"#).expect("valid");
    assert!(some.has(Occasion::Denied) && !some.has(Occasion::Used) && Occasions::default().has(Occasion::Used));
    for (json, message) in [("[]", "tells of nothing"), (r#"["asked"]"#, "unknown occasion `asked`, expected one of requested")] {
        assert!(serde_json::from_str::<Occasions>(json).expect_err(json).to_string().contains(message), "{json}");
    }
}
