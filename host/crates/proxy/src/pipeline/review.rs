//! Access reviews about oneself, answered for both: what RBAC allows, and what the policies would say.
//!
//! The API server knows nothing of the gateway's policies, so its yes is only half of the truth. Where it says yes the
//! request that the question describes is judged as it would be when it came, without opening an approval and without
//! counting it, and the answer's `status` is written anew. What would be held is a no, because kubectl prints a reason
//! only with a no (`kubectl/pkg/cmd/auth/cani.go`), and the reason says that sending it asks a person.

use std::sync::Arc;

use http::StatusCode;
use kube_request::access::{self, AccessReview, ResourceAttributes, Supposed};
use kube_request::{Cause, Json, Refusal, Verb};
use policy::{Decision, Document, JsonDocument};
use serde_json::{Value, json};

use super::{Admitted, decide, facts};
use crate::capabilities;
use crate::connection::Unjudged;
use crate::trail::Trail;

/// The largest answer to a review, in bytes. Somebody with a thousand roles has some 300 KiB of rules.
pub const MOST: usize = 1 << 20;
/// Combinations of verb, resource and name that are judged for one list of rules; what is beyond is left out of it.
const COMBINATIONS: usize = 4096;

/// The verbs that `*` of a rule stands for; see [`access`].
const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// What the policies would say.
enum Word {
    Yes,
    /// A person would be asked.
    Held(String),
    No(String),
}

/// The answer to a review with the policies' word in it; any other answer as it is.
///
/// # Errors
/// When the API server's answer to a review is not one.
pub async fn answered(admitted: &Admitted, trail: &mut Trail, status: StatusCode, body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let Some(review) = admitted.request.access_review().filter(|_| status.is_success()) else { return Ok(body) };
    let mut answer: Value = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    let spec = admitted.request.body.as_ref().and_then(|body| body.json.get("spec")).unwrap_or(&Json::Null);
    match review {
        AccessReview::Access => access(admitted, trail, spec, &mut answer).await,
        AccessReview::Rules => {
            let namespace = spec.get("namespace").and_then(Json::as_str).unwrap_or("");
            rules(admitted, trail, namespace, &mut answer).await;
        }
    }
    serde_json::to_vec(&answer).map_err(|_| unreadable())
}

async fn access(admitted: &Admitted, trail: &mut Trail, spec: &Json, answer: &mut Value) {
    if answer["status"]["allowed"] != true {
        return;
    }
    let supposed = match access::asked(spec) {
        Ok(supposed) => supposed,
        Err(refusal) => return no(trail, answer, true, &refusal.message),
    };
    let mut open = None;
    for one in &supposed {
        match word(admitted, one).await {
            Word::Yes => open = open.or(one.open),
            Word::Held(why) => return no(trail, answer, false, &why),
            Word::No(why) => return no(trail, answer, true, &why),
        }
    }
    if let Some(open) = open {
        let why = format!("no policy can say yes to {open} at once; ask about one of them, for the gateway judges each request");
        return no(trail, answer, false, &why);
    }
    if supposed.iter().any(|one| one.request.body.is_some()) {
        let also = "what is sent is judged by the gateway's policies too";
        let reason = match answer["status"]["reason"].as_str() {
            Some(rbac) if !rbac.is_empty() => format!("{rbac}; {also}"),
            _ => also.to_owned(),
        };
        answer["status"]["reason"] = reason.into();
    }
}

fn no(trail: &mut Trail, answer: &mut Value, denied: bool, reason: &str) {
    trail.message(format!("answered no: {reason}"));
    let mut status = json!({ "allowed": false, "reason": reason });
    if denied {
        status["denied"] = true.into();
    }
    answer["status"] = status;
}

/// What the policies would say to the request.
async fn word(admitted: &Admitted, supposed: &Supposed) -> Word {
    let Admitted { gateway, connection, caller, generation, .. } = admitted;
    let facts = facts::supposed(&connection.name, caller, &supposed.request);
    let around = capabilities::supposed(gateway, connection, caller);
    let judgement = generation.judge_in(&facts, document(supposed), &around).await;
    match judgement.decision {
        Decision::Allow => Word::Yes,
        Decision::Deny => Word::No(decide::denied(&judgement).message),
        Decision::RequireApproval => Word::Held(match judgement.findings.first() {
            Some((plugin, finding)) => {
                format!("{}; send the request all the same, it is held until a person approves it", decide::sentence("needs approval", plugin, finding))
            }
            None => "needs approval; send the request all the same, it is held until a person approves it".to_owned(),
        }),
        Decision::NoOpinion => match connection.unjudged {
            Unjudged::Allow => Word::Yes,
            Unjudged::Deny => Word::No(decide::unjudged().message),
        },
    }
}

/// An object with nothing in it, before and after the write: policies about the content then have no opinion.
fn document(supposed: &Supposed) -> Option<Arc<dyn Document>> {
    let empty = Arc::new(supposed.request.body.as_ref()?.json.clone());
    let after = empty.clone();
    Some(Arc::new(JsonDocument::with_preview(empty, Arc::new(move || Box::pin(std::future::ready(Ok(after.clone())))))))
}

/// What became of a list of rules.
#[derive(Default)]
struct Kept {
    judged: usize,
    refused: usize,
    held: Vec<String>,
    wildcards: bool,
    too_many: bool,
}

