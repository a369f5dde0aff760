use super::*;
use crate::api::resources::known;

fn apply(current: &Value, manager: &str, force: bool, config: Value) -> Result<Value, Problem> {
    applied(
        known("apps", "deployments"),
        "web",
        current,
        &Apply {
            manager,
            force,
            config: &config,
        },
    )
}

fn config(image: &str, extra: Value) -> Value {
    let mut config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}});
    strategic(&mut config, &extra);
    config
}

#[test]
fn what_an_applier_gives_up_is_removed_and_the_rest_stays() {
    let first = apply(
        &Value::Null,
        "ci",
        false,
        config(
            "a",
            json!({"metadata": {"labels": {"x": "1"}}, "spec": {"replicas": 3}}),
        ),
    )
    .unwrap();
    let mut live = first.clone();
    live["spec"]["paused"] = json!(true);
    let second = apply(&live, "ci", false, config("b", json!({}))).unwrap();
    assert_eq!(
        second["spec"],
        json!({"paused": true, "template": {"spec": {"containers": [{"name": "web", "image": "b"}]}}})
    );
    assert!(second["metadata"].get("labels").is_none());
}

#[test]
fn a_list_element_that_is_given_up_goes() {
    let two =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "s"}]}}}});
    let first = apply(&Value::Null, "ci", false, config("a", two)).unwrap();
    let second = apply(&first, "ci", false, config("a", json!({}))).unwrap();
    assert_eq!(
        second["spec"]["template"]["spec"]["containers"],
        json!([{"name": "web", "image": "a"}])
    );
}

#[test]
fn appliers_conflict_unless_forced() {
    let first = apply(&Value::Null, "ci", false, config("a", json!({}))).unwrap();
    let problem = apply(&first, "devin", false, config("b", json!({}))).unwrap_err();
    assert_eq!(problem.code, 409);
    assert_eq!(
        problem.message,
        "Apply failed with 1 conflict: conflict with \"ci\": .spec.template.spec.containers[name=\"web\"].image"
    );
    // Equal values are shared, not contested.
    apply(&first, "devin", false, config("a", json!({}))).unwrap();
    let forced = apply(&first, "devin", true, config("b", json!({}))).unwrap();
    assert_eq!(
        forced["spec"]["template"]["spec"]["containers"][0]["image"],
        "b"
    );
    // And now it is devin's.
    assert_eq!(
        apply(&forced, "ci", false, config("c", json!({})))
            .unwrap_err()
            .code,
        409
    );
}

#[test]
fn applying_the_same_again_changes_nothing() {
    let first = apply(&Value::Null, "ci", false, config("a", json!({}))).unwrap();
    assert_eq!(
        apply(&first, "ci", false, config("a", json!({}))).unwrap(),
        first
    );
}
