use super::*;
use crate::testing::{set_can_i, set_objects};

fn web(name: &str, app: &str) -> String {
    format!(r#"{{"metadata": {{"namespace": "shop", "name": "{name}", "labels": {{"app": "{app}"}}}}, "spec": {{"replicas": 3}}}}"#)
}

#[test]
fn resources_are_named_as_manifests_name_them() {
    assert_eq!(resource("v1", "pods"), ResourceType { group: String::new(), version: "v1".to_owned(), resource: "pods".to_owned() });
    assert_eq!(resource("apps/v1", "deployments").group, "apps");
    assert_eq!(resource_of(&Request::get("/apis/apps/v1/namespaces/shop/deployments/web")), resource("apps/v1", "deployments"));
}

#[test]
fn an_object_gives_the_fields_that_were_asked_for() {
    set_objects("deployments.apps", &[&web("web", "web")]);
    let deployments = resource("apps/v1", "deployments");
    let found = get(&deployments, Some("shop"), "web", &["/spec/replicas", "/spec/paused"]).unwrap().expect("it is there");
    assert_eq!((found.name.as_str(), found.namespace.as_deref()), ("web", Some("shop")));
    assert_eq!(found.get::<u32>("/spec/replicas"), Some(3));
    assert_eq!(found.get::<bool>("/spec/paused"), None);
    assert!(found.try_get::<String>("/spec/replicas").unwrap_err().contains("the value at /spec/replicas of `web` is not what the policy expects"));
    assert!(found.try_get::<u32>("/status/replicas").unwrap_err().contains("did not ask for /status/replicas"));
    assert_eq!(get(&deployments, Some("shop"), "other", &[]), Ok(None));
    assert_eq!(get(&deployments, Some("test"), "web", &[]), Ok(None));
}

#[test]
fn a_list_is_what_the_selector_selects() {
    set_objects("pods", &[&web("a", "web"), &web("b", "web"), &web("c", "db")]);
    let pods = resource("v1", "pods");
    for (selector, names) in [("", vec!["a", "b", "c"]), ("app=web", vec!["a", "b"]), ("app!=web", vec!["c"]), ("app,!tier", vec!["a", "b", "c"]), ("tier", vec![])] {
        let found = list(&pods, Some("shop"), selector, &[]).unwrap();
        assert_eq!(found.items.iter().map(|object| object.name.as_str()).collect::<Vec<_>>(), names, "{selector}");
        assert!(found.complete);
    }
}

#[test]
fn a_question_is_answered_as_the_test_says() {
    let question = Question { namespace: Some("shop".to_owned()), ..question("delete", &resource("v1", "pods")) };
    assert_eq!(can_i(&question), Ok(false));
    set_can_i(true);
    assert_eq!(can_i(&question), Ok(true));
}
