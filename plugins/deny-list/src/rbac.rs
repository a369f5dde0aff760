//! Which roles and bindings give more than an agent may give.
//!
//! Kubernetes itself lets nobody give rights that they do not have, unless they hold `escalate` or `bind`. The gateway's own credential
//! often holds everything, so that protection is gone behind it and has to be here.

use portcullis_sdk::Request;
use serde::Deserialize;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A rule of a role, as Kubernetes writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicyRule {
    verbs: Vec<String>,
    #[serde(rename = "apiGroups")]
    groups: Vec<String>,
    resources: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    paths: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: String,
    name: String,
}

/// What the write would give, when it is too much.
pub fn escalation(request: &Request<'_>) -> Result<Option<String>, String> {
    if request.group() != GROUP || request.subresource().is_some() || !matches!(request.verb(), "create" | "update" | "patch") {
        return Ok(None);
    }
    match request.resource() {
        "clusterrolebindings" => Ok(Some("a ClusterRoleBinding gives rights in the whole cluster".to_owned())),
        "rolebindings" => request.after_write(|binding| {
            let role: Reference = binding.get("/roleRef").unwrap_or_default();
            let subjects: Vec<Reference> = binding.get("/subjects").unwrap_or_default();
            powerful(&role).or_else(|| subjects.iter().find_map(everybody))
        }),
        "roles" | "clusterroles" => request.after_write(|role| {
            if role.has("/aggregationRule/clusterRoleSelectors/0") {
                return Some("the role gathers the rights of other roles (aggregationRule)".to_owned());
            }
            let rules: Vec<PolicyRule> = role.get("/rules").unwrap_or_default();
            rules.iter().find_map(too_much)
        }),
        _ => Ok(None),
    }
}

fn powerful(role: &Reference) -> Option<String> {
    let strong = matches!(role.name.as_str(), "cluster-admin" | "admin" | "edit") || role.name.starts_with("system:");
    (role.kind == "ClusterRole" && strong).then(|| format!("it binds Kubernetes' own role `{}`", role.name))
}

fn everybody(subject: &Reference) -> Option<String> {
    (matches!(subject.kind.as_str(), "Group" | "User") && subject.name.starts_with("system:"))
        .then(|| format!("it gives rights to `{}`", subject.name))
}

fn too_much(rule: &PolicyRule) -> Option<String> {
    let star = |list: &[String]| list.iter().any(|one| one == "*");
    if star(&rule.verbs) || star(&rule.groups) || star(&rule.resources) || rule.paths.iter().any(|path| path.contains('*')) {
        return Some("the role has a rule with `*`, which gives what nobody listed".to_owned());
    }
    if let Some(verb) = rule.verbs.iter().find(|verb| matches!(verb.as_str(), "escalate" | "bind") || verb.starts_with("impersonate")) {
        return Some(format!("the role gives the verb `{verb}`, and with it the rights of others"));
    }
    if rule.groups.iter().any(|group| group == GROUP) && rule.verbs.iter().any(|verb| changes(verb)) {
        return Some("the role lets its holder change roles and bindings".to_owned());
    }
    let resource = rule.resources.iter().find(|resource| {
        let sub = resource.split_once('/').map(|(_, sub)| sub);
        resource.as_str() == "secrets" || matches!(sub, Some("exec" | "attach" | "ephemeralcontainers" | "proxy" | "token" | "approval" | "*"))
    })?;
    Some(format!("the role gives access to `{resource}`, which goes round the gateway"))
}

fn changes(verb: &str) -> bool {
    !matches!(verb, "get" | "list" | "watch")
}

#[cfg(test)]
mod tests;
