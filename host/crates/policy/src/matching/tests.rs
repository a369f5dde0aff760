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
    let facts = facts();
    for (text, expected) in [
        ("{}", true),
        ("{ verbs: [get, delete] }", true),
        ("{ verbs: [get] }", false),
        ("{ verbs: [] }", false),
        ("{ verbs: ['*'], groups: [''] }", false),
        ("{ groups: ['', 'app*'] }", true),
        ("{ subresources: [''] }", true),
        ("{ subresources: [exec] }", false),
        ("{ namespaces: ['sh?p'] }", true),
        ("{ identities: ['dev*'], kinds: [agent] }", true),
        ("{ kinds: [human] }", false),
        ("{ members: ['team-*'] }", true),
        ("{ members: [team-b] }", false),
        ("{ connections: [prod] }", false),
    ] {
        let entry: MatchEntry = serde_saphyr::from_str(text).unwrap();
        assert_eq!(Matcher::new(&entry).request(&facts), expected, "{text}");
    }
}
