//! Requests and answers of the demo cluster.

use crate::{Stage, answer, config_map, deployment, trusting, watch::Watch};
use demo::{Cluster, ClusterOptions};
use reqwest::Method;
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/prod/configmaps";

#[tokio::test]
async fn only_the_token_opens() {
    let stage = Stage::new().await;
    for token in ["", "wrong"] {
        let url = format!("{}/api/v1/pods", stage.cluster.url());
        let response = stage
            .http
            .get(&url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert!(response.headers().contains_key("www-authenticate"));
        let (code, status) = answer(response).await;
        assert_eq!(
            (code, &status["kind"], &status["reason"]),
            (401, &json!("Status"), &json!("Unauthorized"))
        );
    }
    for path in ["/healthz", "/readyz", "/livez/ping", "/version"] {
        let response = stage
            .http
            .get(format!("{}{path}", stage.cluster.url()))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn discovery_comes_in_both_kinds() {
    let stage = Stage::new().await;
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let request = stage
        .request(Method::GET, "/apis")
        .header("accept", format!("{aggregated},application/json"));
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], aggregated);
    assert_eq!(answer(response).await.1["kind"], "APIGroupDiscoveryList");
    for (path, kind) in [
        ("/api", "APIVersions"),
        ("/apis", "APIGroupList"),
        ("/apis/apps", "APIGroup"),
        ("/apis/apps/v1", "APIResourceList"),
    ] {
        assert_eq!(stage.get(path).await.1["kind"], kind);
    }
    for path in [
        "/apis/metrics.k8s.io/v1beta1",
        "/apis/nothing",
        "/nothing",
        "/api/v1/watch/pods",
    ] {
        assert_eq!(stage.get(path).await.0, 404, "{path}");
    }
    let (_, root) = stage.get("/openapi/v3").await;
    for (path, entry) in root["paths"].as_object().unwrap() {
        let (code, document) = stage
            .get(entry["serverRelativeURL"].as_str().unwrap())
            .await;
        assert_eq!(
            (code, &document["openapi"]),
            (200, &json!("3.0.0")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_story_is_there() {
    let stage = Stage::new().await;
    for namespace in ["default", "shop", "prod"] {
        let (_, secret) = stage
            .get(&format!("/api/v1/namespaces/{namespace}/secrets/db"))
            .await;
        let password = secret["data"]["password"].as_str().unwrap();
        let copy =
            secret["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
                .as_str()
                .unwrap();
        assert!(copy.contains(password));
        let (_, web) = stage
            .get(&format!(
                "/apis/apps/v1/namespaces/{namespace}/deployments/web"
            ))
            .await;
        assert_eq!(web["spec"]["replicas"], 2);
        let (_, pod) = stage
            .get(&format!("/api/v1/namespaces/{namespace}/pods/reports"))
            .await;
        assert_eq!(
            pod["spec"]["containers"][0]["env"][1]["name"],
            "DB_PASSWORD"
        );
    }
    assert_eq!(stage.get("/api/v1/nodes/demo-node").await.0, 200);
}

#[tokio::test]
async fn objects_are_created_changed_and_deleted() {
    let stage = Stage::new().await;
    let (code, created) = stage.post(MAPS, &config_map("a", json!({"x": "1"}))).await;
    assert_eq!(code, 201);
    assert!(!created["metadata"]["uid"].as_str().unwrap().is_empty());
    let (code, status) = stage.post(MAPS, &config_map("a", json!({}))).await;
    assert_eq!((code, &status["reason"]), (409, &json!("AlreadyExists")));
    let mut changed = created.clone();
    changed["data"]["x"] = json!("2");
    let (code, second) = stage.put(&format!("{MAPS}/a"), &changed).await;
    assert_eq!((code, &second["data"]["x"]), (200, &json!("2")));
    // The first version is stale now.
    let (code, status) = stage.put(&format!("{MAPS}/a"), &changed).await;
    assert_eq!((code, &status["reason"]), (409, &json!("Conflict")));
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("the object has been modified")
    );
    let (code, status) = stage.delete(&format!("{MAPS}/a")).await;
    assert_eq!((code, &status["status"]), (200, &json!("Success")));
    let (code, status) = stage.get(&format!("{MAPS}/a")).await;
    assert_eq!(
        (code, status["message"].as_str().unwrap()),
        (404, "configmaps \"a\" not found")
    );
}

#[tokio::test]
async fn dry_runs_leave_no_trace() {
    let stage = Stage::new().await;
    assert_eq!(
        stage
            .post(&format!("{MAPS}?dryRun=All"), &config_map("a", json!({})))
            .await
            .0,
        201
    );
    assert_eq!(stage.get(&format!("{MAPS}/a")).await.0, 404);
    let patch = json!({"data": {"LOG_LEVEL": "debug"}});
    let (_, would_be) = stage
        .patch(
            &format!("{MAPS}/web?dryRun=All"),
            "application/merge-patch+json",
            &patch,
        )
        .await;
    assert_eq!(would_be["data"]["LOG_LEVEL"], "debug");
    assert_eq!(
        stage.get(&format!("{MAPS}/web")).await.1["data"]["LOG_LEVEL"],
        "info"
    );
    assert_eq!(stage.delete(&format!("{MAPS}/web?dryRun=All")).await.0, 200);
    assert_eq!(stage.get(&format!("{MAPS}/web")).await.0, 200);
    // A real API server lets the body win, and so does this one: the query's dry run is nothing beside it.
    let request = stage
        .request(Method::DELETE, &format!("{MAPS}/web?dryRun=All"))
        .json(&json!({"kind": "DeleteOptions", "apiVersion": "v1"}));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(stage.get(&format!("{MAPS}/web")).await.0, 404);
    assert_eq!(
        stage
            .post(&format!("{MAPS}?dryRun=Some"), &config_map("a", json!({})))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn each_patch_type_patches() {
    let stage = Stage::new().await;
    let path = "/apis/apps/v1/namespaces/prod/deployments/web";
    let strategic = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:2"}]}}}});
    let (_, patched) = stage
        .patch(path, "application/strategic-merge-patch+json", &strategic)
        .await;
    let container = &patched["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        (
            &container["image"],
            container["env"].as_array().unwrap().len()
        ),
        (&json!("web:2"), 3)
    );
    assert_eq!(patched["metadata"]["generation"], 2);
    let operations = json!([{"op": "replace", "path": "/spec/replicas", "value": 1}]);
    assert_eq!(
        stage
            .patch(path, "application/json-patch+json", &operations)
            .await
            .1["spec"]["replicas"],
        1
    );
    let merge = json!({"metadata": {"resourceVersion": "1"}});
    assert_eq!(
        stage
            .patch(path, "application/merge-patch+json", &merge)
            .await
            .0,
        409
    );
    let apply = config_map("applied", json!({"a": "1"}));
    let url = format!("{MAPS}/applied?fieldManager=ci");
    assert_eq!(
        stage
            .patch(&url, "application/apply-patch+yaml", &apply)
            .await
            .0,
        201
    );
    let (code, again) = stage
        .patch(&url, "application/apply-patch+yaml", &apply)
        .await;
    assert_eq!(
        (code, &again["metadata"]["managedFields"][0]["manager"]),
        (200, &json!("ci"))
    );
    assert_eq!(
        stage
            .patch(
                &format!("{MAPS}/applied"),
                "application/apply-patch+yaml",
                &apply
            )
            .await
            .0,
        422
    );
    assert_eq!(
        stage.patch(path, "application/json", &json!({})).await.0,
        415
    );
    let selector = json!({"spec": {"selector": {"matchLabels": {"app": "other"}}}});
    assert_eq!(
        stage
            .patch(path, "application/merge-patch+json", &selector)
            .await
            .0,
        422
    );
}

#[tokio::test]
async fn status_and_object_are_written_apart() {
    let stage = Stage::new().await;
    let path = "/api/v1/namespaces/prod/persistentvolumeclaims";
    let claim = json!({"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"]}, "status": {"phase": "Bound"}});
    let (_, mut created) = stage.post(path, &claim).await;
    assert_eq!(created["status"]["phase"], "Pending");
    created["status"]["phase"] = json!("Bound");
    created["spec"]["volumeName"] = json!("v");
    let (_, updated) = stage.put(&format!("{path}/c/status"), &created).await;
    assert_eq!(
        (&updated["status"]["phase"], &updated["spec"]["volumeName"]),
        (&json!("Bound"), &Value::Null)
    );
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let stage = Stage::new().await;
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = stage
            .request(Method::POST, MAPS)
            .header("content-type", content_type)
            .body(body);
        answer(request.send().await.unwrap()).await
    };
    let (code, status) = send(
        "application/vnd.kubernetes.protobuf",
        b"k8s\0\n\x05".to_vec(),
    )
    .await;
    assert_eq!(
        (code, &status["reason"]),
        (415, &json!("UnsupportedMediaType"))
    );
    assert_eq!(send("application/json", b"{".to_vec()).await.0, 400);
    assert_eq!(send("application/json", b"[]".to_vec()).await.0, 400);
    assert_eq!(
        send("application/json", vec![b' '; 4 * 1024 * 1024])
            .await
            .0,
        413
    );
    for (body, code) in [
        (json!({"kind": "Secret", "metadata": {"name": "x"}}), 400),
        (json!({"metadata": {"name": "x", "namespace": "shop"}}), 400),
        (
            json!({"metadata": {"name": "x", "resourceVersion": "1"}}),
            400,
        ),
        (json!({"metadata": {}}), 422),
        (json!({"metadata": []}), 400),
        (json!({"metadata": {"generateName": "x-"}}), 201),
    ] {
        assert_eq!(stage.post(MAPS, &body).await.0, code, "{body}");
    }
    assert_eq!(
        stage
            .post(
                "/api/v1/namespaces/nowhere/configmaps",
                &config_map("a", json!({}))
            )
            .await
            .0,
        404
    );
    assert_eq!(
        stage
            .post("/api/v1/configmaps", &config_map("a", json!({})))
            .await
            .0,
        405
    );
    assert_eq!(stage.put(MAPS, &json!({})).await.0, 405);
}

#[tokio::test]
async fn lists_come_as_tables_pages_and_selections() {
    let stage = Stage::new().await;
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    let request = stage
        .request(Method::GET, "/api/v1/namespaces/prod/secrets?limit=500")
        .header("accept", table);
    let (_, secrets) = answer(request.send().await.unwrap()).await;
    assert_eq!(secrets["kind"], "Table");
    assert_eq!(
        secrets["rows"][0]["cells"].as_array().unwrap()[..3],
        [json!("db"), json!("Opaque"), json!(2)]
    );
    assert_eq!(
        secrets["rows"][0]["object"]["kind"],
        "PartialObjectMetadata"
    );
    let request = stage
        .request(Method::GET, MAPS)
        .header("accept", "application/vnd.kubernetes.protobuf");
    assert_eq!(request.send().await.unwrap().status(), 406);
    let (_, first) = stage.get("/api/v1/namespaces?limit=2").await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, rest) = stage
        .get(&format!("/api/v1/namespaces?continue={token}"))
        .await;
    assert_eq!(
        first["items"].as_array().unwrap().len() + rest["items"].as_array().unwrap().len(),
        6
    );
    let (_, services) = stage.get("/api/v1/services?labelSelector=app%3Dweb").await;
    assert_eq!(services["items"].as_array().unwrap().len(), 3);
    assert_eq!(
        stage
            .get("/api/v1/secrets?fieldSelector=data.password%3Dx")
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn collections_are_deleted_by_selection() {
    let stage = Stage::new().await;
    for name in ["a", "b", "c"] {
        let mut map = config_map(name, json!({}));
        map["metadata"]["labels"] = json!({"keep": (name == "c").to_string()});
        stage.post(MAPS, &map).await;
    }
    let (code, gone) = stage
        .delete(&format!("{MAPS}?labelSelector=keep%3Dfalse"))
        .await;
    assert_eq!((code, gone["items"].as_array().unwrap().len()), (200, 2));
    assert_eq!(stage.get(&format!("{MAPS}/c")).await.0, 200);
}

#[tokio::test]
async fn reviews_say_yes_and_who() {
    let stage = Stage::new().await;
    let (code, review) = stage
        .post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            &json!({"spec": {"resourceAttributes": {"verb": "delete"}}}),
        )
        .await;
    assert_eq!((code, &review["status"]["allowed"]), (201, &json!(true)));
    let request = stage
        .request(
            Method::POST,
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        )
        .header("impersonate-user", "devin")
        .header("impersonate-group", "agents")
        .header("impersonate-group", "more");
    let (_, review) = answer(request.json(&json!({})).send().await.unwrap()).await;
    assert_eq!(
        review["status"]["userInfo"],
        json!({"username": "devin", "groups": ["agents", "more", "system:authenticated"]})
    );
    let seen = stage.cluster.requests_seen().pop().unwrap();
    assert_eq!(
        (seen.method.as_str(), seen.impersonate_user.as_deref()),
        ("POST", Some("devin"))
    );
    assert_eq!(seen.impersonate_groups, ["agents", "more"]);
    assert!(seen.authenticated);
}

#[tokio::test]
async fn what_needs_containers_says_so() {
    let stage = Stage::new().await;
    for (subresource, code) in [
        ("exec", 501),
        ("attach", 501),
        ("portforward", 501),
        ("nothing", 404),
    ] {
        let (answered, status) = stage
            .get(&format!(
                "/api/v1/namespaces/prod/pods/reports/{subresource}?command=ls"
            ))
            .await;
        assert_eq!(
            (answered, &status["kind"]),
            (code, &json!("Status")),
            "{subresource}"
        );
    }
    assert_eq!(
        stage
            .get("/api/v1/namespaces/prod/pods/nobody/exec")
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn an_eviction_takes_a_pod() {
    let stage = Stage::new().await;
    let pods = "/api/v1/namespaces/prod/pods";
    let mut watch = Watch::open(
        &stage,
        &format!("{pods}?watch=1&fieldSelector=metadata.name%3Dreports"),
        "application/json",
    )
    .await;
    let (code, _) = stage
        .post(
            &format!("{pods}/reports/eviction"),
            &json!({"kind": "Eviction", "apiVersion": "policy/v1"}),
        )
        .await;
    assert_eq!(code, 201);
    while watch.next().await.expect("the watch goes on")["type"] != "DELETED" {}
}

#[tokio::test]
async fn both_versions_of_http_are_spoken() {
    let stage = Stage::new().await;
    for (client, version) in [
        (
            trusting(Some(stage.cluster.ca_pem())).http1_only(),
            reqwest::Version::HTTP_11,
        ),
        (
            trusting(Some(stage.cluster.ca_pem())),
            reqwest::Version::HTTP_2,
        ),
    ] {
        let response = client
            .build()
            .unwrap()
            .get(format!("{}/version", stage.cluster.url()))
            .send()
            .await
            .unwrap();
        assert_eq!(response.version(), version);
    }
}

#[tokio::test]
async fn a_dropped_cluster_is_gone() {
    let stage = Stage::new().await;
    let mut watch = Watch::open(&stage, "/api/v1/namespaces?watch=1", "application/json").await;
    assert!(watch.next().await.is_some());
    let Stage { cluster, http } = stage;
    let url = format!("{}/version", cluster.url());
    drop(cluster);
    // The port closes when the runtime gets round to it.
    let closed = async {
        while http.get(&url).send().await.is_ok() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(crate::PATIENCE, closed)
        .await
        .expect("the listener closes");
}

#[tokio::test]
async fn a_bare_cluster_has_no_story_and_a_given_token() {
    let options = ClusterOptions {
        seed: false,
        token: Some("given".to_owned()),
        ..ClusterOptions::default()
    };
    assert!(!format!("{options:?}").contains("given"));
    let cluster = Cluster::start(options).await.unwrap();
    let http = trusting(Some(cluster.ca_pem())).build().unwrap();
    let stage = Stage { cluster, http };
    assert_eq!(stage.cluster.token(), "given");
    assert_eq!(stage.get("/api/v1/namespaces/shop").await.0, 404);
    assert_eq!(
        stage
            .post(
                "/apis/apps/v1/namespaces/default/deployments",
                &deployment("x", 1)
            )
            .await
            .0,
        201
    );
    stage.cluster.forget_requests();
    assert!(stage.cluster.requests_seen().is_empty());
    assert!(stage.cluster.kubeconfig_yaml().contains("token: given"));
}
