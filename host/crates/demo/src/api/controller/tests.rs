use super::*;
use crate::api::{
    delete::{Options, delete},
    patch::PatchType,
    resources::{Resource, known},
    seed::seed,
    store::{Key, meta},
    write::{Part, Patch, create, patch},
};
use serde_json::{Value, json};

const DELAY: Duration = Duration::from_millis(400);

/// A cluster whose time is in the test's hands.
struct Stage {
    store: Store,
    controller: Controller,
    now: Instant,
}

impl Stage {
    fn new() -> Self {
        let mut store = Store::default();
        seed(&mut store, false).unwrap();
        Self {
            store,
            controller: Controller::new(DELAY),
            now: Instant::now(),
        }
    }

    /// Lets everything that is under way come to its end.
    fn settle(&mut self) {
        for _ in 0..20 {
            self.controller.settle(&mut self.store, self.now);
            if self.controller.due.is_none() {
                return;
            }
            self.now += DELAY;
        }
        panic!("the controllers never come to rest");
    }

    fn create(&mut self, resource: &Resource, object: Value) -> Value {
        create(&mut self.store, resource, "default", object, false).unwrap()
    }

    fn get(&self, resource: &Resource, name: &str) -> Option<Value> {
        self.store
            .get(&Key::new(resource, "default", name))
            .map(|it| it.value.clone())
    }

    fn all(&self, resource: &Resource) -> Vec<Value> {
        self.store
            .list(resource, Some("default"), None)
            .map(|(_, object)| object.value.clone())
            .collect()
    }

    fn merge(&mut self, resource: &Resource, name: &str, body: &Value) {
        let asked = Patch {
            kind: PatchType::Merge,
            body,
            manager: None,
            force: false,
            part: Part::Whole,
        };
        patch(
            &mut self.store,
            resource,
            &Key::new(resource, "default", name),
            &asked,
            false,
        )
        .unwrap();
    }

    fn delete(&mut self, resource: &Resource, name: &str, options: &Value) -> Value {
        let options = Options::read(options, &[]).unwrap();
        delete(
            &mut self.store,
            resource,
            &Key::new(resource, "default", name),
            &options,
        )
        .unwrap()
    }
}

fn workload(replicas: i64, image: &str) -> Value {
    json!({"metadata": {"name": "web"}, "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": image}]}}}})
}

fn image(image: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}})
}

#[test]
fn a_deployment_becomes_ready_pods_and_rests() {
    let (mut stage, deployments, pods) = (
        Stage::new(),
        known("apps", "deployments"),
        known("", "pods"),
    );
    stage.create(deployments, workload(2, "a"));
    stage.controller.settle(&mut stage.store, stage.now);
    assert!(
        stage
            .all(pods)
            .iter()
            .all(|pod| pod["status"]["phase"] == "Pending")
    );
    assert_eq!(
        stage.get(deployments, "web").unwrap()["status"]["unavailableReplicas"],
        2
    );
    stage.settle();
    let deployment = stage.get(deployments, "web").unwrap();
    assert_eq!(deployment["status"]["availableReplicas"], 2);
    assert_eq!(
        deployment["status"]["observedGeneration"],
        deployment["metadata"]["generation"]
    );
    assert_eq!(stage.all(pods).len(), 2);
    // At rest nothing is written: otherwise every watch would spin.
    let revision = stage.store.revision();
    stage.settle();
    assert_eq!(stage.store.revision(), revision);
}

#[test]
fn a_new_template_rolls_out_and_an_old_one_comes_back() {
    let (mut stage, deployments, sets) = (
        Stage::new(),
        known("apps", "deployments"),
        known("apps", "replicasets"),
    );
    stage.create(deployments, workload(3, "a"));
    stage.settle();
    let first = meta(&stage.all(sets)[0], "name").to_owned();
    stage.merge(deployments, "web", &image("b"));
    // The old pods serve until the new ones do.
    stage.controller.settle(&mut stage.store, stage.now);
    assert_eq!(stage.get(sets, &first).unwrap()["spec"]["replicas"], 3);
    stage.settle();
    assert_eq!(stage.get(sets, &first).unwrap()["spec"]["replicas"], 0);
    stage.merge(deployments, "web", &image("a"));
    stage.settle();
    assert_eq!(
        stage.get(sets, &first).unwrap()["status"]["readyReplicas"],
        3
    );
    let annotations = &stage.get(deployments, "web").unwrap()["metadata"]["annotations"];
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "3");
    assert_eq!(stage.all(known("", "pods")).len(), 3);
}

#[test]
fn a_null_in_a_template_makes_no_new_template() {
    let (mut stage, deployments) = (Stage::new(), known("apps", "deployments"));
    stage.create(deployments, workload(1, "a"));
    stage.settle();
    // kubectl 1.32 writes one when it rolls back.
    let body =
        json!([{"op": "add", "path": "/spec/template/metadata/creationTimestamp", "value": null}]);
    let asked = Patch {
        kind: PatchType::Json,
        body: &body,
        manager: None,
        force: false,
        part: Part::Whole,
    };
    patch(
        &mut stage.store,
        deployments,
        &Key::new(deployments, "default", "web"),
        &asked,
        false,
    )
    .unwrap();
    stage.settle();
    assert_eq!(stage.all(known("apps", "replicasets")).len(), 1);
}

