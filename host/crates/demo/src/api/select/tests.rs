use super::*;
use crate::api::resources::known;
use serde_json::json;

#[test]
fn label_selectors_select_as_kubernetes_does() {
    let object = json!({"metadata": {"labels": {"app": "web", "tier": "front", "rank": "7"}}});
    for (text, expected) in [
        ("", true),
        ("app=web", true),
        ("app==web,tier=front", true),
        ("app=db", false),
        ("app!=db", true),
        ("missing!=x", true),
        ("app in (db, web)", true),
        ("app notin (db,web)", false),
        ("tier in (front),rank>6", true),
        ("rank<7", false),
        ("app", true),
        ("!app", false),
        ("!missing", true),
    ] {
        let selector = Selector::parse(known("", "pods"), text, "").unwrap();
        assert_eq!(selector.matches(&object), expected, "{text}");
    }
}

#[test]
fn nonsense_is_refused() {
    for text in ["a b", "=x", "a>b", "x y (z)", "a=b,,=", "app in"] {
        assert!(
            Selector::parse(known("", "pods"), text, "").is_err(),
            "{text}"
        );
    }
}

#[test]
fn field_selectors_know_their_fields() {
    let pod = json!({"metadata": {"name": "web-1"}, "spec": {"nodeName": "n"}, "status": {"phase": "Running"}});
    for (text, expected) in [
        ("metadata.name=web-1", true),
        ("metadata.name!=web-1", false),
        ("status.phase=Running,spec.nodeName=n", true),
        ("spec.nodeName=", false),
    ] {
        assert_eq!(
            Selector::parse(known("", "pods"), "", text)
                .unwrap()
                .matches(&pod),
            expected,
            "{text}"
        );
    }
    // Otherwise a field selector would be an oracle for secret values.
    assert!(Selector::parse(known("", "secrets"), "", "data.password=x").is_err());
}

#[test]
fn object_selectors_take_both_shapes() {
    let pod = json!({"metadata": {"labels": {"app": "web"}}});
    for (selector, expected) in [
        (json!({"matchLabels": {"app": "web"}}), true),
        (
            json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}),
            false,
        ),
        (json!({"app": "web"}), true),
        (json!({"app": "db"}), false),
    ] {
        assert_eq!(
            Selector::of_object(&selector).matches(&pod),
            expected,
            "{selector}"
        );
    }
}
