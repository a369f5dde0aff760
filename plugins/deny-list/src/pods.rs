//! What a pod specification lets a container do.
//!
//! The list is the baseline of the Pod Security Standards (kubernetes.io/docs/concepts/security/pod-security-standards), as Kubernetes
//! 1.37 reads it, and its restricted level in [`restricted`]. Kubernetes' own examples of both are among the tests.

use std::collections::BTreeMap;

use portcullis_sdk::{Body, Request};
use portcullis_sdk::workload::{pod_spec_pointer, touches_pod_spec};
use serde_json::{Value, json};

mod restricted;

/// Capabilities that a container may add: those that it has by default.
const USUAL: [&str; 13] = [
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
    "SYS_CHROOT",
];

/// Sysctls that concern the pod alone.
const SAFE_SYSCTLS: [&str; 14] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
];

/// What takes a pod that this write makes or changes out of its sandbox.
pub fn privileged(request: &Request<'_>) -> Result<Option<String>, String> {
    Ok(containers_after(request, privilege)?.or(unconfined(request)?))
}

/// What keeps a pod that this write makes or changes from the restricted level.
pub fn not_restricted(request: &Request<'_>) -> Result<Option<String>, String> {
    let privileged = privileged(request)?;
    if privileged.is_some() {
        return Ok(privileged);
    }
    if !debugs(request) {
        return spec(request, restricted::beyond);
    }
    // What the pod says for all its containers counts for the new one too.
    request.after_write(|pod| {
        let keys = ["securityContext", "os", "hostUsers", "ephemeralContainers"];
        let spec: Value = keys.iter().map(|key| ((*key).to_owned(), pod.get::<Value>(&format!("/spec/{key}")).unwrap_or_default())).collect();
        restricted::beyond(&spec)
    })
}

/// Whether it adds a container to a pod that runs.
fn debugs(request: &Request<'_>) -> bool {
    request.group().is_empty()
        && request.resource() == "pods"
        && request.subresource() == Some("ephemeralcontainers")
        && matches!(request.verb(), "update" | "patch")
}

/// Looks at the specification that a write leaves; at the new container alone when one is added to a pod that runs.
pub fn containers_after(request: &Request<'_>, find: impl Fn(&Value) -> Option<String>) -> Result<Option<String>, String> {
    if debugs(request) {
        // The other containers were judged when the pod was made, and those that were added before cannot be changed: what
        // is new is in the body, unless that is a JSON patch.
        let added = |pod: &Body<'_>| find(&json!({ "ephemeralContainers": pod.get::<Value>("/spec/ephemeralContainers")? }));
        return if request.body().has("/0") { request.after_write(added) } else { Ok(added(request.body())) };
    }
    spec(request, find)
}

/// Which secret a pod that this write makes or changes gets.
pub fn with_secrets(request: &Request<'_>) -> Result<Option<String>, String> {
    containers_after(request, secret)
}

/// Which node is chosen for the pod, past the scheduler.
pub fn on_a_chosen_node(request: &Request<'_>) -> Result<Option<String>, String> {
    // A pod that is there has a node and keeps it, so only what makes one counts.
    let pod = request.is("", "pods");
    if pod && (request.verb() == "update" || !request.body().has("/spec/nodeName")) {
        return Ok(None);
    }
    spec(request, |spec| {
        let node = spec["nodeName"].as_str().filter(|node| !node.is_empty())?;
        Some(format!("the pod goes to the node `{node}`, whatever the scheduler and the node's taints say (nodeName)"))
    })
}

fn spec(request: &Request<'_>, find: impl Fn(&Value) -> Option<String>) -> Result<Option<String>, String> {
    let Some(pointer) = touches_pod_spec(request) else {
        return Ok(None);
    };
    request.after_write(|object| object.get::<Value>(pointer).as_ref().and_then(find))
}

/// The annotation that was AppArmor's field before there was one, and still becomes it.
fn unconfined(request: &Request<'_>) -> Result<Option<String>, String> {
    let Some(template) = pod_spec_pointer(request.group(), request.resource()).and_then(|spec| spec.strip_suffix("/spec")) else {
        return Ok(None);
    };
    let pointer = format!("{template}/metadata/annotations");
    if !request.may_write(&pointer) {
        return Ok(None);
    }
    request.after_write(|object| {
        let annotations: BTreeMap<String, Value> = object.get(&pointer)?;
        let found = annotations.iter().find(|(key, value)| {
            let profile = value.as_str().unwrap_or_default();
            let usual = profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/");
            key.starts_with("container.apparmor.security.beta.kubernetes.io/") && !usual
        })?;
        Some(format!("the annotation `{}` takes AppArmor away", found.0))
    })
}

/// What takes the pod out of its sandbox, when something does.
fn privilege(spec: &Value) -> Option<String> {
    for (key, what) in
        [("hostNetwork", "uses the node's network"), ("hostPID", "sees the node's processes"), ("hostIPC", "shares the node's memory")]
    {
        if on(spec, key) {
            return Some(format!("the pod {what} ({key})"));
        }
    }
    if let Some(volume) = list(spec, "volumes").find(|volume| has(volume, "hostPath")) {
        return Some(format!("the volume `{}` is a folder of the node (hostPath)", name(volume)));
    }
    if let Some(volume) = list(spec, "volumes").find(|volume| has(volume, "gitRepo")) {
        return Some(format!("the volume `{}` makes the node run git on what a stranger wrote (gitRepo, CVE-2024-10220)", name(volume)));
    }
    let context = &spec["securityContext"];
    unsafe_context(context, "the pod").or_else(|| containers(spec).find_map(|one| container(one, has_own_users(spec))))
}

