use super::{is_valid, selects};

/// Each line was checked against `labels.Parse` of apimachinery 0.37.
#[test]
fn as_kubernetes_judges_them() {
    for selector in [
        "", " ", "a", "!a", "a=b", "a==b", "a!=b", "a=", "a==", "a!=", "a=b,c=d", "a in (b)", "a in (b,c)", "a notin (x)", "a in ()", "a in (,)", "a in (b,)", "a in (,b)", "a in (b,,c)", "a in(b)", "in", "notin in (in)",
        "a=in", "a=notin", "A.b=c", "a.b/c=d", "a  =   b , c=d ", "a>1", "a<5", "a>005", "! a", "a=,b", "a/b",
    ] {
        assert!(is_valid(selector), "{selector}");
    }
    let (long, fits) = ("x".repeat(64), "x".repeat(63));
    for selector in [
        ",", ",a", "a,", "a,,b", "!", "!!a", "!a=b", "(", ")", "a b", "a=b c", "a=b!", "a=(b)", "a===b", "a=!b", "a in", "a in b", "a in (", "a in (b", "a in (b c)", "a in (b))", "a IN (b)", "a>", "a>x", "a>+5", "a>-5", "a<<5",
        "a><b", "-a", "a-", "a=-b", "a=b-", "a/b/c=d", "/a", "a/", "A/c=d", "a.b./c", "a=\u{e9}", "\u{e9}", "a=b=c", "a in (-b)", &long, &format!("a={long}"),
    ] {
        assert!(!is_valid(selector), "{selector}");
    }
    assert!(is_valid(&fits) && is_valid(&format!("a={fits}")));
}

#[test]
fn what_a_selector_selects() {
    let labels = [("app", "web"), ("tier", "front"), ("empty", ""), ("replicas", "12")];
    let label = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    for (selector, selected) in [
        ("", true),
        ("app", true),
        ("!app", false),
        ("other", false),
        ("!other", true),
        ("app=web", true),
        ("app==web,tier=front", true),
        ("app=web,tier=back", false),
        ("app!=web", false),
        ("other!=web", true),
        ("app in (web,db)", true),
        ("app in (db)", false),
        ("other in (a)", false),
        ("app notin (db)", true),
        ("app notin (web)", false),
        ("other notin (a)", true),
        ("empty=", true),
        ("app=", false),
        ("empty in (a,)", true),
        ("app in ()", false),
        ("replicas>11", true),
        ("replicas>12", false),
        ("replicas<13", true),
        ("app>1", false),
    ] {
        assert_eq!(selects(selector, label), Some(selected), "{selector}");
    }
    assert_eq!(selects("app in", label), None);
}
