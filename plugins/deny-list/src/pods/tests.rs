use serde_json::json;

use super::*;

#[test]
fn what_leaves_the_sandbox() {
    let container = |more: Value| {
        let mut container = json!({"name": "c", "image": "i"});
        for (key, value) in more.as_object().expect("an object") {
            container[key] = value.clone();
        }
        json!({"containers": [container]})
    };
    for (spec, finds) in [
        (json!({"containers": [{"name": "c"}]}), None),
        (json!({"hostNetwork": true}), Some("hostNetwork")),
        (json!({"hostPID": true}), Some("hostPID")),
        (json!({"hostIPC": true}), Some("hostIPC")),
        (json!({"hostPID": false}), None),
        (json!({"volumes": [{"name": "v", "emptyDir": {}}]}), None),
        (json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}), Some("`v` is a folder of the node")),
        (container(json!({"securityContext": {"privileged": true}})), Some("`c` is privileged")),
        (json!({"initContainers": [{"name": "i", "securityContext": {"privileged": true}}]}), Some("`i` is privileged")),
        (json!({"ephemeralContainers": [{"name": "e", "securityContext": {"privileged": true}}]}), Some("`e` is privileged")),
        (container(json!({"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}})), None),
        (container(json!({"securityContext": {"capabilities": {"add": ["CHOWN", "SYS_ADMIN"]}}})), Some("SYS_ADMIN")),
        (container(json!({"securityContext": {"capabilities": {"add": ["ALL"]}}})), Some("`ALL`")),
        (container(json!({"securityContext": {"procMount": "Unmasked"}})), Some("procMount")),
        (container(json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}})), Some("seccompProfile")),
        (container(json!({"ports": [{"containerPort": 80}]})), None),
        (container(json!({"ports": [{"containerPort": 80, "hostPort": 80}]})), Some("hostPort")),
        (json!({"volumes": [{"name": "v", "gitRepo": {"repository": "https://example.com/r"}}]}), Some("gitRepo")),
        (container(json!({"livenessProbe": {"httpGet": {"port": 80}}})), None),
        (container(json!({"livenessProbe": {"httpGet": {"port": 80, "host": "169.254.169.254"}}})), Some("169.254.169.254")),
        (container(json!({"startupProbe": {"tcpSocket": {"port": 80, "host": "10.0.0.1"}}})), Some("startupProbe")),
        (container(json!({"lifecycle": {"preStop": {"httpGet": {"port": 80, "host": "10.0.0.1"}}}})), Some("preStop")),
        (json!({"securityContext": {"windowsOptions": {"hostProcess": true}}}), Some("hostProcess")),
        (json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}}), None),
        (json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}), Some("kernel.msgmax")),
        (json!({"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}), Some("seLinuxOptions")),
        (json!({"securityContext": {"seLinuxOptions": {"level": "s0:c1,c2"}}}), None),
    ] {
        let found = privilege(&spec);
        match finds {
            Some(text) => assert!(found.as_ref().is_some_and(|found| found.contains(text)), "{spec}: {found:?}"),
            None => assert_eq!(found, None, "{spec}"),
        }
    }
}

#[test]
fn which_secrets_a_pod_gets() {
    for (spec, finds) in [
        (json!({"containers": [{"name": "c", "env": [{"name": "A", "value": "b"}]}]}), None),
        (json!({"serviceAccountName": "default"}), None),
        (json!({"serviceAccountName": "deployer"}), Some("deployer")),
        (json!({"serviceAccountName": "deployer", "automountServiceAccountToken": false}), None),
        (json!({"volumes": [{"name": "v", "secret": {"secretName": "db"}}]}), Some("Secret `db`")),
        (json!({"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "db"}}]}}]}), Some("Secret `db`")),
        (json!({"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}), Some("token")),
        (json!({"volumes": [{"name": "kube-api-access-x", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}), None),
        (json!({"volumes": [{"name": "kube-api-access-x", "projected": {"sources": [{"serviceAccountToken": {"audience": "a"}}]}}]}), Some("token")),
        (json!({"serviceAccountName": "deployer", "automountServiceAccountToken": false, "volumes": [{"name": "kube-api-access-x", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}), Some("token")),
        (json!({"volumes": [{"name": "v", "projected": {"sources": [{"podCertificate": {"signerName": "example.com/s"}}]}}]}), Some("podCertificate")),
        (json!({"volumes": [{"name": "v", "csi": {"driver": "d.example.com", "nodePublishSecretRef": {"name": "db"}}}]}), Some("Secret `db`")),
        (json!({"volumes": [{"name": "v", "csi": {"driver": "secrets-store.csi.k8s.io"}}]}), Some("store of secrets")),
        (json!({"volumes": [{"name": "v", "csi": {"driver": "inline.example.com"}}]}), None),
        (json!({"volumes": [{"name": "v", "flexVolume": {"driver": "d", "secretRef": {"name": "db"}}}]}), Some("Secret `db`")),
        (json!({"volumes": [{"name": "v", "azureFile": {"shareName": "s", "secretName": "db"}}]}), Some("Secret `db`")),
        (json!({"volumes": [{"name": "v", "configMap": {"name": "c"}}]}), None),
        (json!({"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "db"}}]}]}), Some("`db`")),
        (json!({"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "db"}}]}]}), None),
        (json!({"initContainers": [{"name": "c", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}}]}]}), Some("`db`")),
    ] {
        let found = secret(&spec);
        match finds {
            Some(text) => assert!(found.as_ref().is_some_and(|found| found.contains(text)), "{spec}: {found:?}"),
            None => assert_eq!(found, None, "{spec}"),
        }
    }
}

#[test]
fn what_is_added_to_a_running_pod() {
    let path = "/api/v1/namespaces/shop/pods/web/ephemeralcontainers";
    let added = r#"{"spec":{"ephemeralContainers":[{"name":"e","securityContext":{"privileged":true}}]}}"#;
    assert!(privileged(&Request::patch(path, added)).expect("no preview needed").is_some_and(|found| found.contains("`e` is privileged")));
    let operations = |preview: &str| portcullis_sdk::Builder::of_path("patch", path).body(r#"[{"op":"add"}]"#).preview(preview).build();
    assert!(privileged(&operations(added)).expect("a preview").is_some());
    let curious = r#"{"spec":{"ephemeralContainers":[{"name":"e","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"db","key":"p"}}}]}]}}"#;
    assert!(with_secrets(&Request::patch(path, curious)).expect("no preview needed").is_some_and(|found| found.contains("`db`")));
    // What the pod was allowed before is not asked again.
    assert_eq!(privileged(&operations(r#"{"spec":{"hostPID":true,"ephemeralContainers":[{"name":"e"}]}}"#)), Ok(None));
}

#[test]
fn the_annotation_that_takes_apparmor_away() {
    let annotations = r#"{"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/c":"unconfined"}}}"#;
    assert!(privileged(&Request::post("/api/v1/namespaces/shop/pods", annotations)).expect("no preview needed").is_some());
    let template = format!(r#"{{"spec":{{"template":{annotations}}}}}"#);
    assert!(privileged(&Request::post("/apis/apps/v1/namespaces/shop/deployments", &template)).expect("no preview needed").is_some());
    assert_eq!(privileged(&Request::post("/api/v1/namespaces/shop/configmaps", annotations)), Ok(None));
}

#[test]
fn nodes_chosen_by_hand() {
    let pods = "/api/v1/namespaces/shop/pods";
    let bound = r#"{"spec":{"nodeName":"control-plane"}}"#;
    let on = |request: &Request<'_>| on_a_chosen_node(request).expect("what is asked for is there");
    assert!(on(&Request::post(pods, bound)).is_some_and(|found| found.contains("control-plane")));
    assert!(on(&Request::post("/apis/apps/v1/namespaces/shop/deployments", &format!(r#"{{"spec":{{"template":{bound}}}}}"#))).is_some());
    assert!(on(&portcullis_sdk::Builder::of_path("patch", &format!("{pods}/p")).body(bound).preview(bound).build()).is_some(), "server-side apply makes pods too");
    assert_eq!(on(&Request::post(pods, r#"{"spec":{}}"#)), None);
    // A pod that is there has one already.
    assert_eq!(on(&Request::put(&format!("{pods}/p"), bound)), None);
}
