//! What stands in the cells.

use crate::clock;
use serde_json::{Value, json};

/// The elements of a list; none when it is absent.
pub(super) fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// The entries of a map.
pub(super) fn count(map: &Value) -> usize {
    map.as_object().map_or(0, serde_json::Map::len)
}

/// Text without quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn text(value: &Value) -> Value {
    json!(plain(value))
}

pub(super) fn or_none(value: &Value) -> Value {
    let text = plain(value);
    json!(if text.is_empty() {
        "<none>".to_owned()
    } else {
        text
    })
}

pub(super) fn joined_or_empty(parts: impl Iterator<Item = String>) -> Value {
    json!(parts.collect::<Vec<_>>().join(","))
}

pub(super) fn joined(parts: impl Iterator<Item = String>) -> Value {
    or_none(&joined_or_empty(parts))
}

/// How long ago, as kubectl says it.
pub(super) fn since(time: &Value) -> Value {
    json!(
        time.as_str()
            .and_then(clock::age_of)
            .map_or("<unknown>".to_owned(), clock::human)
    )
}

pub(super) fn labels(map: &Value) -> Value {
    joined(
        map.as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={}", plain(value))),
    )
}

/// A field of each container of a pod, or of a workload's template.
pub(super) fn containers(object: &Value, field: &str) -> Value {
    joined_or_empty(
        items(&object["spec"]["template"]["spec"]["containers"])
            .iter()
            .map(|it| plain(&it[field])),
    )
}

pub(super) fn ready_containers(pod: &Value) -> usize {
    items(&pod["status"]["containerStatuses"])
        .iter()
        .filter(|it| it["ready"] == true)
        .count()
}

pub(super) fn restarts(pod: &Value) -> i64 {
    items(&pod["status"]["containerStatuses"])
        .iter()
        .map(|it| number(&it["restartCount"]))
        .fold(0, i64::saturating_add)
}

/// The `STATUS` of a pod: the most telling reason, or the phase.
pub(super) fn pod_status(pod: &Value) -> String {
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return "Terminating".to_owned();
    }
    let state = |it: &Value| {
        let reason = it["state"]["waiting"]["reason"]
            .as_str()
            .or(it["state"]["terminated"]["reason"].as_str());
        reason.map(str::to_owned)
    };
    let reason = pod["status"]["reason"].as_str().map(str::to_owned);
    items(&pod["status"]["containerStatuses"])
        .iter()
        .find_map(state)
        .or(reason)
        .unwrap_or_else(|| plain(&pod["status"]["phase"]))
}

pub(super) fn service_ports(service: &Value) -> Value {
    joined(items(&service["spec"]["ports"]).iter().map(|port| {
        let node = port["nodePort"]
            .as_i64()
            .map(|it| format!(":{it}"))
            .unwrap_or_default();
        format!(
            "{}{node}/{}",
            plain(&port["port"]),
            port["protocol"].as_str().unwrap_or("TCP")
        )
    }))
}

pub(super) fn node_status(node: &Value) -> Value {
    let ready = items(&node["status"]["conditions"])
        .iter()
        .any(|it| it["type"] == "Ready" && it["status"] == "True");
    let cordoned = if node["spec"]["unschedulable"] == true {
        ",SchedulingDisabled"
    } else {
        ""
    };
    json!(format!(
        "{}{cordoned}",
        if ready { "Ready" } else { "NotReady" }
    ))
}

pub(super) fn node_roles(node: &Value) -> Value {
    let keys = node["metadata"]["labels"].as_object().into_iter().flatten();
    joined(keys.filter_map(|(key, _)| {
        key.strip_prefix("node-role.kubernetes.io/")
            .map(str::to_owned)
    }))
}

pub(super) fn address(node: &Value, kind: &str) -> Value {
    let found = items(&node["status"]["addresses"])
        .iter()
        .find(|it| it["type"] == kind);
    or_none(found.map_or(&Value::Null, |it| &it["address"]))
}

pub(super) fn event_object(event: &Value) -> Value {
    let involved = &event["involvedObject"];
    json!(format!(
        "{}/{}",
        plain(&involved["kind"]).to_lowercase(),
        plain(&involved["name"])
    ))
}

pub(super) fn job_status(job: &Value) -> Value {
    let holds = |kind: &str| {
        items(&job["status"]["conditions"])
            .iter()
            .any(|it| it["type"] == kind && it["status"] == "True")
    };
    json!(if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if job["spec"]["suspend"] == true {
        "Suspended"
    } else {
        "Running"
    })
}

pub(super) fn job_duration(job: &Value) -> Value {
    let age = |field: &str| job["status"][field].as_str().and_then(clock::age_of);
    json!(match (age("startTime"), age("completionTime")) {
        (Some(started), done) => clock::human(started - done.unwrap_or(0)),
        (None, _) => String::new(),
    })
}

pub(super) fn endpoints(object: &Value) -> Value {
    joined(items(&object["subsets"]).iter().flat_map(|subset| {
        let ports = items(&subset["ports"]);
        items(&subset["addresses"]).iter().flat_map(move |address| {
            ports
                .iter()
                .map(move |port| format!("{}:{}", plain(&address["ip"]), plain(&port["port"])))
        })
    }))
}

pub(super) fn access_modes(object: &Value) -> Value {
    joined_or_empty(items(&object["spec"]["accessModes"]).iter().map(|mode| {
        match mode.as_str().unwrap_or_default() {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            other => other,
        }
        .to_owned()
    }))
}

pub(super) fn subjects(binding: &Value, kind: &str) -> Value {
    let of_kind = items(&binding["subjects"])
        .iter()
        .filter(|it| it["kind"] == kind);
    joined_or_empty(of_kind.map(|it| match it["namespace"].as_str() {
        Some(namespace) if kind == "ServiceAccount" => {
            format!("{namespace}/{}", plain(&it["name"]))
        }
        _ => plain(&it["name"]),
    }))
}
