use portcullis_sdk::testing::{configuration, set_objects};
use portcullis_sdk::{GrantScope, Waiting};

use super::*;

fn config(routes: &str) -> Config {
    let config = configuration(&format!(r#"{{"routes": [{routes}]}}"#)).expect("valid");
    validate(&config).expect("valid");
    config
}

fn pod(name: &str, app: &str, node: &str) -> String {
    format!(r#"{{"metadata": {{"namespace": "shop", "name": "{name}", "labels": {{"app": "{app}"}}}}, "spec": {{"nodeName": "{node}"}}}}"#)
}

fn stage() {
    set_objects("pods", &[&pod("a", "web", "n1"), &pod("b", "web", "n1"), &pod("c", "db", "n2")]);
    set_objects(
        "deployments.apps",
        &[
            r#"{"metadata": {"namespace": "shop", "name": "web", "labels": {"app": "web"}}, "spec": {"replicas": 12}}"#,
            r#"{"metadata": {"namespace": "shop", "name": "db", "labels": {"app": "db"}}, "spec": {}}"#,
        ],
    );
    set_objects("daemonsets.apps", &[r#"{"metadata": {"namespace": "shop", "name": "agent"}, "status": {"desiredNumberScheduled": 30}}"#]);
    set_objects("services", &[r#"{"metadata": {"namespace": "shop", "name": "web"}, "spec": {"selector": {"app": "web"}}}"#]);
    set_objects(
        "namespaces",
        &[r#"{"metadata": {"name": "shop", "labels": {"example.com/team": "checkout"}}}"#, r#"{"metadata": {"name": "test", "labels": {}}}"#],
    );
}

#[test]
fn what_a_request_hits_is_counted_in_the_cluster() {
    stage();
    let web = "/apis/apps/v1/namespaces/shop/deployments/web";
    for (request, pods) in [
        (Request::delete("/api/v1/namespaces/shop/pods/a"), 1),
        (Request::delete("/api/v1/namespaces/shop/pods"), 3),
        (Request::delete("/api/v1/namespaces/shop/pods?labelSelector=app=web"), 2),
        (Request::delete("/api/v1/namespaces/shop"), 3),
        (Request::delete("/api/v1/namespaces/test"), 0),
        (Request::delete("/api/v1/nodes/n1"), 2),
        (Request::patch("/api/v1/nodes/n2", r#"{"spec":{"unschedulable":true}}"#), 1),
        (Request::delete("/api/v1/namespaces/shop/services/web"), 2),
        (Request::delete(web), 12),
        (Request::delete("/apis/apps/v1/namespaces/shop/deployments"), 13),
        (Request::delete("/apis/apps/v1/namespaces/shop/deployments?labelSelector=app=db"), 1),
        (Request::delete("/apis/apps/v1/namespaces/shop/deployments/gone"), 0),
        (Request::delete("/apis/apps/v1/namespaces/shop/daemonsets/agent"), 30),
        (Request::patch(web, r#"{"metadata":{"labels":{"a":"b"}}}"#), 12),
        (Request::patch(&format!("{web}/scale"), r#"{"spec":{"replicas":40}}"#), 40),
        (Request::put(&format!("{web}/scale"), r#"{"spec":{"replicas":0}}"#), 12),
        (Request::post("/apis/apps/v1/namespaces/shop/deployments", r#"{"spec":{"replicas":7}}"#), 7),
        (Request::delete("/api/v1/namespaces/shop/configmaps/a"), 0),
        (Request::get("/api/v1/namespaces/shop/pods/a/exec"), 1),
        (Request::get("/api/v1/namespaces/shop/pods"), 0),
    ] {
        assert_eq!(reach::pods(&request), Ok(pods), "{} {}", request.verb(), request.path());
    }
    let json_patch = Request::builder().verb("patch").resource("deployments.apps").namespace("shop").name("web").body(r#"[{"op":"replace","path":"/spec/replicas","value":80}]"#);
    assert_eq!(reach::pods(&json_patch.preview(r#"{"spec":{"replicas":80}}"#).build()), Ok(80));
}

#[test]
fn more_than_can_be_given_is_more_than_any_number() {
    let many: Vec<String> = (0..501).map(|i| pod(&format!("p{i}"), "web", "n1")).collect();
    set_objects("pods", &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(reach::pods(&Request::delete("/api/v1/namespaces/shop/pods")), Ok(u64::MAX));
}

#[test]
fn a_wide_reach_asks_other_people() {
    stage();
    let config = config(
        r#"{"at_least_pods": 20, "groups": ["platform"], "needed": 2, "scope": "this-object"},
           {"at_least_pods": 3, "rules": ["delet*"], "groups": ["leads"], "wait": "2m"}"#,
    );
    let of = |path: &str, rule: &str| route(&config, &Request::delete(path), &[Finding::new(rule, "why")]);
    let wide = of("/apis/apps/v1/namespaces/shop/daemonsets/agent", "deletes").expect("a route");
    assert_eq!((wide.groups, wide.needed, wide.scope, wide.waiting), (vec!["platform".to_owned()], 2, GrantScope::ThisObject, Waiting::Retry));
    let some = of("/apis/apps/v1/namespaces/shop/deployments/web", "deletes").expect("a route");
    assert_eq!((some.groups, some.waiting), (vec!["leads".to_owned()], Waiting::Hold(120)));
    assert_eq!(of("/apis/apps/v1/namespaces/shop/deployments/web", "other"), None);
    assert_eq!(of("/api/v1/namespaces/shop/pods/a", "deletes"), None);
}

#[test]
fn the_team_of_the_namespace_approves() {
    stage();
    let config = config(r#"{"team": {"label": "example.com/team", "group": "{}-owners"}, "groups": ["platform"]}"#);
    let of = |path: &str| route(&config, &Request::delete(path), &[]).map(|route| route.groups);
    assert_eq!(of("/api/v1/namespaces/shop/pods/a"), Some(vec!["platform".to_owned(), "checkout-owners".to_owned()]));
    assert_eq!(of("/api/v1/namespaces/shop"), Some(vec!["platform".to_owned(), "checkout-owners".to_owned()]));
    assert_eq!(of("/api/v1/namespaces/test/pods/a"), None);
    assert_eq!(of("/api/v1/nodes/n1"), None);
}

#[test]
fn mistakes_in_the_configuration() {
    for (route, message) in [
        (r#"{"at_least_pods": 3}"#, "nobody may approve"),
        (r#"{"at_least_pods": 0, "groups": ["a"]}"#, "1 or more"),
        (r#"{"team": {"label": "team", "group": "owners"}}"#, "write {} where"),
        (r#"{"team": {"label": ""}}"#, "name a label"),
        (r#"{"groups": ["a"], "match": []}"#, "fits nothing"),
        (r#"{"groups": ["a"], "needed": 17}"#, "from 1 to 16"),
    ] {
        let json = format!(r#"{{"routes": [{route}]}}"#);
        let error = configuration::<Config>(&json).and_then(|config| validate(&config)).expect_err(route);
        assert!(error.contains(message), "{route}: {error}");
    }
}
