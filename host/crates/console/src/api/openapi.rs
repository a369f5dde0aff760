//! The API's own description, for generated clients.

use axum::Json;
use serde_json::{Value, json};

/// Path, method, what it does.
const OPERATIONS: [(&str, &str, &str); 25] = [
    ("/login", "get", "Whose tokens are trusted, without a login"),
    ("/whoami", "get", "Who the caller is to the gateway"),
    ("/connections", "get", "The registered clusters"),
    ("/policy", "get", "The live policy set, by generation and digest"),
    ("/policy/reload", "post", "Read the bundle again now (operators)"),
    ("/policy/history", "get", "Sets that were live and can be again, the newest first"),
    ("/policy/rollback", "post", "Make a former set live: {digest} (operators)"),
    ("/policy/rollback", "delete", "End a roll-back: the folder's set goes live (operators)"),
    ("/policy/sets/{id}", "get", "What a set says, by its digest or `live`, secrets digested with `salt` (operators)"),
    ("/policy/sets/{id}/deciders", "get", "A set's guards, routers and maskers with their components, to judge by them elsewhere (operators)"),
    ("/sessions", "get", "Live sessions; `all=true` for ended ones too"),
    ("/sessions", "post", "Open a session: {connection, purpose, ttl}; the answer carries its token, once"),
    ("/sessions/{id}", "get", "One session"),
    ("/sessions/{id}", "delete", "End a session, or revoke another's"),
    ("/approvals", "get", "Approvals; `state` and `session` narrow them"),
    ("/approvals/watch", "get", "Those that wait, then each change, as JSON Lines"),
    ("/approvals/{id}", "get", "One approval"),
    ("/approvals/{id}/approve", "post", "Say yes: {comment}"),
    ("/approvals/{id}/deny", "post", "Say no: {comment}"),
    ("/approvals/{id}/withdraw", "post", "Take one's own request back"),
    ("/audit", "get", "The log as JSON Lines, filtered by its query"),
    ("/audit/tail", "get", "Records from now on, as JSON Lines (auditors)"),
    ("/audit/records/{id}", "get", "One record with its bodies, as the agent saw them"),
    ("/audit/sessions/{id}", "get", "A session, request by request, with what the agent saw, as JSON Lines"),
    ("/openapi.json", "get", "This document"),
];

pub async fn document() -> Json<Value> {
    let mut paths = json!({});
    for (path, method, summary) in OPERATIONS {
        let mut operation = json!({
            "summary": summary,
            "security": [{ "bearer": [] }],
            "responses": {
                "200": { "description": "as the summary says" },
                "default": { "description": "a Kubernetes Status object", "content": { "application/json": {} } },
            },
        });
        if path.contains("{id}") {
            operation["parameters"] =
                json!([{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }]);
        }
        paths[path][method] = operation;
    }
    Json(json!({
        "openapi": "3.1.0",
        "info": { "title": "Portcullis", "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": "/api/v1" }],
        "components": { "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } } },
        "paths": paths,
    }))
}
