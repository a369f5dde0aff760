//! Jobs: pods that end, until enough of them have.

use super::{
    super::{
        super::{
            resources::known,
            store::{Store, meta},
            write::random_suffix,
        },
        events,
        pods::is_ready,
    },
    active_pods, condition, count, living, owned, report, spawn,
};
use crate::clock;
use serde_json::json;

/// Takes each job one step further.
pub(in super::super) fn jobs(store: &mut Store) {
    let resource = known("batch", "jobs");
    for job in living(store, resource) {
        if job["status"]["completionTime"].is_string() {
            continue;
        }
        let succeeded = owned(store, known("", "pods"), &job)
            .iter()
            .filter(|pod| pod["status"]["phase"] == "Succeeded")
            .count() as i64;
        let (wanted, parallel) = (
            count(&job["spec"]["completions"]),
            count(&job["spec"]["parallelism"]),
        );
        let running = active_pods(store, &job).len() as i64;
        if job["spec"]["suspend"] != true {
            for _ in 0..(wanted - succeeded).min(parallel).min(MAX_PARALLEL) - running {
                let name = meta(&job, "name");
                spawn(
                    store,
                    &job,
                    &format!("{name}-{}", random_suffix()),
                    &[("batch.kubernetes.io/job-name", name)],
                    "job-controller",
                );
            }
        }
        let pods = active_pods(store, &job);
        let started = if job["status"]["startTime"].is_string() {
            job["status"]["startTime"].clone()
        } else {
            json!(clock::now())
        };
        let mut status = json!({"startTime": started, "active": pods.len(), "succeeded": succeeded,
            "ready": pods.iter().filter(|pod| is_ready(pod)).count(), "terminating": 0, "uncountedTerminatedPods": {}});
        if succeeded >= wanted {
            status["completionTime"] = json!(clock::now());
            status["conditions"] = json!([
                condition(
                    &job,
                    "SuccessCriteriaMet",
                    true,
                    "CompletionsReached",
                    "Reached expected number of succeeded pods"
                ),
                condition(
                    &job,
                    "Complete",
                    true,
                    "CompletionsReached",
                    "Reached expected number of succeeded pods"
                ),
            ]);
            events::note(store, &job, "job-controller", "Completed", "Job completed");
        }
        report(store, resource, &job, status);
    }
}

/// Pods of one job at a time, whatever it asks for: the demo has one small node.
const MAX_PARALLEL: i64 = 50;
