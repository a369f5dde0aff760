//! What a pod specification lets a container do.
//!
//! The list is the baseline of the Pod Security Standards (kubernetes.io/docs/concepts/security/pod-security-standards).

use serde_json::Value;

/// Capabilities that a container may add: those that it has by default.
const USUAL: [&str; 13] = [
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
    "SYS_CHROOT",
];

/// Sysctls that concern the pod alone.
const SAFE_SYSCTLS: [&str; 10] = [
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
];

/// What takes the pod out of its sandbox, when something does.
pub fn privilege(spec: &Value) -> Option<String> {
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
    let context = &spec["securityContext"];
    unsafe_context(context, "the pod").or_else(|| containers(spec).find_map(container))
}

fn container(container: &Value) -> Option<String> {
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
    if context["procMount"].as_str().is_some_and(|mount| mount != "Default") {
        return Some(format!("{who} sees an unmasked /proc (procMount)"));
    }
    if list(container, "ports").any(|port| port["hostPort"].as_u64().is_some_and(|port| port != 0)) {
        return Some(format!("{who} listens on the node's address (hostPort)"));
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
    if selinux["type"].as_str().is_some_and(|kind| !usual.contains(&kind)) || has(selinux, "user") || has(selinux, "role") {
        return Some(format!("{who} chooses its SELinux context (seLinuxOptions)"));
    }
    None
}

/// Which secret the pod gets, when it gets one.
pub fn secret(spec: &Value) -> Option<String> {
    for key in ["serviceAccountName", "serviceAccount"] {
        let account = spec[key].as_str().unwrap_or_default();
        if !account.is_empty() && account != "default" && spec["automountServiceAccountToken"] != Value::Bool(false) {
            return Some(format!("the pod gets the token of the service account `{account}`"));
        }
    }
    for volume in list(spec, "volumes") {
        if let Some(secret) = volume["secret"]["secretName"].as_str() {
            return Some(format!("the volume `{}` is the Secret `{secret}`", name(volume)));
        }
        for source in list(&volume["projected"], "sources") {
            if let Some(secret) = source["secret"]["name"].as_str() {
                return Some(format!("the volume `{}` holds the Secret `{secret}`", name(volume)));
            }
            // The API server itself adds the default token, for nobody else's audience, under this name.
            let added = name(volume).starts_with("kube-api-access-") && !has(&source["serviceAccountToken"], "audience");
            if has(source, "serviceAccountToken") && !added {
                return Some(format!("the volume `{}` holds a service account's token", name(volume)));
            }
        }
        if let Some(secret) = volume["csi"]["nodePublishSecretRef"]["name"].as_str() {
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

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|key| list(spec, key))
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn on(value: &Value, key: &str) -> bool {
    value[key].as_bool().unwrap_or(false)
}

fn has(value: &Value, key: &str) -> bool {
    value.get(key).is_some_and(|value| !value.is_null())
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
