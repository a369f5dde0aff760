//! The stage as its clients meet it: over HTTP.
// All of it is a test.
#![allow(clippy::unwrap_used, clippy::disallowed_types)]

mod cluster;
mod issuer;
mod watch;

use demo::{Cluster, ClusterOptions};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running cluster and a client that trusts it.
struct Stage {
    cluster: Cluster,
    http: Client,
}

impl Stage {
    async fn new() -> Self {
        let options = ClusterOptions {
            pod_delay: Duration::from_millis(20),
            ..ClusterOptions::default()
        };
        let cluster = Cluster::start(options).await.unwrap();
        let http = trusting(Some(cluster.ca_pem())).build().unwrap();
        Self { cluster, http }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.cluster.url()))
            .bearer_auth(self.cluster.token())
            .timeout(PATIENCE)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(
            self.request(Method::POST, path)
                .json(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(
            self.request(Method::PUT, path)
                .json(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    async fn patch(&self, path: &str, content_type: &str, body: &Value) -> (u16, Value) {
        let request = self
            .request(Method::PATCH, path)
            .header("content-type", content_type)
            .body(body.to_string());
        answer(request.send().await.unwrap()).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::DELETE, path).send().await.unwrap()).await
    }
}

fn trusting(ca_pem: Option<&str>) -> reqwest::ClientBuilder {
    // The first test to come here installs the provider; the others find it there.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let certificates = ca_pem.map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
    Client::builder()
        .tls_certs_only(certificates)
        .redirect(reqwest::redirect::Policy::none())
}

async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(json!(text)))
}

fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

fn deployment(name: &str, replicas: i64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}}}})
}
