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
