//! Deployments: a replica set for each template, the newest scaled up, the older ones down as it becomes ready.

use super::{
    super::super::{
        resources::known,
        store::{Key, Store, meta},
        write::create,
    },
    condition, count, events, living, owned, owner_reference, report, template_hash,
};
use serde_json::{Value, json};

const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";

/// Takes each deployment one step further.
pub(in super::super) fn deployments(store: &mut Store) {
    for deployment in living(store, known("apps", "deployments")) {
        deployment_step(store, &deployment);
    }
}

fn revision(object: &Value) -> i64 {
    let text = object["metadata"]["annotations"][REVISION].as_str();
    text.and_then(|it| it.parse::<u32>().ok())
        .map_or(0, i64::from)
}

fn deployment_step(store: &mut Store, deployment: &Value) {
    let mut sets = owned(store, known("apps", "replicasets"), deployment);
    sets.sort_by_key(|it| std::cmp::Reverse(revision(it)));
    let newest = sets.first().map_or(0, revision);
    let hash = template_hash(&deployment["spec"]["template"]);
    let paused = deployment["spec"]["paused"] == true;
    let found = sets
        .iter()
        .position(|it| it["metadata"]["labels"][HASH] == *hash);
    let current = match found {
        Some(at) => sets.remove(at),
        None if paused => {
            status(store, deployment, None, &sets);
            return;
        }
        None => return create_set(store, deployment, &hash, newest + 1),
    };
    // Going back to an old template makes it the newest revision again.
    let number = if revision(&current) < newest {
        newest + 1
    } else {
        revision(&current)
    };
    annotate(store, "replicasets", &current, number);
    annotate(store, "deployments", deployment, number);

    let desired = count(&deployment["spec"]["replicas"]);
    scale(store, deployment, &current, desired);
    let mut allowed = (desired - count(&current["status"]["readyReplicas"])).max(0);
    for old in &sets {
        let kept = count(&old["spec"]["replicas"]).min(allowed);
        scale(store, deployment, old, kept);
        allowed -= kept;
    }
    forget_old(store, deployment, &sets);
    status(store, deployment, Some(&current), &sets);
}

fn create_set(store: &mut Store, deployment: &Value, hash: &str, number: i64) {
    let mut template = deployment["spec"]["template"].clone();
    let mut selector = deployment["spec"]["selector"].clone();
    if selector["matchLabels"].is_null() {
        selector["matchLabels"] = json!({});
    }
    selector["matchLabels"][HASH] = json!(hash);
    template["metadata"]["labels"][HASH] = json!(hash);
    let name = format!("{}-{hash}", meta(deployment, "name"));
    let set = json!({
        "metadata": {"name": name, "labels": template["metadata"]["labels"], "annotations": {REVISION: number.to_string()},
            "ownerReferences": owner_reference(deployment)},
        "spec": {"replicas": 0, "selector": selector, "template": template},
    });
    let created = create(
        store,
        known("apps", "replicasets"),
        meta(deployment, "namespace"),
        set,
        false,
    );
    if let Err(problem) = created {
        tracing::warn!(
            message = problem.message,
            "demo: a replica set could not be made"
        );
    }
}

fn annotate(store: &mut Store, plural: &str, object: &Value, number: i64) {
    let key = Key::of(known("apps", plural), object);
    let Some(mut live) = store
        .get(&key)
        .map(|it| it.value.clone())
        .filter(|it| revision(it) != number)
    else {
        return;
    };
    if live["metadata"]["annotations"].is_null() {
        live["metadata"]["annotations"] = json!({});
    }
    live["metadata"]["annotations"][REVISION] = json!(number.to_string());
    let _ = store.put(key, live);
}

fn scale(store: &mut Store, deployment: &Value, set: &Value, replicas: i64) {
    let key = Key::of(known("apps", "replicasets"), set);
    let Some(mut live) = store.get(&key).map(|it| it.value.clone()) else {
        return;
    };
    let before = count(&live["spec"]["replicas"]);
    if before == replicas {
        return;
    }
    live["spec"]["replicas"] = json!(replicas);
    live["metadata"]["generation"] = json!(count(&live["metadata"]["generation"]) + 1);
    let direction = if replicas > before { "up" } else { "down" };
    let message = format!(
        "Scaled {direction} replica set {} from {before} to {replicas}",
        key.name
    );
    let _ = store.put(key, live);
    events::note(
        store,
        deployment,
        "deployment-controller",
        "ScalingReplicaSet",
        &message,
    );
}

/// Old sets beyond the history limit go, once they are empty.
fn forget_old(store: &mut Store, deployment: &Value, old: &[Value]) {
    let limit = usize::try_from(count(&deployment["spec"]["revisionHistoryLimit"])).unwrap_or(0);
    for set in old
        .iter()
        .skip(limit)
        .filter(|it| count(&it["status"]["replicas"]) == 0 && count(&it["spec"]["replicas"]) == 0)
    {
        store.remove(&Key::of(known("apps", "replicasets"), set));
    }
}

fn status(store: &mut Store, deployment: &Value, current: Option<&Value>, old: &[Value]) {
    let sum = |field: &str| {
        current
            .into_iter()
            .chain(old)
            .map(|it| count(&it["status"][field]))
            .sum::<i64>()
    };
    let (desired, replicas, ready) = (
        count(&deployment["spec"]["replicas"]),
        sum("replicas"),
        sum("readyReplicas"),
    );
    let updated = current.map_or(0, |it| count(&it["status"]["replicas"]));
    let name = current.map_or_else(String::new, |it| meta(it, "name").to_owned());
    // A quarter may be missing, rounded down: the default of maxUnavailable.
    let enough = ready >= desired - desired / 4;
    let available = if enough {
        condition(
            deployment,
            "Available",
            true,
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        condition(
            deployment,
            "Available",
            false,
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    let complete = updated == desired && replicas == desired && ready == desired;
    let progressing = if complete {
        condition(
            deployment,
            "Progressing",
            true,
            "NewReplicaSetAvailable",
            &format!("ReplicaSet {name:?} has successfully progressed."),
        )
    } else {
        condition(
            deployment,
            "Progressing",
            true,
            "ReplicaSetUpdated",
            &format!("ReplicaSet {name:?} is progressing."),
        )
    };
    let mut status = json!({"observedGeneration": deployment["metadata"]["generation"], "replicas": replicas, "updatedReplicas": updated,
        "readyReplicas": ready, "availableReplicas": ready, "conditions": [available, progressing]});
    if desired > ready {
        status["unavailableReplicas"] = json!(desired - ready);
    }
    report(store, known("apps", "deployments"), deployment, status);
}
