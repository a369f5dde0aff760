use super::*;

fn identity(subject: &str, groups: &[&str]) -> Identity {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Identity::new("https://issuer.test".into(), subject.into(), identity::Kind::Agent, None, groups, Vec::new(), 0, 0)
}

fn impersonation(prefix: &str) -> Impersonation {
    Impersonation { user_prefix: prefix.to_owned(), group_prefix: prefix.to_owned() }
}

#[test]
fn each_group_has_a_header_of_its_own() {
    let mut headers = HeaderMap::new();
    impersonation("oidc:").apply(&identity("devin", &["a", "b,c"]), &mut headers).unwrap();
    assert_eq!(headers["impersonate-user"], "oidc:devin");
    let groups: Vec<_> = headers.get_all("impersonate-group").iter().collect();
    assert_eq!(groups, ["oidc:a", "oidc:b,c"]);
}

#[test]
fn a_reserved_name_is_refused() {
    let mut headers = HeaderMap::new();
    let refused = impersonation("").apply(&identity("devin", &["system:masters"]), &mut headers);
    assert_eq!(refused, Err(ImpersonationError::Reserved("system:masters".to_owned())));
}

#[test]
fn a_name_that_no_header_carries_is_refused() {
    let refused = impersonation("x:").apply(&identity("dev\nin", &[]), &mut HeaderMap::new());
    assert_eq!(refused, Err(ImpersonationError::Unprintable));
}
