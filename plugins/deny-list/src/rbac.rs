//! Which roles and bindings give more than an agent may give.
//!
//! Kubernetes itself lets nobody give rights that they do not have, unless they hold `escalate` or `bind`. The gateway's own credential
//! often holds everything, so that protection is gone behind it and has to be here.

use portcullis_sdk::Request;
use serde_json::Value;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Groups whose objects see or steer the requests of others.
const STEERING: [&str; 3] = ["admissionregistration.k8s.io", "apiregistration.k8s.io", "certificates.k8s.io"];

/// What the write would give, when it is too much.
pub fn escalation(request: &Request<'_>) -> Result<Option<String>, String> {
    if request.group() != GROUP || request.subresource().is_some() || !matches!(request.verb(), "create" | "update" | "patch") {
        return Ok(None);
    }
    match request.resource() {
        "clusterrolebindings" => Ok(Some("a ClusterRoleBinding gives rights in the whole cluster".to_owned())),
        "rolebindings" => request.after_write(|binding| {
            let role: Value = binding.get("/roleRef").unwrap_or_default();
            let subjects: Vec<Value> = binding.get("/subjects").unwrap_or_default();
            powerful(&role).or_else(|| subjects.iter().find_map(everybody))
        }),
        kind @ ("roles" | "clusterroles") => request.after_write(|role| {
            if kind == "clusterroles"
                && let Some(into) = gathered(&role.get("/metadata/labels").unwrap_or_default())
            {
                return Some(format!("its rules become part of Kubernetes' own role `{into}` (aggregate-to-{into})"));
            }
            if role.has("/aggregationRule/clusterRoleSelectors/0") {
                return Some("the role gathers the rights of other roles (aggregationRule)".to_owned());
            }
            let rules: Vec<Value> = role.get("/rules").unwrap_or_default();
            rules.iter().find_map(too_much)
        }),
        _ => Ok(None),
    }
}

/// Which of Kubernetes' own roles gathers the rules of a role with these labels.
fn gathered(labels: &Value) -> Option<&str> {
    let labels = labels.as_object().into_iter().flatten().filter(|(_, value)| *value == "true");
    labels.filter_map(|(key, _)| key.strip_prefix("rbac.authorization.k8s.io/aggregate-to-")).next()
}

fn powerful(role: &Value) -> Option<String> {
    let name = text(&role["name"]);
    let strong = matches!(name, "cluster-admin" | "admin" | "edit") || name.starts_with("system:");
    (role["kind"] == "ClusterRole" && strong).then(|| format!("it binds Kubernetes' own role `{name}`"))
}

fn everybody(subject: &Value) -> Option<String> {
    let name = text(&subject["name"]);
    (matches!(text(&subject["kind"]), "Group" | "User") && name.starts_with("system:")).then(|| format!("it gives rights to `{name}`"))
}

fn too_much(rule: &Value) -> Option<String> {
    let star = |key: &str| list(rule, key).any(|one| one == "*");
    if star("verbs") || star("apiGroups") || star("resources") || list(rule, "nonResourceURLs").any(|path| path.contains('*')) {
        return Some("the role has a rule with `*`, which gives what nobody listed".to_owned());
    }
    if let Some(verb) = list(rule, "verbs").find(|verb| matches!(*verb, "escalate" | "bind") || verb.starts_with("impersonate")) {
        return Some(format!("the role gives the verb `{verb}`, and with it the rights of others"));
    }
    if list(rule, "apiGroups").any(|group| group == GROUP) && list(rule, "verbs").any(changes) {
        return Some("the role lets its holder change roles and bindings".to_owned());
    }
    if let Some(verb) = list(rule, "verbs").find(|verb| matches!(*verb, "approve" | "sign" | "attest")) {
        return Some(format!("the role gives the verb `{verb}`, and with it certificates that are identities"));
    }
    if let Some(group) = list(rule, "apiGroups").find(|group| STEERING.contains(group))
        && list(rule, "verbs").any(changes)
    {
        return Some(format!("the role lets its holder change what sees or steers every request (`{group}`)"));
    }
    // A volume may be any folder of a node, and a namespace says by its labels what its pods may do.
    if let Some(resource) = list(rule, "resources").find(|resource| matches!(*resource, "persistentvolumes" | "namespaces" | "nodes"))
        && list(rule, "apiGroups").any(str::is_empty)
        && list(rule, "verbs").any(changes)
    {
        return Some(format!("the role lets its holder change `{resource}`, on which the limits of pods rest"));
    }
    let resource = list(rule, "resources").find(|resource| {
        let sub = resource.split_once('/').map(|(_, sub)| sub);
        *resource == "secrets" || matches!(sub, Some("exec" | "attach" | "ephemeralcontainers" | "proxy" | "token" | "approval" | "*"))
    })?;
    Some(format!("the role gives access to `{resource}`, which goes round the gateway"))
}

fn list<'a>(rule: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    rule[key].as_array().into_iter().flatten().map(text)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn changes(verb: &str) -> bool {
    !matches!(verb, "get" | "list" | "watch")
}

#[cfg(test)]
mod tests;
