//! Sends each approval to the team that owns the namespace.

use std::collections::BTreeMap;

use portcullis_sdk::{Finding, GrantScope, JsonSchema, Request, Route, Waiting, approval_router};

/// Who owns what.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The group that approves what concerns a namespace.
    #[serde(default)]
    teams: BTreeMap<String, String>,
    /// The group that approves everything else.
    others: String,
}

fn route(config: &Config, request: &Request, _findings: &[Finding]) -> Option<Route> {
    let team = request.namespace().and_then(|namespace| config.teams.get(namespace));
    Some(Route {
        groups: vec![team.unwrap_or(&config.others).clone()],
        subjects: vec![],
        needed: 1,
        expires_after: 900,
        waiting: Waiting::Hold(60),
        scope: GrantScope::ThisVersion,
    })
}

approval_router! { config: Config, route: route }

#[test]
fn a_team_approves_what_is_its_own() {
    let config = Config { teams: [("shop".into(), "shop-team".into())].into(), others: "approvers".into() };
    let groups = |path| route(&config, &Request::delete(path), &[]).expect("a route").groups;
    assert_eq!(groups("/api/v1/namespaces/shop/pods/web"), ["shop-team"]);
    assert_eq!(groups("/api/v1/nodes/one"), ["approvers"]);
}
