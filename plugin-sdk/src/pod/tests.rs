use crate::Request;

const POD: &str = r#"{
  "serviceAccountName": "robot",
  "initContainers": [{"name": "before", "image": "busybox", "env": [{"name": "A", "value": "b"}, {"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}}]}],
  "containers": [
    {"name": "main", "image": "registry.example.com/app:1", "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "db"}}]},
    {"name": "filled-in", "image": null, "command": null, "securityContext": null}
  ],
  "volumes": [
    {"name": "a", "secret": {"secretName": "tls"}},
    {"name": "b", "projected": {"sources": [{"secret": {"name": "token"}}, {"configMap": {"name": "ca"}}, {"serviceAccountToken": {"path": "t"}}]}},
    {"name": "c", "hostPath": {"path": "/var/log"}}
  ],
  "imagePullSecrets": [{"name": "pull"}],
  "restartPolicy": "Always"
}"#;

fn deployment() -> String {
    format!(r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web","labels":{{"app":"web"}}}},"spec":{{"template":{{"spec":{POD}}}}}}}"#)
}

#[test]
fn what_a_workload_would_run_and_get() {
    let request = Request::kubectl("create -n shop -f -").body(&deployment()).build();
    let spec = request.pod_spec().expect("understood").expect("it runs pods");
    let containers: Vec<_> = spec.all_containers().map(|(pointer, container)| (pointer, container.name.as_str())).collect();
    assert_eq!(
        containers,
        [
            ("/spec/template/spec/initContainers/0".to_owned(), "before"),
            ("/spec/template/spec/containers/0".to_owned(), "main"),
            ("/spec/template/spec/containers/1".to_owned(), "filled-in"),
        ]
    );
    let images: Vec<_> = spec.images().map(|(pointer, image)| (pointer, image.source())).collect();
    assert_eq!(images[1], ("/spec/template/spec/containers/0/image".to_owned(), "registry.example.com/app".to_owned()));
    assert_eq!(images.len(), 2);
    assert_eq!(spec.secrets(), ["tls", "token", "db", "pull"]);
    assert_eq!(spec.config_maps(), ["ca", "settings"]);
    assert_eq!(spec.host_paths().collect::<Vec<_>>(), ["/var/log"]);
    assert_eq!(spec.service_account(), "robot");
    assert!(spec.is_privileged());
}

#[test]
fn what_is_debugged_with_is_a_container_too() {
    let request = Request::kubectl("debug box --image=busybox --target=main -it -- sh").build();
    let spec = request.pod_spec().expect("understood").expect("it runs one");
    assert_eq!(spec.images().map(|(pointer, image)| (pointer, image.repository)).collect::<Vec<_>>(), [("/spec/ephemeralContainers/0/image".to_owned(), "library/busybox".to_owned())]);
}

#[test]
fn writes_that_leave_the_pods_alone_have_none() {
    for line in ["label deploy web a=b", "scale deploy web --replicas=3", "get pods", "delete pod box", "create ns x"] {
        assert_eq!(Request::kubectl(line).build().pod_spec(), Ok(None), "{line}");
    }
    let broken = Request::post("/api/v1/namespaces/a/pods", r#"{"spec":{"containers":7}}"#);
    assert!(broken.pod_spec().expect_err("not understood").starts_with("the body's value at /spec is not what the policy expects: "));
}
