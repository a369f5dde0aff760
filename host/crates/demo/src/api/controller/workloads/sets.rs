//! Replica sets, stateful sets and daemon sets: so many pods, numbered pods, a pod on each node.

use super::{
    super::{
        super::{
            resources::known,
            store::{Store, meta},
            write::random_suffix,
        },
        pods::is_ready,
    },
    active_pods, count, dismiss, living, owned, report, spawn, template_hash,
};
use serde_json::{Value, json};

/// The label that tells which template a pod was made from.
const REVISION_HASH: &str = "controller-revision-hash";

/// Brings each replica set to its number of pods.
pub(in super::super) fn replica_sets(store: &mut Store) {
    let resource = known("apps", "replicasets");
    for set in living(store, resource) {
        let desired = usize::try_from(count(&set["spec"]["replicas"])).unwrap_or(0);
        let mut pods = active_pods(store, &set);
        for _ in pods.len()..desired {
            spawn(
                store,
                &set,
                &format!("{}-{}", meta(&set, "name"), random_suffix()),
                &[],
                "replicaset-controller",
            );
        }
        // Those that serve go last.
        pods.sort_by_key(|pod| !is_ready(pod));
        for pod in pods.iter().skip(desired) {
            dismiss(store, &set, pod, "replicaset-controller");
        }
        let pods = active_pods(store, &set);
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        let status = json!({"replicas": pods.len(), "fullyLabeledReplicas": pods.len(), "readyReplicas": ready, "availableReplicas": ready,
            "observedGeneration": set["metadata"]["generation"]});
        report(store, resource, &set, status);
    }
}

/// Brings each stateful set to its numbered pods, one at a time.
pub(in super::super) fn stateful_sets(store: &mut Store) {
    let resource = known("apps", "statefulsets");
    for set in living(store, resource) {
        let name = meta(&set, "name");
        let desired = count(&set["spec"]["replicas"]);
        let revision = format!("{name}-{}", template_hash(&set["spec"]["template"]));
        // Those being deleted still hold their names.
        let pods = owned(store, known("", "pods"), &set);
        let number = |pod: &Value| {
            meta(pod, "name")
                .rsplit('-')
                .next()
                .and_then(|it| it.parse::<i64>().ok())
                .unwrap_or(-1)
        };
        let settled = pods.iter().all(is_ready);
        let surplus = pods
            .iter()
            .filter(|pod| number(pod) >= desired)
            .max_by_key(|pod| number(pod));
        let outdated = pods
            .iter()
            .filter(|pod| pod["metadata"]["labels"][REVISION_HASH] != *revision)
            .max_by_key(|pod| number(pod));
        let missing = (0..desired).find(|at| !pods.iter().any(|pod| number(pod) == *at));
        if settled {
            if let Some(pod) = surplus {
                dismiss(store, &set, pod, "statefulset-controller");
            } else if let Some(at) = missing {
                let pod = format!("{name}-{at}");
                let labels = [
                    (REVISION_HASH, revision.as_str()),
                    ("statefulset.kubernetes.io/pod-name", pod.as_str()),
                ];
                spawn(store, &set, &pod, &labels, "statefulset-controller");
            } else if let Some(pod) = outdated {
                dismiss(store, &set, pod, "statefulset-controller");
            }
        }
        let pods = active_pods(store, &set);
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        let updated = pods
            .iter()
            .filter(|pod| pod["metadata"]["labels"][REVISION_HASH] == *revision)
            .count();
        let status = json!({"replicas": pods.len(), "readyReplicas": ready, "availableReplicas": ready, "currentReplicas": updated,
            "updatedReplicas": updated, "currentRevision": revision, "updateRevision": revision, "collisionCount": 0,
            "observedGeneration": set["metadata"]["generation"]});
        report(store, resource, &set, status);
    }
}

/// Puts a pod of each daemon set on each node.
pub(in super::super) fn daemon_sets(store: &mut Store) {
    let resource = known("apps", "daemonsets");
    let nodes: Vec<String> = store
        .list(known("", "nodes"), None, None)
        .map(|(key, _)| key.name.clone())
        .collect();
    for set in living(store, resource) {
        let revision = template_hash(&set["spec"]["template"]);
        let pods = active_pods(store, &set);
        for pod in pods
            .iter()
            .filter(|pod| pod["metadata"]["labels"][REVISION_HASH] != *revision)
        {
            dismiss(store, &set, pod, "daemonset-controller");
        }
        // The demo has one node; which pod is on which does not matter.
        for _ in pods.len()..nodes.len() {
            let name = format!("{}-{}", meta(&set, "name"), random_suffix());
            spawn(
                store,
                &set,
                &name,
                &[(REVISION_HASH, &revision)],
                "daemonset-controller",
            );
        }
        let pods = active_pods(store, &set);
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        let status = json!({"desiredNumberScheduled": nodes.len(), "currentNumberScheduled": pods.len(), "numberReady": ready,
            "numberAvailable": ready, "updatedNumberScheduled": pods.len(), "numberMisscheduled": 0,
            "observedGeneration": set["metadata"]["generation"]});
        report(store, resource, &set, status);
    }
}
