use super::*;
use crate::testing::facts;

#[test]
fn globs() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("", "", true),
        ("", "x", false),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*c", "ac", true),
        ("a*c", "abd", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b*", "xxbxxaxx", false),
        ("*aab", "aaaab", true),
        ("**", "x", true),
        ("?", "é", true),
    ] {
        assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
    }
}

/// Backtracking matchers take exponential time on this; ours at most a product of the lengths.
#[test]
fn a_glob_of_many_stars_is_quick() {
    let glob = Glob::new(&format!("{}b", "a*".repeat(100)));
    assert!(!glob.matches(&"a".repeat(253)));
}

#[test]
fn every_key_given_must_hold() {
    let list = |texts: &[&str]| Some(texts.iter().map(|t| t.to_string()).collect::<Vec<_>>());
    let facts = facts();
    let entry = MatchEntry::default;
    let cases: Vec<(MatchEntry, bool)> = vec![
        (entry(), true),
        (MatchEntry { verbs: list(&["get", "delete"]), ..entry() }, true),
        (MatchEntry { verbs: list(&["get"]), ..entry() }, false),
        (MatchEntry { verbs: list(&[]), ..entry() }, false),
        (MatchEntry { verbs: list(&["*"]), groups: list(&[""]), ..entry() }, false),
        (MatchEntry { groups: list(&["", "app*"]), ..entry() }, true),
        (MatchEntry { subresources: list(&[""]), ..entry() }, true),
        (MatchEntry { subresources: list(&["exec"]), ..entry() }, false),
        (MatchEntry { namespaces: list(&["sh?p"]), ..entry() }, true),
        (MatchEntry { identities: list(&["dev*"]), kinds: Some(vec![IdentityKind::Agent]), ..entry() }, true),
        (MatchEntry { kinds: Some(vec![IdentityKind::Human]), ..entry() }, false),
        (MatchEntry { members: list(&["team-*"]), ..entry() }, true),
        (MatchEntry { members: list(&["team-b"]), ..entry() }, false),
        (MatchEntry { connections: list(&["prod"]), ..entry() }, false),
    ];
    for (entry, expected) in cases {
        assert_eq!(Matcher::new(&entry).request(&facts), expected, "{entry:?}");
    }
}