async fn rules(admitted: &Admitted, trail: &mut Trail, namespace: &str, answer: &mut Value) {
    let mut kept = Kept::default();
    let resources = resource_rules(admitted, namespace, list(&answer["status"]["resourceRules"]), &mut kept).await;
    let paths = path_rules(admitted, list(&answer["status"]["nonResourceRules"]), &mut kept).await;
    answer["status"]["resourceRules"] = resources.into();
    answer["status"]["nonResourceRules"] = paths.into();
    if let Some(note) = note(&kept) {
        trail.message(note.clone());
        let said = answer["status"]["evaluationError"].as_str().filter(|said| !said.is_empty());
        answer["status"]["evaluationError"] = said.map_or_else(|| note.clone(), |said| format!("{said}; {note}")).into();
        answer["status"]["incomplete"] = true.into();
    }
}

/// One rule each for what is allowed of a rule; the rule as it is when all of it is.
async fn resource_rules(admitted: &Admitted, namespace: &str, rules: Vec<Value>, kept: &mut Kept) -> Vec<Value> {
    let mut out = Vec::new();
    for rule in rules {
        let [verbs, groups, resources, names] = ["verbs", "apiGroups", "resources", "resourceNames"].map(|key| texts(&rule[key]));
        let wild = |texts: &[String]| texts.iter().any(|text| text.contains('*'));
        if wild(&groups) || wild(&resources) {
            kept.wildcards = true;
            out.push(rule);
            continue;
        }
        let verbs = if wild(&verbs) { VERBS.map(str::to_owned).to_vec() } else { verbs };
        let names = if names.is_empty() { vec![String::new()] } else { names };
        let mut parts = Vec::new();
        let mut whole = true;
        for (group, resource, name) in combinations(&groups, &resources, &names) {
            let mut allowed = Vec::new();
            for verb in &verbs {
                let attributes = ResourceAttributes { namespace, verb, group, resource, name, ..ResourceAttributes::default() };
                if is_allowed(admitted, access::resource_requests(&attributes), kept).await {
                    allowed.push(verb.as_str());
                }
            }
            whole &= allowed.len() == verbs.len();
            if !allowed.is_empty() {
                let mut part = json!({ "verbs": allowed, "apiGroups": [group], "resources": [resource] });
                if !name.is_empty() {
                    part["resourceNames"] = json!([name]);
                }
                parts.push(part);
            }
        }
        if whole { out.push(rule) } else { out.extend(parts) }
    }
    out
}

async fn path_rules(admitted: &Admitted, rules: Vec<Value>, kept: &mut Kept) -> Vec<Value> {
    let mut out = Vec::new();
    for rule in rules {
        let [verbs, paths] = ["verbs", "nonResourceURLs"].map(|key| texts(&rule[key]));
        if paths.iter().any(|path| path.contains('*')) {
            kept.wildcards = true;
        }
        let mut parts = Vec::new();
        let mut whole = true;
        for path in paths {
            let mut allowed = Vec::new();
            for verb in &verbs {
                if path.contains('*') || is_allowed(admitted, access::path_requests(verb, &path), kept).await {
                    allowed.push(verb.as_str());
                }
            }
            whole &= allowed.len() == verbs.len();
            if !allowed.is_empty() {
                parts.push(json!({ "verbs": allowed, "nonResourceURLs": [path] }));
            }
        }
        if whole { out.push(rule) } else { out.extend(parts) }
    }
    out
}

/// Whether the policies allow all of these; counts what they do not.
async fn is_allowed(admitted: &Admitted, supposed: Result<Vec<Supposed>, Refusal>, kept: &mut Kept) -> bool {
    let Ok(supposed) = supposed else {
        kept.refused += 1;
        return false;
    };
    for one in &supposed {
        kept.judged += 1;
        if kept.judged > COMBINATIONS {
            kept.too_many = true;
            return false;
        }
        match word(admitted, one).await {
            Word::Yes => {}
            Word::Held(_) => {
                kept.held.push(shown(one));
                return false;
            }
            Word::No(_) => {
                kept.refused += 1;
                return false;
            }
        }
    }
    true
}

fn shown(supposed: &Supposed) -> String {
    let request = &supposed.request;
    let subresource = request.subresource.as_ref().map(|sub| format!("/{sub}")).unwrap_or_default();
    let group = if request.group.is_empty() { String::new() } else { format!(".{}", request.group) };
    match request.verb {
        Verb::Http(_) => format!("{} {}", request.verb, request.path),
        verb => format!("{verb} {}{subresource}{group}", request.resource),
    }
}

/// What a reader of the list has to know. Nothing when the policies allow all that RBAC does.
fn note(kept: &Kept) -> Option<String> {
    /// Held ones that are named.
    const NAMED: usize = 12;
    let mut parts = Vec::new();
    if kept.refused > 0 {
        parts.push(format!("the gateway's policies refuse {} of what RBAC allows", kept.refused));
    }
    if !kept.held.is_empty() {
        let more = kept.held.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<&str> = kept.held.iter().take(NAMED).map(String::as_str).collect();
        parts.push(format!("the gateway holds for a person's approval: {}{more}", named.join(", ")));
    }
    if kept.wildcards {
        parts.push("of what a `*` stands for, the gateway's policies judge each request: ask with `kubectl auth can-i VERB RESOURCE`".to_owned());
    }
    if kept.too_many {
        parts.push(format!("rules beyond {COMBINATIONS} combinations are left out"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn combinations<'a>(groups: &'a [String], resources: &'a [String], names: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    groups.iter().flat_map(move |group| {
        resources.iter().flat_map(move |resource| names.iter().map(move |name| (group.as_str(), resource.as_str(), name.as_str())))
    })
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The refusal of an answer that is no review.
pub fn unreadable() -> Refusal {
    Refusal::new(
        502,
        Cause::UpstreamUnavailable,
        "response",
        "the cluster's answer to the access review cannot be read, so the policies' word cannot be added; try again",
    )
}

#[cfg(test)]
mod tests;
