//! Kubeconfigs for the gateway's clients. None ever holds a cluster's own credential (P5).

use std::path::Path;

use base64::Engine;
use serde_json::{Value, json};

/// A kubeconfig whose user reads a token from a file at every request.
pub fn with_token_file(server: &str, authority: &[u8], user: &str, token: &Path) -> String {
    render(server, Some(authority), user, &json!({ "tokenFile": token }))
}

/// A kubeconfig whose user asks `portcullis credential` for a token when it needs one.
pub fn with_exec(server: &str, authority: Option<&[u8]>, user: &str, command: &Path, arguments: &[&str]) -> String {
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": command,
        "args": arguments,
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": false,
    });
    render(server, authority, user, &json!({ "exec": exec }))
}

/// A kubeconfig with a token in it, for one command's life.
pub fn with_token(server: &str, authority: Option<&[u8]>, user: &str, token: &str) -> String {
    render(server, authority, user, &json!({ "token": token }))
}

fn render(server: &str, authority: Option<&[u8]>, user: &str, credential: &Value) -> String {
    let mut cluster = json!({ "server": server });
    if let Some(authority) = authority {
        cluster["certificate-authority-data"] = json!(base64::engine::general_purpose::STANDARD.encode(authority));
    }
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "portcullis", "cluster": cluster }],
        "users": [{ "name": user, "user": credential }],
        "contexts": [{ "name": "portcullis", "context": { "cluster": "portcullis", "user": user } }],
        "current-context": "portcullis",
    });
    // JSON is YAML, and needs no library to be written.
    format!("{config:#}\n")
}
