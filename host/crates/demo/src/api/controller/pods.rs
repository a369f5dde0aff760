//! The pretended scheduler and kubelet.

use super::{
    super::{
        defaults::hash,
        resources::known,
        store::{Key, Store, meta},
    },
    Controller, events,
};
use crate::clock;
use serde_json::{Value, json};
use std::time::Instant;

/// Takes each pod one step further: scheduled, started, ended, gone.
pub(super) fn pods(controller: &mut Controller, store: &mut Store, now: Instant) {
    let resource = known("", "pods");
    let all: Vec<(Key, Value)> = store
        .list(resource, None, None)
        .map(|(key, object)| (key.clone(), object.value.clone()))
        .collect();
    for (key, pod) in all {
        let uid = meta(&pod, "uid");
        if pod["metadata"]["deletionTimestamp"].is_string() {
            let held = pod["metadata"]["finalizers"]
                .as_array()
                .is_some_and(|it| !it.is_empty());
            if !held && controller.elapsed(uid, "ending", now) {
                store.remove(&key);
            }
            continue;
        }
        match pod["status"]["phase"].as_str() {
            Some("Succeeded" | "Failed") => {}
            Some("Running") => {
                // A container that is not restarted is taken for one that does its work and ends.
                if pod["spec"]["restartPolicy"] != "Always"
                    && controller.elapsed(uid, "working", now)
                {
                    let _ = store.put(key, finished(pod));
                }
            }
            _ if pod["spec"]["nodeName"].is_null() => schedule(store, key, pod),
            _ => {
                if controller.elapsed(uid, "starting", now) {
                    start(store, key, pod);
                }
            }
        }
    }
}

fn schedule(store: &mut Store, key: Key, mut pod: Value) {
    let nodes = store.list(known("", "nodes"), None, None);
    let free = nodes
        .map(|(_, node)| &node.value)
        .find(|it| it["spec"]["unschedulable"] != true);
    let Some(node) = free.map(|it| meta(it, "name").to_owned()) else {
        return;
    };
    pod["spec"]["nodeName"] = json!(node);
    pod["status"]["hostIP"] = json!("192.168.49.2");
    pod["status"]["startTime"] = json!(clock::now());
    pod["status"]["conditions"] = json!([condition("PodScheduled", true)]);
    let waiting = |name: &Value, image: &Value| {
        json!({"name": name, "image": image, "imageID": "", "ready": false, "started": false, "restartCount": 0,
            "lastState": {}, "state": {"waiting": {"reason": "ContainerCreating"}}})
    };
    pod["status"]["containerStatuses"] = each_container(&pod, waiting);
    let message = format!(
        "Successfully assigned {}/{} to {node}",
        key.namespace, key.name
    );
    events::note(store, &pod, "default-scheduler", "Scheduled", &message);
    let _ = store.put(key, pod);
}

fn start(store: &mut Store, key: Key, mut pod: Value) {
    let now = clock::now();
    let hash = hash(meta(&pod, "uid"));
    let running = |name: &Value, image: &Value| {
        json!({"name": name, "image": image, "imageID": "", "containerID": format!("demo://{hash:08x}"), "ready": true,
            "started": true, "restartCount": 0, "lastState": {}, "state": {"running": {"startedAt": now}}})
    };
    pod["status"]["containerStatuses"] = each_container(&pod, running);
    pod["status"]["phase"] = json!("Running");
    let address = format!("10.244.0.{}", 2 + hash % 250);
    pod["status"]["podIP"] = json!(address);
    pod["status"]["podIPs"] = json!([{"ip": address}]);
    pod["status"]["conditions"] = json!([
        condition("Initialized", true),
        condition("Ready", true),
        condition("ContainersReady", true),
        condition("PodScheduled", true)
    ]);
    let containers = pod["spec"]["containers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for container in &containers {
        let (name, image) = (
            container["name"].as_str().unwrap_or_default(),
            container["image"].as_str().unwrap_or_default(),
        );
        events::note(
            store,
            &pod,
            "kubelet",
            "Pulled",
            &format!("Container image {image:?} already present on machine"),
        );
        events::note(
            store,
            &pod,
            "kubelet",
            "Created",
            &format!("Created container: {name}"),
        );
        events::note(
            store,
            &pod,
            "kubelet",
            "Started",
            &format!("Started container {name}"),
        );
    }
    let _ = store.put(key, pod);
}

fn finished(mut pod: Value) -> Value {
    let now = clock::now();
    let started = pod["status"]["startTime"].clone();
    let ended = |name: &Value, image: &Value| {
        json!({"name": name, "image": image, "imageID": "", "ready": false, "started": false, "restartCount": 0, "lastState": {},
            "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": now}}})
    };
    pod["status"]["containerStatuses"] = each_container(&pod, ended);
    pod["status"]["phase"] = json!("Succeeded");
    pod["status"]["conditions"] = json!([
        condition("Initialized", true),
        condition("Ready", false),
        condition("ContainersReady", false),
        condition("PodScheduled", true)
    ]);
    pod
}

fn each_container(pod: &Value, status: impl Fn(&Value, &Value) -> Value) -> Value {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers
        .map(|it| status(&it["name"], &it["image"]))
        .collect()
}

/// A condition that holds, or not, from now on.
pub(super) fn condition(kind: &str, holds: bool) -> Value {
    json!({"type": kind, "status": if holds { "True" } else { "False" }, "lastTransitionTime": clock::now(), "lastProbeTime": null})
}

/// Whether a pod runs, is ready and stays.
pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions
        .into_iter()
        .any(|it| it["type"] == "Ready" && it["status"] == "True");
    ready && pod["metadata"]["deletionTimestamp"].is_null()
}
