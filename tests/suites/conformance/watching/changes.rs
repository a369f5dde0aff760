//! What happens while it is watched: objects of several kinds come, change and go.

use futures_util::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace, Node, Pod, Secret, Service};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// How many of each small kind.
const MANY: usize = 12;

/// Makes an object that every watch of config maps sees, and returns its version.
pub async fn mark(client: &Client, name: &str) -> u64 {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let map = maps.create(&PostParams::default(), &read(json!({ "metadata": { "name": format!("watching-{name}") } }))).await.expect("it is created");
    map.resource_version().and_then(|version| version.parse().ok()).expect("it has a version")
}

/// Everything, until all of it has settled.
pub async fn all(client: &Client, namespace: &str) {
    tokio::join!(small(client, namespace), pods(client, namespace), deployment(client, namespace), wide(client, namespace));
}

/// Config maps, Secrets, Services and Events, many at a time.
async fn small(client: &Client, namespace: &str) {
    let post = PostParams::default();
    let (maps, secrets): (Api<ConfigMap>, Api<Secret>) = (Api::namespaced(client.clone(), namespace), Api::namespaced(client.clone(), namespace));
    let (services, events): (Api<Service>, Api<Event>) = (Api::namespaced(client.clone(), namespace), Api::namespaced(client.clone(), namespace));
    join_all((0..MANY).map(async |n| {
        let name = format!("small-{n}");
        maps.create(&post, &read(json!({ "metadata": { "name": name, "labels": { "app": "watched" } }, "data": { "accents": "é ✓" } }))).await.expect("created");
        secrets.create(&post, &read(json!({ "metadata": { "name": name }, "stringData": { "password": "opensesame" } }))).await.expect("created");
        services.create(&post, &read(json!({ "metadata": { "name": name }, "spec": { "ports": [{ "port": 80 }] } }))).await.expect("created");
        let event = json!({ "metadata": { "name": name }, "involvedObject": { "namespace": namespace }, "reason": "Tested", "message": "a test", "type": "Normal" });
        events.create(&post, &read(event)).await.expect("created");
        for turn in 0..4 {
            // The last takes it out of a view by its label.
            let app = if turn == 3 { "unwatched" } else { "watched" };
            let change = json!({ "metadata": { "labels": { "app": app } }, "data": { "turn": turn.to_string() } });
            maps.patch(&name, &PatchParams::default(), &Patch::Merge(change)).await.expect("patched");
        }
        if n % 2 == 0 {
            maps.delete(&name, &DeleteParams::default()).await.expect("deleted");
            secrets.delete(&name, &DeleteParams::default()).await.expect("deleted");
            services.delete(&name, &DeleteParams::default()).await.expect("deleted");
        }
    }))
    .await;
}

/// Pods that run, and go.
async fn pods(client: &Client, namespace: &str) {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    for n in 0..3 {
        let pod = json!({ "metadata": { "name": format!("pod-{n}") }, "spec": { "terminationGracePeriodSeconds": 0, "containers": [{ "name": "c", "image": "busybox" }] } });
        pods.create(&PostParams::default(), &read(pod)).await.expect("created");
    }
    let running = ListParams::default().fields("status.phase=Running");
    while pods.list(&running).await.expect("a list").items.iter().filter(|pod| pod.name_any().starts_with("pod-")).count() < 3 {
        sleep(Duration::from_millis(50)).await;
    }
    for n in 0..3 {
        pods.delete(&format!("pod-{n}"), &DeleteParams::default().grace_period(0)).await.expect("deleted");
    }
    while pods.list(&ListParams::default()).await.expect("a list").items.iter().any(|pod| pod.name_any().starts_with("pod-")) {
        sleep(Duration::from_millis(50)).await;
    }
}

/// A deployment that grows, shrinks and goes.
async fn deployment(client: &Client, namespace: &str) {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let wanted = json!({
        "metadata": { "name": "web" },
        "spec": { "replicas": 1, "selector": { "matchLabels": { "app": "web" } }, "template": { "metadata": { "labels": { "app": "web" } },
            "spec": { "terminationGracePeriodSeconds": 0, "containers": [{ "name": "c", "image": "busybox" }] } } },
    });
    deployments.create(&PostParams::default(), &read(wanted)).await.expect("created");
    for replicas in [1, 3, 2] {
        deployments.patch_scale("web", &PatchParams::default(), &Patch::Merge(json!({ "spec": { "replicas": replicas } }))).await.expect("scaled");
        loop {
            let status = deployments.get("web").await.expect("it is there").status.unwrap_or_default();
            if status.ready_replicas == Some(replicas) && status.replicas == Some(replicas) {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    deployments.delete("web", &DeleteParams::foreground()).await.expect("deleted");
    while deployments.get_opt("web").await.expect("an answer").is_some() {
        sleep(Duration::from_millis(50)).await;
    }
}

/// What has no namespace.
async fn wide(client: &Client, namespace: &str) {
    let nodes: Api<Node> = Api::all(client.clone());
    for turn in 0..3 {
        let change = json!({ "metadata": { "annotations": { "watched": turn.to_string() } } });
        nodes.patch("node-1", &PatchParams::default(), &Patch::Merge(change)).await.expect("patched");
    }
    let spaces: Api<Namespace> = Api::all(client.clone());
    let name = format!("{namespace}-extra");
    spaces.create(&PostParams::default(), &read(json!({ "metadata": { "name": name } }))).await.expect("created");
    spaces.delete(&name, &DeleteParams::default()).await.expect("deleted");
    while spaces.get_opt(&name).await.expect("an answer").is_some() {
        sleep(Duration::from_millis(100)).await;
    }
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("it is of this kind")
}
