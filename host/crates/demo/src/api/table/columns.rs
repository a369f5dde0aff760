//! The columns of each resource, after `k8s.io/kubernetes/pkg/printers/internalversion/printers.go`.

use super::{super::resources::Resource, cells::*};
use serde_json::{Value, json};

/// One column: its heading, whether only `-o wide` shows it, and how to fill it.
#[derive(Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    wide: bool,
    pub(super) cell: fn(&Value) -> Value,
}

impl Column {
    /// Its `TableColumnDefinition`.
    pub(super) fn definition(&self) -> Value {
        let format = if self.name == "Name" { "name" } else { "" };
        json!({"name": self.name, "type": "string", "format": format, "description": self.name, "priority": i32::from(self.wide)})
    }
}

const fn column(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column {
        name,
        wide: false,
        cell,
    }
}

const fn wide(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column {
        name,
        wide: true,
        cell,
    }
}

const NAME: Column = column("Name", |o| o["metadata"]["name"].clone());
const AGE: Column = column("Age", |o| since(&o["metadata"]["creationTimestamp"]));
const DATA: Column = column("Data", |o| {
    json!(count(&o["data"]) + count(&o["binaryData"]))
});
const CONTAINERS: Column = wide("Containers", |o| containers(o, "name"));
const IMAGES: Column = wide("Images", |o| containers(o, "image"));
const SELECTOR: Column = wide("Selector", |o| {
    labels(&o["spec"]["selector"]["matchLabels"])
});
const CREATED: Column = column("Created At", |o| {
    or_none(&o["metadata"]["creationTimestamp"])
});

/// The columns of `resource`; name and age for those that need no more.
pub(super) fn columns(resource: &Resource) -> &'static [Column] {
    match resource.plural {
        "pods" => PODS,
        "deployments" => DEPLOYMENTS,
        "replicasets" | "replicationcontrollers" => REPLICA_SETS,
        "statefulsets" => STATEFUL_SETS,
        "daemonsets" => DAEMON_SETS,
        "services" => SERVICES,
        "secrets" => SECRETS,
        "configmaps" => CONFIG_MAPS,
        "namespaces" => NAMESPACES,
        "nodes" => NODES,
        "events" => EVENTS,
        "jobs" => JOBS,
        "cronjobs" => CRON_JOBS,
        "serviceaccounts" => SERVICE_ACCOUNTS,
        "endpoints" => ENDPOINTS,
        "endpointslices" => ENDPOINT_SLICES,
        "ingresses" => INGRESSES,
        "networkpolicies" => NETWORK_POLICIES,
        "persistentvolumes" => VOLUMES,
        "persistentvolumeclaims" => CLAIMS,
        "roles" | "clusterroles" => ROLES,
        "rolebindings" | "clusterrolebindings" => BINDINGS,
        "storageclasses" => STORAGE_CLASSES,
        "horizontalpodautoscalers" => AUTOSCALERS,
        "poddisruptionbudgets" => BUDGETS,
        "leases" => LEASES,
        _ => PLAIN,
    }
}

const PLAIN: &[Column] = &[NAME, AGE];

const PODS: &[Column] = &[
    NAME,
    column("Ready", |o| {
        json!(format!(
            "{}/{}",
            ready_containers(o),
            items(&o["spec"]["containers"]).len()
        ))
    }),
    column("Status", |o| json!(pod_status(o))),
    column("Restarts", |o| json!(restarts(o).to_string())),
    AGE,
    wide("IP", |o| or_none(&o["status"]["podIP"])),
    wide("Node", |o| or_none(&o["spec"]["nodeName"])),
    wide("Nominated Node", |o| {
        or_none(&o["status"]["nominatedNodeName"])
    }),
    wide("Readiness Gates", |_| json!("<none>")),
];

