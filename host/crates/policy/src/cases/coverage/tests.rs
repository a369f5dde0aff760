use serde_json::json;

use super::*;
use crate::cases::came::Came;

#[test]
fn rules_are_what_a_configuration_names() {
    let configuration = json!({
        "name": "not in a list",
        "deny": [{ "rule": "a", "match": [{ "names": ["x"] }] }, { "rule": "b" }],
        "checks": [{ "name": "c" }, "text"],
    });
    let mut rules = BTreeSet::new();
    named(&configuration, false, &mut rules);
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn what_no_case_brought_about_is_listed() {
    let mut reached = Reached::default();
    reached.note(Some("m"), &Answered::of(Came { plan: Some(vec!["a".into()]), ..Came::default() }));
    reached.note(Some("m"), &Answered::of(Came { plan: Some(vec![]), ..Came::default() }));
    let of = reached.of("m", World::Masker, Some(&json!([{ "name": "a" }, { "name": "b" }])));
    assert_eq!((of.cases, of.rules, of.unreached, of.unseen), (2, 2, vec!["b".to_owned()], vec![]));
    reached.note(Some("s"), &Answered::of(Came { delivered: Some(json!(true)), ..Came::default() }));
    assert_eq!(reached.of("s", World::AuditSink, None).unseen, ["later", "never"]);
    assert_eq!(reached.of("never asked", World::Guard, None).unseen, ["allow", "require-approval", "deny"]);
}
