use insta::assert_snapshot;

use super::*;

#[test]
fn differences_as_people_see_them() {
    let difference = |what: &str, at: Option<&str>, from: Option<&str>, to: Option<&str>| Difference {
        plugin: "deny-list".to_owned(),
        what: what.to_owned(),
        at: at.map(str::to_owned),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    };
    assert_snapshot!(shown(&[
        difference("component", None, Some("sha256:0123456789ab, 51234 bytes, interface 0.1.0"), Some("sha256:ba9876543210, 52001 bytes, interface 0.1.0")),
        difference("configuration", Some("/deny/no-secrets/verbs"), None, Some(r#"["get"]"#)),
        difference("configuration", Some("/token"), Some("(a secret, 0123456789ab)"), Some("(a secret, ba9876543210)")),
    ]), @r#"
    PLUGIN      WHAT            AT                       LIVE                                                OTHER
    deny-list   component                                sha256:0123456789ab, 51234 bytes, interface 0.1.0   sha256:ba9876543210, 52001 bytes, interface 0.1.0
    deny-list   configuration   /deny/no-secrets/verbs                                                       ["get"]
    deny-list   configuration   /token                   (a secret, 0123456789ab)                            (a secret, ba9876543210)
    "#);
    assert_snapshot!(shown(&[]), @"both sets say the same");
}
