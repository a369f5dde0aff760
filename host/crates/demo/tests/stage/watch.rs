//! Watches over HTTP.

use crate::{PATIENCE, Stage, config_map, deployment};
use reqwest::Method;
use serde_json::{Value, json};

/// A watch that is read line by line.
pub(crate) struct Watch {
    response: reqwest::Response,
    buffer: Vec<u8>,
}

impl Watch {
    pub(crate) async fn open(stage: &Stage, path: &str, accept: &str) -> Self {
        let response = stage
            .request(Method::GET, path)
            .header("accept", accept)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        Self {
            response,
            buffer: Vec::new(),
        }
    }

    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk())
                .await
                .expect("an event in time")
                .unwrap()?;
            self.buffer.extend_from_slice(&chunk);
        }
    }

    /// Type and name of the next event.
    async fn brief(&mut self) -> String {
        let event = self.next().await.expect("one more event");
        format!(
            "{} {}",
            event["type"].as_str().unwrap(),
            event["object"]["metadata"]["name"].as_str().unwrap_or("-")
        )
    }

    /// Reads until an event fits.
    async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next().await.expect("the watch goes on");
            if fits(&event["object"]) {
                return event;
            }
        }
    }
}

const MAPS: &str = "/api/v1/namespaces/prod/configmaps";

#[tokio::test]
async fn a_watch_tells_what_is_there_and_then_each_change() {
    let stage = Stage::new().await;
    let mut watch = Watch::open(&stage, &format!("{MAPS}?watch=1"), "application/json").await;
    assert_eq!(watch.brief().await, "ADDED web");
    stage.post(MAPS, &config_map("a", json!({"x": "1"}))).await;
    assert_eq!(watch.brief().await, "ADDED a");
    stage
        .patch(
            &format!("{MAPS}/a"),
            "application/merge-patch+json",
            &json!({"data": {"x": "2"}}),
        )
        .await;
    assert_eq!(watch.brief().await, "MODIFIED a");
    // A patch that changes nothing is no event; nor is what happens elsewhere.
    stage
        .patch(
            &format!("{MAPS}/a"),
            "application/merge-patch+json",
            &json!({"data": {"x": "2"}}),
        )
        .await;
    stage
        .post(
            "/api/v1/namespaces/shop/configmaps",
            &config_map("elsewhere", json!({})),
        )
        .await;
    stage.delete(&format!("{MAPS}/a")).await;
    assert_eq!(watch.brief().await, "DELETED a");
}

#[tokio::test]
async fn a_watch_resumes_where_a_list_ended() {
    let stage = Stage::new().await;
    let (_, list) = stage.get(MAPS).await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    stage.post(MAPS, &config_map("a", json!({}))).await;
    let mut watch = Watch::open(
        &stage,
        &format!("{MAPS}?watch=true&resourceVersion={version}"),
        "application/json",
    )
    .await;
    assert_eq!(watch.brief().await, "ADDED a");
}

#[tokio::test]
async fn objects_enter_and_leave_a_selection() {
    let stage = Stage::new().await;
    let mut watch = Watch::open(
        &stage,
        &format!("{MAPS}?watch=1&labelSelector=tier%3Dfront"),
        "application/json",
    )
    .await;
    stage.post(MAPS, &config_map("a", json!({}))).await;
    let label = |value: Value| json!({"metadata": {"labels": {"tier": value}}});
    for (value, expected) in [(json!("front"), "ADDED a"), (json!("back"), "DELETED a")] {
        stage
            .patch(
                &format!("{MAPS}/a"),
                "application/merge-patch+json",
                &label(value),
            )
            .await;
        assert_eq!(watch.brief().await, expected);
    }
}

#[tokio::test]
async fn initial_events_end_with_a_marked_bookmark() {
    let stage = Stage::new().await;
    let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = Watch::open(&stage, &format!("{MAPS}?{query}"), "application/json").await;
    assert_eq!(watch.brief().await, "ADDED web");
    let bookmark = watch.next().await.unwrap();
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["kind"], "ConfigMap");
    assert_eq!(
        bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
    // client-go falls back to list and watch on this code.
    assert_eq!(
        stage
            .get(&format!("{MAPS}?watch=true&sendInitialEvents=true"))
            .await
            .0,
        422
    );
    assert_eq!(
        stage
            .get(&format!(
                "{MAPS}?watch=true&resourceVersionMatch=NotOlderThan"
            ))
            .await
            .0,
        422
    );
}