/// Whether the pod's users are not the node's: root in it is nobody outside, and /proc shows only its own.
fn has_own_users(spec: &Value) -> bool {
    spec["hostUsers"] == Value::Bool(false)
}

fn container(container: &Value, own_users: bool) -> Option<String> {
    let who = format!("the container `{}`", name(container));
    let context = &container["securityContext"];
    if on(context, "privileged") {
        return Some(format!("{who} is privileged"));
    }
    if let Some(added) = list(&context["capabilities"], "add").find_map(|added| {
        let capability = added.as_str().unwrap_or_default();
        (!USUAL.contains(&capability)).then_some(capability)
    }) {
        return Some(format!("{who} adds the capability `{added}`"));
    }
    if !own_users && context["procMount"].as_str().is_some_and(|mount| mount != "Default") {
        return Some(format!("{who} sees an unmasked /proc (procMount)"));
    }
    if list(container, "ports").any(|port| port["hostPort"].as_u64().is_some_and(|port| port != 0)) {
        return Some(format!("{who} listens on the node's address (hostPort)"));
    }
    for (owner, handlers) in [(container, &["livenessProbe", "readinessProbe", "startupProbe"][..]), (&container["lifecycle"], &["postStart", "preStop"])] {
        for handler in handlers {
            if let Some(host) = ["httpGet", "tcpSocket"].iter().find_map(|kind| owner[*handler][*kind]["host"].as_str()).filter(|host| !host.is_empty()) {
                return Some(format!("{who} makes the node call `{host}` ({handler})"));
            }
        }
    }
    unsafe_context(context, &who)
}

/// What a pod's and a container's security context have in common.
fn unsafe_context(context: &Value, who: &str) -> Option<String> {
    if on(&context["windowsOptions"], "hostProcess") {
        return Some(format!("{who} runs on the node itself (hostProcess)"));
    }
    for key in ["seccompProfile", "appArmorProfile"] {
        if context[key]["type"].as_str() == Some("Unconfined") {
            return Some(format!("{who} is unconfined ({key})"));
        }
    }
    if let Some(sysctl) = list(context, "sysctls").find(|sysctl| !SAFE_SYSCTLS.contains(&name(sysctl))) {
        return Some(format!("{who} sets the sysctl `{}`", name(sysctl)));
    }
    let selinux = &context["seLinuxOptions"];
    let usual = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t", ""];
    let chosen = |key: &str| selinux[key].as_str().is_some_and(|value| !value.is_empty());
    if selinux["type"].as_str().is_some_and(|kind| !usual.contains(&kind)) || chosen("user") || chosen("role") {
        return Some(format!("{who} chooses its SELinux context (seLinuxOptions)"));
    }
    None
}

/// Which secret the pod gets, when it gets one.
fn secret(spec: &Value) -> Option<String> {
    let account = ["serviceAccountName", "serviceAccount"].iter().filter_map(|key| spec[*key].as_str()).find(|account| !account.is_empty() && *account != "default");
    if let Some(account) = account
        && spec["automountServiceAccountToken"] != Value::Bool(false)
    {
        return Some(format!("the pod gets the token of the service account `{account}`"));
    }
    for volume in list(spec, "volumes") {
        for source in list(&volume["projected"], "sources") {
            // The API server itself adds the default account's token, for nobody else's audience, under this name.
            let added = account.is_none() && name(volume).starts_with("kube-api-access-") && !has(&source["serviceAccountToken"], "audience");
            if has(source, "serviceAccountToken") && !added {
                return Some(format!("the volume `{}` holds a service account's token", name(volume)));
            }
            if has(source, "podCertificate") {
                return Some(format!("the volume `{}` holds a certificate that proves an identity (podCertificate)", name(volume)));
            }
            if let Some(secret) = source["secret"]["name"].as_str() {
                return Some(format!("the volume `{}` holds the Secret `{secret}`", name(volume)));
            }
        }
        if volume["csi"]["driver"] == "secrets-store.csi.k8s.io" {
            return Some(format!("the volume `{}` holds what a store of secrets gives (csi)", name(volume)));
        }
        // `secret`, and the drivers that are handed one: each has its own field, all of them named alike.
        let sources = volume.as_object().into_iter().flatten().map(|(_, source)| source);
        let secret = sources.flat_map(|source| [&source["secretName"], &source["secretRef"]["name"], &source["nodePublishSecretRef"]["name"]]);
        if let Some(secret) = secret.filter_map(Value::as_str).find(|secret| !secret.is_empty()) {
            return Some(format!("the volume `{}` uses the Secret `{secret}`", name(volume)));
        }
    }
    containers(spec).find_map(|container| {
        let from = list(container, "envFrom").map(|source| &source["secretRef"]);
        let keys = list(container, "env").map(|variable| &variable["valueFrom"]["secretKeyRef"]);
        let secret = from.chain(keys).find_map(|reference| reference["name"].as_str())?;
        Some(format!("the container `{}` gets the Secret `{secret}` in its environment", name(container)))
    })
}

/// All containers of a specification: those that run before the others, the others, and those for debugging.
pub fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|key| list(spec, key))
}

/// The elements of a list that may not be there.
pub fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn on(value: &Value, key: &str) -> bool {
    value[key].as_bool().unwrap_or(false)
}

fn has(value: &Value, key: &str) -> bool {
    value.get(key).is_some_and(|value| !value.is_null())
}

/// What a container or a volume is called.
pub fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod with_go_modules;
