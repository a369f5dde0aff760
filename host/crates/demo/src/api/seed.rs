//! The story's objects: a shop with a web deployment and a database secret, production, and one node.

use super::{
    problem::Problem,
    resources::{known, of_kind},
    store::Store,
    write::{Part, create, update},
};
use serde_json::{Value, json};

/// Creates namespaces and a node, and with `story` everything else.
pub(crate) fn seed(store: &mut Store, story: bool) -> Result<(), Problem> {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        add(
            store,
            "",
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
        )?;
    }
    node(store)?;
    if !story {
        return Ok(());
    }
    for name in ["shop", "prod"] {
        add(
            store,
            "",
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
        )?;
    }
    // The password differs by place, so that masked tokens differ as well.
    for (namespace, password) in [
        ("default", "correct-horse-battery"),
        ("shop", "s3cr3t-shop-pa55w0rd"),
        ("prod", "s3cr3t-prod-pa55w0rd"),
    ] {
        application(store, namespace, password)?;
    }
    system(store)
}

fn add(store: &mut Store, namespace: &str, object: Value) -> Result<Value, Problem> {
    let (version, kind) = (
        object["apiVersion"].as_str().unwrap_or_default(),
        object["kind"].as_str().unwrap_or_default(),
    );
    let resource = of_kind(version, kind).ok_or_else(Problem::no_route)?;
    create(store, resource, namespace, object, false)
}

fn node(store: &mut Store) -> Result<(), Problem> {
    let nodes = known("", "nodes");
    add(
        store,
        "kube-node-lease",
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "demo-node"},
        "spec": {"holderIdentity": "demo-node", "leaseDurationSeconds": 40}}),
    )?;
    let mut node = add(
        store,
        "",
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "demo-node", "labels": {
            "kubernetes.io/hostname": "demo-node", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "node-role.kubernetes.io/control-plane": ""}}, "spec": {"podCIDR": "10.244.0.0/24"}}),
    )?;
    let capacity = json!({"cpu": "2", "memory": "4Gi", "pods": "110", "ephemeral-storage": "20Gi"});
    let pressure = |kind: &str| {
        json!({"type": kind, "status": "False", "reason": "Fine", "message": "kubelet has enough",
        "lastHeartbeatTime": crate::clock::now(), "lastTransitionTime": crate::clock::now()})
    };
    let mut ready = pressure("Ready");
    ready["status"] = json!("True");
    ready["reason"] = json!("KubeletReady");
    ready["message"] = json!("kubelet is posting ready status");
    node["status"] = json!({
        "capacity": capacity, "allocatable": capacity,
        "addresses": [{"type": "InternalIP", "address": "192.168.49.2"}, {"type": "Hostname", "address": "demo-node"}],
        "conditions": [pressure("MemoryPressure"), pressure("DiskPressure"), pressure("PIDPressure"), ready],
        "nodeInfo": {"kubeletVersion": super::VERSION, "osImage": "Portcullis demo", "kernelVersion": "6.12.0", "operatingSystem": "linux",
            "architecture": "amd64", "containerRuntimeVersion": "demo://1.0", "kubeProxyVersion": "", "machineID": "demo",
            "systemUUID": "demo", "bootID": "demo"},
    });
    let key = super::store::Key::of(nodes, &node);
    update(store, nodes, &key, node, Part::Status, false).map(|_| ())
}

/// The deployment `web`, its service, its configuration and the secret `db`.
fn application(store: &mut Store, namespace: &str, password: &str) -> Result<(), Problem> {
    let labels = json!({"app": "web"});
    add(
        store,
        namespace,
        with_last_applied(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": namespace},
        "type": "Opaque", "data": {"username": encoded("shop_app"), "password": encoded(password)}}),
        ),
    )?;
    add(
        store,
        namespace,
        with_last_applied(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": namespace},
        "data": {"LOG_LEVEL": "info", "app.properties": "currency=EUR\npage.size=20\n"}}),
        ),
    )?;
    let from_secret = |name: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "db", "key": key}}});
    add(
        store,
        namespace,
        with_last_applied(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace, "labels": labels},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [{
            "name": "web", "image": "registry.example/shop/web:1.4.2", "ports": [{"containerPort": 8080, "name": "http"}],
            "env": [from_secret("DB_USERNAME", "username"), from_secret("DB_PASSWORD", "password"),
                {"name": "LOG_LEVEL", "value": "info"}],
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}]}}}})),
    )?;
    add(
        store,
        namespace,
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": labels},
        "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}}),
    )?;
    // What one finds in real clusters: a password that is written straight into a pod.
    add(
        store,
        namespace,
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "reports", "labels": {"app": "reports"}},
        "spec": {"containers": [{"name": "reports", "image": "registry.example/shop/reports:0.9.0",
            "env": [{"name": "DB_HOST", "value": "db.internal"}, {"name": "DB_PASSWORD", "value": password}]}]}}),
    )?;
    Ok(())
}

fn system(store: &mut Store) -> Result<(), Problem> {
    let labels = json!({"k8s-app": "kube-dns"});
    add(
        store,
        "kube-system",
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "coredns", "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "coredns", "image": "registry.example/coredns:1.12.0"}]}}}}),
    )?;
    add(
        store,
        "kube-system",
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns"},
        "data": {"Corefile": ".:53 {\n    errors\n    forward . /etc/resolv.conf\n}\n"}}),
    )?;
    add(
        store,
        "default",
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kubernetes"},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]}}),
    )?;
    for (name, verbs) in [
        ("cluster-admin", json!(["*"])),
        ("view", json!(["get", "list", "watch"])),
    ] {
        add(
            store,
            "",
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]}),
        )?;
    }
    add(
        store,
        "",
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "cluster-admin"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:masters"}]}),
    )?;
    Ok(())
}

fn encoded(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

/// As `kubectl apply` leaves an object: with a copy of itself in an annotation.
fn with_last_applied(mut object: Value) -> Value {
    let mut copy = object.clone();
    copy["metadata"]["annotations"] = json!({});
    object["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": format!("{copy}\n")});
    object
}