#[tokio::test]
async fn a_table_watch_sends_its_columns_once() {
    let stage = Stage::new().await;
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let mut watch = Watch::open(&stage, &format!("{MAPS}?watch=1"), table).await;
    let first = watch.next().await.unwrap();
    assert_eq!(first["object"]["kind"], "Table");
    assert_eq!(first["object"]["columnDefinitions"][1]["name"], "Data");
    assert_eq!(first["object"]["rows"][0]["cells"][0], "web");
    stage.post(MAPS, &config_map("a", json!({}))).await;
    let second = watch.next().await.unwrap();
    assert_eq!(second["object"]["columnDefinitions"], json!([]));
    assert_eq!(
        second["object"]["rows"][0]["object"]["metadata"]["name"],
        "a"
    );
}

#[tokio::test]
async fn versions_that_are_forgotten_or_not_there_yet_end_a_watch() {
    let stage = Stage::new().await;
    stage.post(MAPS, &config_map("a", json!({}))).await;
    for index in 0..2100 {
        stage
            .patch(
                &format!("{MAPS}/a"),
                "application/merge-patch+json",
                &json!({"data": {"x": index.to_string()}}),
            )
            .await;
    }
    for (version, code, reason) in [("5", 410, "Expired"), ("99999999", 504, "Timeout")] {
        let mut watch = Watch::open(
            &stage,
            &format!("{MAPS}?watch=1&resourceVersion={version}"),
            "application/json",
        )
        .await;
        let event = watch.next().await.unwrap();
        assert_eq!(event["type"], "ERROR");
        assert_eq!(
            (&event["object"]["code"], &event["object"]["reason"]),
            (&json!(code), &json!(reason))
        );
        assert!(watch.next().await.is_none());
    }
}

#[tokio::test]
async fn a_watch_ends_when_its_time_is_over() {
    let stage = Stage::new().await;
    let mut watch = Watch::open(
        &stage,
        &format!("{MAPS}?watch=1&timeoutSeconds=1"),
        "application/json",
    )
    .await;
    assert_eq!(watch.brief().await, "ADDED web");
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_deployment_can_be_watched_until_it_is_ready() {
    let stage = Stage::new().await;
    let path = "/apis/apps/v1/namespaces/prod/deployments";
    stage.post(path, &deployment("api", 3)).await;
    let mut watch = Watch::open(
        &stage,
        &format!("{path}?watch=1&fieldSelector=metadata.name%3Dapi"),
        "application/json",
    )
    .await;
    watch
        .until(|object| object["status"]["availableReplicas"] == 3)
        .await;
    let scale = format!("{path}/api/scale");
    let (code, scaled) = stage
        .patch(
            &scale,
            "application/merge-patch+json",
            &json!({"spec": {"replicas": 1}}),
        )
        .await;
    assert_eq!((code, &scaled["spec"]["replicas"]), (200, &json!(1)));
    watch
        .until(|object| {
            object["status"]["replicas"] == 1 && object["status"]["availableReplicas"] == 1
        })
        .await;
    assert_eq!(
        stage.get(&scale).await.1["status"],
        json!({"replicas": 1, "selector": "app=api"})
    );
}

#[tokio::test]
async fn followed_logs_end_with_their_pod() {
    let stage = Stage::new().await;
    let path = "/api/v1/namespaces/prod/pods/reports";
    let mut watch = Watch::open(
        &stage,
        "/api/v1/namespaces/prod/pods?watch=1&fieldSelector=metadata.name%3Dreports",
        "application/json",
    )
    .await;
    watch.until(|pod| pod["status"]["phase"] == "Running").await;
    let lines = stage.get(&format!("{path}/log?tailLines=1")).await.1;
    assert_eq!(lines.as_str().unwrap().lines().count(), 1);
    let mut follower = stage
        .request(
            Method::GET,
            &format!("{path}/log?follow=true&timestamps=true"),
        )
        .send()
        .await
        .unwrap();
    let first = follower.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("reports starting"));
    stage.delete(path).await;
    while follower.chunk().await.unwrap().is_some() {}
    assert_eq!(stage.get(path).await.0, 404);
}