#[test]
fn scaling_down_and_deleting_take_the_pods_along() {
    let (mut stage, deployments, pods) = (
        Stage::new(),
        known("apps", "deployments"),
        known("", "pods"),
    );
    stage.create(deployments, workload(3, "a"));
    stage.settle();
    stage.merge(deployments, "web", &json!({"spec": {"replicas": 1}}));
    stage.settle();
    assert_eq!(stage.all(pods).len(), 1);
    stage.delete(deployments, "web", &Value::Null);
    stage.settle();
    assert!(stage.all(pods).is_empty() && stage.all(known("apps", "replicasets")).is_empty());
}

#[test]
fn a_deleted_pod_is_replaced_and_orphans_stay() {
    let (mut stage, deployments, pods) = (
        Stage::new(),
        known("apps", "deployments"),
        known("", "pods"),
    );
    stage.create(deployments, workload(2, "a"));
    stage.settle();
    let gone = meta(&stage.all(pods)[0], "name").to_owned();
    assert!(stage.delete(pods, &gone, &Value::Null)["metadata"]["deletionTimestamp"].is_string());
    stage.settle();
    assert_eq!(stage.all(pods).len(), 2);
    assert!(stage.get(pods, &gone).is_none());
    stage.delete(deployments, "web", &json!({"propagationPolicy": "Orphan"}));
    stage.settle();
    assert_eq!(
        (
            stage.all(known("apps", "replicasets")).len(),
            stage.all(pods).len()
        ),
        (1, 2)
    );
}

#[test]
fn a_foreground_deletion_waits_for_what_it_owns() {
    let (mut stage, deployments) = (Stage::new(), known("apps", "deployments"));
    stage.create(deployments, workload(1, "a"));
    stage.settle();
    let answer = stage.delete(
        deployments,
        "web",
        &json!({"propagationPolicy": "Foreground"}),
    );
    assert_eq!(
        answer["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    stage.controller.settle(&mut stage.store, stage.now);
    assert!(
        stage.get(deployments, "web").is_some()
            || stage.all(known("apps", "replicasets")).is_empty()
    );
    stage.settle();
    assert!(stage.get(deployments, "web").is_none() && stage.all(known("", "pods")).is_empty());
}

#[test]
fn a_namespace_goes_with_all_that_is_in_it() {
    let mut stage = Stage::new();
    let (namespaces, maps) = (known("", "namespaces"), known("", "configmaps"));
    create(
        &mut stage.store,
        namespaces,
        "",
        json!({"metadata": {"name": "tmp"}}),
        false,
    )
    .unwrap();
    stage.settle();
    create(
        &mut stage.store,
        maps,
        "tmp",
        json!({"metadata": {"name": "a"}}),
        false,
    )
    .unwrap();
    let options = Options::read(&Value::Null, &[]).unwrap();
    let answer = delete(
        &mut stage.store,
        namespaces,
        &Key::new(namespaces, "", "tmp"),
        &options,
    )
    .unwrap();
    assert_eq!(answer["status"]["phase"], "Terminating");
    let late = create(
        &mut stage.store,
        maps,
        "tmp",
        json!({"metadata": {"name": "b"}}),
        false,
    )
    .unwrap_err();
    assert_eq!(late.code, 403);
    stage.settle();
    assert!(
        stage
            .store
            .all()
            .all(|(key, _)| key.namespace != "tmp" && key.name != "tmp")
    );
    let protected = delete(
        &mut stage.store,
        namespaces,
        &Key::new(namespaces, "", "kube-system"),
        &options,
    )
    .unwrap_err();
    assert_eq!(protected.code, 403);
}

#[test]
fn jobs_end_and_other_sets_run() {
    let mut stage = Stage::new();
    let container = json!([{"name": "a", "image": "b"}]);
    let job = json!({"metadata": {"name": "j"}, "spec": {"completions": 3, "parallelism": 2,
        "template": {"spec": {"restartPolicy": "Never", "containers": container}}}});
    stage.create(known("batch", "jobs"), job);
    stage.create(known("apps", "statefulsets"), workload(2, "a"));
    stage.create(known("apps", "daemonsets"), workload(1, "a"));
    stage.settle();
    let job = stage.get(known("batch", "jobs"), "j").unwrap();
    assert_eq!(
        (&job["status"]["succeeded"], &job["status"]["active"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(
        stage.get(known("apps", "statefulsets"), "web").unwrap()["status"]["readyReplicas"],
        2
    );
    assert!(stage.get(known("", "pods"), "web-1").is_some());
    assert_eq!(
        stage.get(known("apps", "daemonsets"), "web").unwrap()["status"]["numberReady"],
        1
    );
}

#[test]
fn a_service_knows_its_pods() {
    let mut stage = Stage::new();
    let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}});
    stage.create(known("", "services"), service);
    stage.create(known("apps", "deployments"), workload(2, "a"));
    stage.settle();
    let slice = stage
        .get(known("discovery.k8s.io", "endpointslices"), "web-slice")
        .unwrap();
    assert_eq!(slice["endpoints"].as_array().unwrap().len(), 2);
    assert_eq!(slice["ports"][0]["port"], 8080);
}

#[test]
fn events_are_bounded() {
    let mut stage = Stage::new();
    let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "default"}});
    for index in 0..500 {
        events::note(&mut stage.store, &pod, "test", "Test", &index.to_string());
    }
    stage.settle();
    let left = stage.all(known("", "events"));
    assert_eq!(left.len(), 400);
    assert!(
        left.iter().any(|it| it["message"] == "499") && !left.iter().any(|it| it["message"] == "5")
    );
}