const DEPLOYMENTS: &[Column] = &[
    NAME,
    column("Ready", |o| {
        json!(format!(
            "{}/{}",
            number(&o["status"]["readyReplicas"]),
            number(&o["spec"]["replicas"])
        ))
    }),
    column("Up-to-date", |o| {
        json!(number(&o["status"]["updatedReplicas"]))
    }),
    column("Available", |o| {
        json!(number(&o["status"]["availableReplicas"]))
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

const REPLICA_SETS: &[Column] = &[
    NAME,
    column("Desired", |o| json!(number(&o["spec"]["replicas"]))),
    column("Current", |o| json!(number(&o["status"]["replicas"]))),
    column("Ready", |o| json!(number(&o["status"]["readyReplicas"]))),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

const STATEFUL_SETS: &[Column] = &[
    NAME,
    column("Ready", |o| {
        json!(format!(
            "{}/{}",
            number(&o["status"]["readyReplicas"]),
            number(&o["spec"]["replicas"])
        ))
    }),
    AGE,
    CONTAINERS,
    IMAGES,
];

const DAEMON_SETS: &[Column] = &[
    NAME,
    column("Desired", |o| {
        json!(number(&o["status"]["desiredNumberScheduled"]))
    }),
    column("Current", |o| {
        json!(number(&o["status"]["currentNumberScheduled"]))
    }),
    column("Ready", |o| json!(number(&o["status"]["numberReady"]))),
    column("Up-to-date", |o| {
        json!(number(&o["status"]["updatedNumberScheduled"]))
    }),
    column("Available", |o| {
        json!(number(&o["status"]["numberAvailable"]))
    }),
    column("Node Selector", |o| {
        labels(&o["spec"]["template"]["spec"]["nodeSelector"])
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

const SERVICES: &[Column] = &[
    NAME,
    column("Type", |o| or_none(&o["spec"]["type"])),
    column("Cluster-IP", |o| or_none(&o["spec"]["clusterIP"])),
    column("External-IP", |o| or_none(&o["spec"]["externalName"])),
    column("Port(s)", service_ports),
    AGE,
    wide("Selector", |o| labels(&o["spec"]["selector"])),
];

const SECRETS: &[Column] = &[NAME, column("Type", |o| or_none(&o["type"])), DATA, AGE];

const CONFIG_MAPS: &[Column] = &[NAME, DATA, AGE];

const NAMESPACES: &[Column] = &[
    NAME,
    column("Status", |o| or_none(&o["status"]["phase"])),
    AGE,
];

const NODES: &[Column] = &[
    NAME,
    column("Status", node_status),
    column("Roles", node_roles),
    AGE,
    column("Version", |o| {
        or_none(&o["status"]["nodeInfo"]["kubeletVersion"])
    }),
    wide("Internal-IP", |o| address(o, "InternalIP")),
    wide("External-IP", |o| address(o, "ExternalIP")),
    wide("OS-Image", |o| or_none(&o["status"]["nodeInfo"]["osImage"])),
    wide("Kernel-Version", |o| {
        or_none(&o["status"]["nodeInfo"]["kernelVersion"])
    }),
    wide("Container-Runtime", |o| {
        or_none(&o["status"]["nodeInfo"]["containerRuntimeVersion"])
    }),
];

const EVENTS: &[Column] = &[
    column("Last Seen", |o| since(&o["lastTimestamp"])),
    column("Type", |o| or_none(&o["type"])),
    column("Reason", |o| or_none(&o["reason"])),
    column("Object", event_object),
    wide("Subobject", |o| {
        o["involvedObject"]["fieldPath"]
            .as_str()
            .unwrap_or_default()
            .into()
    }),
    wide("Source", |o| {
        o["source"]["component"].as_str().unwrap_or_default().into()
    }),
    column("Message", |o| {
        o["message"].as_str().unwrap_or_default().trim().into()
    }),
    wide("First Seen", |o| since(&o["firstTimestamp"])),
    wide("Count", |o| json!(number(&o["count"]))),
    wide("Name", |o| o["metadata"]["name"].clone()),
];

const JOBS: &[Column] = &[
    NAME,
    column("Status", job_status),
    column("Completions", |o| {
        json!(format!(
            "{}/{}",
            number(&o["status"]["succeeded"]),
            number(&o["spec"]["completions"])
        ))
    }),
    column("Duration", job_duration),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

const CRON_JOBS: &[Column] = &[
    NAME,
    column("Schedule", |o| or_none(&o["spec"]["schedule"])),
    column("Timezone", |o| or_none(&o["spec"]["timeZone"])),
    column("Suspend", |o| {
        json!(if o["spec"]["suspend"] == true {
            "True"
        } else {
            "False"
        })
    }),
    column("Active", |o| json!(items(&o["status"]["active"]).len())),
    column("Last Schedule", |o| since(&o["status"]["lastScheduleTime"])),
    AGE,
];

const SERVICE_ACCOUNTS: &[Column] = &[
    NAME,
    column("Secrets", |o| json!(items(&o["secrets"]).len())),
    AGE,
];

const ENDPOINTS: &[Column] = &[NAME, column("Endpoints", endpoints), AGE];

const ENDPOINT_SLICES: &[Column] = &[
    NAME,
    column("AddressType", |o| or_none(&o["addressType"])),
    column("Ports", |o| {
        joined(items(&o["ports"]).iter().map(|it| plain(&it["port"])))
    }),
    column("Endpoints", |o| {
        joined(
            items(&o["endpoints"])
                .iter()
                .flat_map(|it| items(&it["addresses"]))
                .map(plain),
        )
    }),
    AGE,
];

const INGRESSES: &[Column] = &[
    NAME,
    column("Class", |o| or_none(&o["spec"]["ingressClassName"])),
    column("Hosts", |o| {
        joined(
            items(&o["spec"]["rules"])
                .iter()
                .map(|it| it["host"].as_str().unwrap_or("*").to_owned()),
        )
    }),
    column("Address", |o| {
        joined_or_empty(
            items(&o["status"]["loadBalancer"]["ingress"])
                .iter()
                .map(|it| plain(&it["ip"])),
        )
    }),
    column("Ports", |o| {
        json!(if items(&o["spec"]["tls"]).is_empty() {
            "80"
        } else {
            "80, 443"
        })
    }),
    AGE,
];

const NETWORK_POLICIES: &[Column] = &[
    NAME,
    column("Pod-Selector", |o| {
        labels(&o["spec"]["podSelector"]["matchLabels"])
    }),
    AGE,
];

const VOLUMES: &[Column] = &[
    NAME,
    column("Capacity", |o| text(&o["spec"]["capacity"]["storage"])),
    column("Access Modes", access_modes),
    column("Reclaim Policy", |o| {
        text(&o["spec"]["persistentVolumeReclaimPolicy"])
    }),
    column("Status", |o| text(&o["status"]["phase"])),
    column("Claim", |o| text(&o["spec"]["claimRef"]["name"])),
    column("StorageClass", |o| text(&o["spec"]["storageClassName"])),
    column("Reason", |o| text(&o["status"]["reason"])),
    AGE,
];

const CLAIMS: &[Column] = &[
    NAME,
    column("Status", |o| text(&o["status"]["phase"])),
    column("Volume", |o| text(&o["spec"]["volumeName"])),
    column("Capacity", |o| text(&o["status"]["capacity"]["storage"])),
    column("Access Modes", access_modes),
    column("StorageClass", |o| text(&o["spec"]["storageClassName"])),
    AGE,
];

const ROLES: &[Column] = &[NAME, CREATED];

const BINDINGS: &[Column] = &[
    NAME,
    column("Role", |o| {
        json!(format!(
            "{}/{}",
            plain(&o["roleRef"]["kind"]),
            plain(&o["roleRef"]["name"])
        ))
    }),
    AGE,
    wide("Users", |o| subjects(o, "User")),
    wide("Groups", |o| subjects(o, "Group")),
    wide("ServiceAccounts", |o| subjects(o, "ServiceAccount")),
];

const STORAGE_CLASSES: &[Column] = &[
    NAME,
    column("Provisioner", |o| text(&o["provisioner"])),
    column("ReclaimPolicy", |o| {
        o["reclaimPolicy"].as_str().unwrap_or("Delete").into()
    }),
    column("VolumeBindingMode", |o| {
        o["volumeBindingMode"]
            .as_str()
            .unwrap_or("Immediate")
            .into()
    }),
    column("AllowVolumeExpansion", |o| {
        json!((o["allowVolumeExpansion"] == true).to_string())
    }),
    AGE,
];

const AUTOSCALERS: &[Column] = &[
    NAME,
    column("Reference", |o| {
        json!(format!(
            "{}/{}",
            plain(&o["spec"]["scaleTargetRef"]["kind"]),
            plain(&o["spec"]["scaleTargetRef"]["name"])
        ))
    }),
    column("MinPods", |o| or_none(&o["spec"]["minReplicas"])),
    column("MaxPods", |o| or_none(&o["spec"]["maxReplicas"])),
    column("Replicas", |o| {
        json!(number(&o["status"]["currentReplicas"]))
    }),
    AGE,
];

const BUDGETS: &[Column] = &[
    NAME,
    column("Min Available", |o| or_none(&o["spec"]["minAvailable"])),
    column("Max Unavailable", |o| or_none(&o["spec"]["maxUnavailable"])),
    column("Allowed Disruptions", |o| {
        json!(number(&o["status"]["disruptionsAllowed"]))
    }),
    AGE,
];

const LEASES: &[Column] = &[
    NAME,
    column("Holder", |o| text(&o["spec"]["holderIdentity"])),
    AGE,
];
