//! Reviews: questions that are asked by creating an object and answered in its status.

use super::resources::Resource;
use serde_json::{Value, json};

/// Who asks: the cluster's only user, or whom that user impersonates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
}

/// Answers a review. Everybody may do everything here: the demo has no authorization.
pub(crate) fn answer(resource: &Resource, user: &User, mut review: Value) -> Value {
    if !review.is_object() {
        review = json!({});
    }
    review["kind"] = json!(resource.kind);
    review["apiVersion"] = json!(resource.api_version());
    if !review["metadata"].is_object() {
        review["metadata"] = json!({"creationTimestamp": null});
    }
    review["status"] = match resource.plural {
        "selfsubjectreviews" => json!({"userInfo": {"username": user.name, "groups": user.groups}}),
        "selfsubjectrulesreviews" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        }),
        _ => json!({"allowed": true, "reason": "the demo cluster lets its user do everything"}),
    };
    review
}
