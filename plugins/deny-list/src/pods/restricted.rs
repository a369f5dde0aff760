//! What the restricted level of the Pod Security Standards asks beyond the baseline.

use serde_json::Value;

use super::{containers, has, has_own_users, list, name};

/// Kinds of volume that a restricted pod may have.
const VOLUMES: [&str; 9] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"];

/// The first thing that a specification within the baseline may not have here.
pub fn beyond(spec: &Value) -> Option<String> {
    volumes(spec).or_else(|| {
        let windows = spec["os"]["name"] == "windows";
        let pod = &spec["securityContext"];
        containers(spec).find_map(|container| {
            let who = format!("the container `{}`", name(container));
            let context = &container["securityContext"];
            // Windows has neither: the API server refuses such a pod that sets them.
            let linux = if windows { None } else { escalation(context, &who).or_else(|| seccomp(pod, context, &who)) };
            linux.or_else(|| proc_mount(context, &who)).or_else(|| root(spec, pod, context, &who))
        })
    })
}

fn volumes(spec: &Value) -> Option<String> {
    let strange = |volume: &Value| {
        let sources = volume.as_object()?.iter().filter(|(key, source)| *key != "name" && !source.is_null());
        sources.map(|(key, _)| key.clone()).find(|key| !VOLUMES.contains(&key.as_str()))
    };
    list(spec, "volumes").find_map(|volume| {
        let kind = strange(volume)?;
        Some(format!("the volume `{}` is of a kind that a restricted pod may not have ({kind})", name(volume)))
    })
}

fn escalation(context: &Value, who: &str) -> Option<String> {
    if context["allowPrivilegeEscalation"] != Value::Bool(false) {
        return Some(format!("{who} may gain rights (allowPrivilegeEscalation is not false)"));
    }
    let capabilities = &context["capabilities"];
    if !list(capabilities, "drop").any(|one| one == "ALL") {
        return Some(format!("{who} keeps capabilities (capabilities.drop has no ALL)"));
    }
    let added = list(capabilities, "add").find(|one| *one != "NET_BIND_SERVICE")?;
    Some(format!("{who} adds the capability `{}`", added.as_str().unwrap_or_default()))
}

fn seccomp(pod: &Value, context: &Value, who: &str) -> Option<String> {
    let good = |context: &Value| matches!(context["seccompProfile"]["type"].as_str(), Some("RuntimeDefault" | "Localhost"));
    let filtered = if has(context, "seccompProfile") { good(context) } else { good(pod) };
    (!filtered).then(|| format!("{who} may make any system call (seccompProfile is neither RuntimeDefault nor Localhost)"))
}

fn proc_mount(context: &Value, who: &str) -> Option<String> {
    let unmasked = context["procMount"].as_str().is_some_and(|mount| mount != "Default");
    unmasked.then(|| format!("{who} sees an unmasked /proc (procMount)"))
}

fn root(spec: &Value, pod: &Value, context: &Value, who: &str) -> Option<String> {
    if has_own_users(spec) {
        return None;
    }
    // The pod's word holds where the container says nothing, and a bad one also where it does.
    let says = |key: &str| if has(context, key) { &context[key] } else { &pod[key] };
    if pod["runAsNonRoot"] == Value::Bool(false) || *says("runAsNonRoot") != Value::Bool(true) {
        return Some(format!("{who} may run as root (runAsNonRoot is not true)"));
    }
    let zero = |context: &Value| context["runAsUser"].as_u64() == Some(0);
    (zero(pod) || zero(context)).then(|| format!("{who} runs as root (runAsUser is 0)"))
}
