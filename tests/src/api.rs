//! The gateway's own API, as one of the development identities.

use std::time::Duration;

use serde_json::{Value, json};

use crate::https::{Client, Response};
use crate::until;

/// How long a person's part may take: an approval to show up, a record to be found.
const LIMIT: Duration = Duration::from_secs(20);

/// Somebody who is logged in.
pub struct Api {
    client: Client,
    authorization: String,
}

impl Api {
    /// By a token.
    #[must_use]
    pub fn new(client: Client, token: &str) -> Self {
        Self { client, authorization: format!("Bearer {token}") }
    }

    /// Asks for `/api/v1/…`.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    #[must_use]
    pub fn get(&self, path: &str) -> Response {
        self.client.request("GET", &format!("/api/v1{path}"), &[("authorization", &self.authorization)], b"")
    }

    /// Sends JSON to `/api/v1/…`.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Response {
        let headers = [("authorization", self.authorization.as_str()), ("content-type", "application/json")];
        self.client.request("POST", &format!("/api/v1{path}"), &headers, body.to_string().as_bytes())
    }

    /// The approvals in a state.
    ///
    /// # Panics
    /// When the gateway does not say.
    #[track_caller]
    #[must_use]
    pub fn approvals(&self, state: &str) -> Vec<Value> {
        let response = self.get(&format!("/approvals?state={state}"));
        assert_eq!(response.status, 200, "{}", response.text());
        response.json().as_array().cloned().unwrap_or_default()
    }

    /// The one that waits for a command which contains `part`.
    ///
    /// # Panics
    /// When none shows up.
    #[track_caller]
    #[must_use]
    pub fn pending(&self, part: &str) -> Value {
        until(LIMIT, &format!("for an approval of `{part}`"), || {
            self.approvals("pending").into_iter().find(|approval| approval["command"].as_str().is_some_and(|command| command.contains(part)))
        })
    }

    /// Says yes or no.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    #[must_use]
    pub fn decide(&self, approval: &Value, yes: bool) -> Response {
        let id = approval["id"].as_str().expect("an approval has an id");
        let word = if yes { "approve" } else { "deny" };
        self.post(&format!("/approvals/{id}/{word}"), &json!({ "comment": "by a test" }))
    }

    /// Records of the log; `filter` is a query.
    ///
    /// # Panics
    /// When the gateway does not say.
    #[track_caller]
    #[must_use]
    pub fn audit(&self, filter: &str) -> Vec<Value> {
        let response = self.get(&format!("/audit?{filter}"));
        assert_eq!(response.status, 200, "{}", response.text());
        response.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// A record with its bodies.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    #[must_use]
    pub fn record(&self, id: &str) -> Value {
        until(LIMIT, &format!("for the record {id}"), || {
            let response = self.get(&format!("/audit/records/{id}"));
            (response.status == 200).then(|| response.json())
        })
    }

    /// What is live.
    ///
    /// # Panics
    /// When the gateway does not say.
    #[track_caller]
    #[must_use]
    pub fn policy(&self) -> Value {
        let response = self.get("/policy");
        assert_eq!(response.status, 200, "{}", response.text());
        response.json()
    }
}
