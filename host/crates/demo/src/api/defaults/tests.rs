use super::*;
use crate::api::resources::{RESOURCES, known};

#[test]
fn secrets_take_their_text_as_data() {
    let mut secret = json!({"metadata": {"name": "db"}, "stringData": {"password": "hunter2"}});
    fill(known("", "secrets"), &mut secret);
    assert_eq!(
        secret,
        json!({"metadata": {"name": "db"}, "type": "Opaque", "data": {"password": "aHVudGVyMg=="}})
    );
}

#[test]
fn deployments_get_replicas_strategy_and_pull_policy() {
    let mut object = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "a", "image": "nginx"}, {"name": "b", "image": "host:5000/x:1.2"}]}}}});
    fill(known("apps", "deployments"), &mut object);
    assert_eq!(object["spec"]["replicas"], 1);
    assert_eq!(
        object["spec"]["strategy"]["rollingUpdate"]["maxSurge"],
        "25%"
    );
    let containers = &object["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers[0]["imagePullPolicy"], "Always");
    assert_eq!(containers[1]["imagePullPolicy"], "IfNotPresent");
}

#[test]
fn filling_in_twice_changes_nothing() {
    for resource in RESOURCES.iter().filter(|it| !it.transient) {
        let mut once = json!({"metadata": {"name": "x", "uid": "1"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
        fill(resource, &mut once);
        let mut twice = once.clone();
        fill(resource, &mut twice);
        assert_eq!(once, twice, "{}", resource.plural);
    }
}
