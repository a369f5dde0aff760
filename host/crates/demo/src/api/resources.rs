//! The resources that the demo cluster serves: one line each.

/// One built-in resource.
#[derive(Debug)]
pub(crate) struct Resource {
    /// The API group; empty for the core group.
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) short: &'static [&'static str],
    pub(crate) categories: &'static [&'static str],
    pub(crate) namespaced: bool,
    /// Whether it has a `status` subresource; then writes to the object itself leave the status alone.
    pub(crate) status: bool,
    /// Whether it has a `scale` subresource.
    pub(crate) scale: bool,
    /// Further subresources, with the kind that each answers with and its verb.
    pub(crate) others: &'static [(&'static str, &'static str, &'static str)],
    /// Only created, never kept: reviews.
    pub(crate) transient: bool,
}

impl Resource {
    /// `v1` or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `pods` or `deployments.apps`: how messages name it.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// The verbs of the resource itself, as discovery lists them.
    pub(crate) fn verbs(&self) -> &'static [&'static str] {
        if self.transient {
            &["create"]
        } else {
            &[
                "create",
                "delete",
                "deletecollection",
                "get",
                "list",
                "patch",
                "update",
                "watch",
            ]
        }
    }

    /// Every subresource: name, kind, verbs.
    pub(crate) fn subresources(&self) -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
        let mut list = Vec::new();
        if self.scale {
            list.push(("scale", "Scale", vec!["get", "patch", "update"]));
        }
        if self.status {
            list.push(("status", self.kind, vec!["get", "patch", "update"]));
        }
        list.extend(
            self.others
                .iter()
                .map(|(name, kind, verb)| (*name, *kind, vec![*verb])),
        );
        list
    }

    const fn new(
        group: &'static str,
        version: &'static str,
        plural: &'static str,
        singular: &'static str,
        kind: &'static str,
        short: &'static [&'static str],
    ) -> Self {
        Self {
            group,
            version,
            plural,
            singular,
            kind,
            short,
            categories: &[],
            namespaced: true,
            status: false,
            scale: false,
            others: &[],
            transient: false,
        }
    }

    const fn cluster_wide(mut self) -> Self {
        self.namespaced = false;
        self
    }

    const fn status(mut self) -> Self {
        self.status = true;
        self
    }

    const fn scale(mut self) -> Self {
        self.scale = true;
        self
    }

    const fn all(mut self) -> Self {
        self.categories = &["all"];
        self
    }

    const fn with(mut self, others: &'static [(&'static str, &'static str, &'static str)]) -> Self {
        self.others = others;
        self
    }

    const fn review(
        group: &'static str,
        plural: &'static str,
        singular: &'static str,
        kind: &'static str,
    ) -> Self {
        let mut it = Self::new(group, "v1", plural, singular, kind, &[]).cluster_wide();
        it.transient = true;
        it
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHZ: &str = "authorization.k8s.io";
const AUTHN: &str = "authentication.k8s.io";

const POD: &[(&str, &str, &str)] = &[
    ("log", "Pod", "get"),
    ("eviction", "Eviction", "create"),
    ("exec", "PodExecOptions", "create"),
    ("attach", "PodAttachOptions", "create"),
    ("portforward", "PodPortForwardOptions", "create"),
];

/// Everything served, in the order of discovery: groups together, the core group first.
pub(crate) static RESOURCES: &[Resource] = &[
    Resource::new("", "v1", "configmaps", "configmap", "ConfigMap", &["cm"]),
    Resource::new("", "v1", "endpoints", "endpoints", "Endpoints", &["ep"]),
    Resource::new("", "v1", "events", "event", "Event", &["ev"]),
    Resource::new(
        "",
        "v1",
        "limitranges",
        "limitrange",
        "LimitRange",
        &["limits"],
    ),
    Resource::new("", "v1", "namespaces", "namespace", "Namespace", &["ns"])
        .cluster_wide()
        .status(),
    Resource::new("", "v1", "nodes", "node", "Node", &["no"])
        .cluster_wide()
        .status(),
    Resource::new(
        "",
        "v1",
        "persistentvolumeclaims",
        "persistentvolumeclaim",
        "PersistentVolumeClaim",
        &["pvc"],
    )
    .status(),
    Resource::new(
        "",
        "v1",
        "persistentvolumes",
        "persistentvolume",
        "PersistentVolume",
        &["pv"],
    )
    .cluster_wide()
    .status(),
    Resource::new("", "v1", "pods", "pod", "Pod", &["po"])
        .status()
        .all()
        .with(POD),
    Resource::new(
        "",
        "v1",
        "replicationcontrollers",
        "replicationcontroller",
        "ReplicationController",
        &["rc"],
    )
    .status()
    .all(),
    Resource::new(
        "",
        "v1",
        "resourcequotas",
        "resourcequota",
        "ResourceQuota",
        &["quota"],
    )
    .status(),
    Resource::new("", "v1", "secrets", "secret", "Secret", &[]),
    Resource::new(
        "",
        "v1",
        "serviceaccounts",
        "serviceaccount",
        "ServiceAccount",
        &["sa"],
    )
    .with(&[("token", "TokenRequest", "create")]),
    Resource::new("", "v1", "services", "service", "Service", &["svc"])
        .status()
        .all(),
    Resource::new(
        "apps",
        "v1",
        "controllerrevisions",
        "controllerrevision",
        "ControllerRevision",
        &[],
    ),
    Resource::new(
        "apps",
        "v1",
        "daemonsets",
        "daemonset",
        "DaemonSet",
        &["ds"],
    )
    .status()
    .all(),
    Resource::new(
        "apps",
        "v1",
        "deployments",
        "deployment",
        "Deployment",
        &["deploy"],
    )
    .status()
    .scale()
    .all(),
    Resource::new(
        "apps",
        "v1",
        "replicasets",
        "replicaset",
        "ReplicaSet",
        &["rs"],
    )
    .status()
    .scale()
    .all(),
    Resource::new(
        "apps",
        "v1",
        "statefulsets",
        "statefulset",
        "StatefulSet",
        &["sts"],
    )
    .status()
    .scale()
    .all(),
    Resource::review(
        AUTHN,
        "selfsubjectreviews",
        "selfsubjectreview",
        "SelfSubjectReview",
    ),
    Resource::review(
        AUTHZ,
        "selfsubjectaccessreviews",
        "selfsubjectaccessreview",
        "SelfSubjectAccessReview",
    ),
    Resource::review(
        AUTHZ,
        "selfsubjectrulesreviews",
        "selfsubjectrulesreview",
        "SelfSubjectRulesReview",
    ),
    Resource::review(
        AUTHZ,
        "subjectaccessreviews",
        "subjectaccessreview",
        "SubjectAccessReview",
    ),
    Resource::new(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "horizontalpodautoscaler",
        "HorizontalPodAutoscaler",
        &["hpa"],
    )
    .status()
    .all(),
    Resource::new("batch", "v1", "cronjobs", "cronjob", "CronJob", &["cj"])
        .status()
        .all(),
    Resource::new("batch", "v1", "jobs", "job", "Job", &[])
        .status()
        .all(),
    Resource::new("coordination.k8s.io", "v1", "leases", "lease", "Lease", &[]),
    Resource::new(
        "discovery.k8s.io",
        "v1",
        "endpointslices",
        "endpointslice",
        "EndpointSlice",
        &[],
    ),
    Resource::new(
        "networking.k8s.io",
        "v1",
        "ingresses",
        "ingress",
        "Ingress",
        &["ing"],
    )
    .status(),
    Resource::new(
        "networking.k8s.io",
        "v1",
        "networkpolicies",
        "networkpolicy",
        "NetworkPolicy",
        &["netpol"],
    ),
    Resource::new(
        "policy",
        "v1",
        "poddisruptionbudgets",
        "poddisruptionbudget",
        "PodDisruptionBudget",
        &["pdb"],
    )
    .status(),
    Resource::new(
        RBAC,
        "v1",
        "clusterrolebindings",
        "clusterrolebinding",
        "ClusterRoleBinding",
        &[],
    )
    .cluster_wide(),
    Resource::new(
        RBAC,
        "v1",
        "clusterroles",
        "clusterrole",
        "ClusterRole",
        &[],
    )
    .cluster_wide(),
    Resource::new(
        RBAC,
        "v1",
        "rolebindings",
        "rolebinding",
        "RoleBinding",
        &[],
    ),
    Resource::new(RBAC, "v1", "roles", "role", "Role", &[]),
    Resource::new(
        "storage.k8s.io",
        "v1",
        "storageclasses",
        "storageclass",
        "StorageClass",
        &["sc"],
    )
    .cluster_wide(),
];

/// The resource of that group, version and plural name.
pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES
        .iter()
        .find(|it| it.group == group && it.version == version && it.plural == plural)
}

/// The resource of that API version (`apps/v1`) and kind.
pub(crate) fn of_kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    RESOURCES
        .iter()
        .find(|it| it.group == group && it.version == version && it.kind == kind)
}

/// The resource of that plural name in the group; for the controller and the seed, which know what exists.
pub(crate) fn known(group: &str, plural: &str) -> &'static Resource {
    RESOURCES
        .iter()
        .find(|it| it.group == group && it.plural == plural)
        .unwrap_or_else(|| unreachable!("{plural}.{group} is in the table above"))
}

/// Each group with its version, in order, the core group first.
pub(crate) fn groups() -> Vec<(&'static str, &'static str)> {
    let mut list: Vec<(&str, &str)> = RESOURCES.iter().map(|it| (it.group, it.version)).collect();
    list.dedup();
    list
}
