use super::*;

#[test]
fn names_are_those_of_plugins() {
    for good in ["a", "few-replicas", "v2-rules"] {
        assert!(is_name(good), "{good}");
    }
    for bad in ["", "-a", "a-", "2fast", "Few", "a_b", "a/b", "..", &"a".repeat(64)] {
        assert!(!is_name(bad), "{bad}");
    }
}
