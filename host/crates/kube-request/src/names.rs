//! How kubectl names resources: `deployment`, and with its group where another group has it too.

use std::borrow::Cow;

/// A resource of Kubernetes' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuiltIn {
    pub group: &'static str,
    /// The version that the API server prefers, and so kubectl.
    pub version: &'static str,
    /// The plural.
    pub resource: &'static str,
    pub kind: &'static str,
    /// What kubectl accepts without a group: the kind in lower case.
    pub singular: &'static str,
    pub short: &'static [&'static str],
    /// Whether objects are in no namespace.
    pub cluster: bool,
}

const CLUSTER: bool = true;
const NAMESPACED: bool = false;

const fn row(
    group: &'static str,
    version: &'static str,
    resource: &'static str,
    kind: &'static str,
    singular: &'static str,
    short: &'static [&'static str],
    cluster: bool,
) -> BuiltIn {
    BuiltIn { group, version, resource, kind, singular, short, cluster }
}

/// By resource, and then by group: it is searched for every command that is rendered.
static TABLE: [BuiltIn; 67] = [
    row("apiregistration.k8s.io", "v1", "apiservices", "APIService", "apiservice", &[], CLUSTER),
    row("", "v1", "bindings", "Binding", "binding", &[], NAMESPACED),
    row("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", "certificatesigningrequest", &["csr"], CLUSTER),
    row("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", "clusterrolebinding", &[], CLUSTER),
    row("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "clusterrole", &[], CLUSTER),
    row("certificates.k8s.io", "v1", "clustertrustbundles", "ClusterTrustBundle", "clustertrustbundle", &[], CLUSTER),
    row("", "v1", "componentstatuses", "ComponentStatus", "componentstatus", &["cs"], CLUSTER),
    row("", "v1", "configmaps", "ConfigMap", "configmap", &["cm"], NAMESPACED),
    row("apps", "v1", "controllerrevisions", "ControllerRevision", "controllerrevision", &[], NAMESPACED),
    row("batch", "v1", "cronjobs", "CronJob", "cronjob", &["cj"], NAMESPACED),
    row("storage.k8s.io", "v1", "csidrivers", "CSIDriver", "csidriver", &[], CLUSTER),
    row("storage.k8s.io", "v1", "csinodes", "CSINode", "csinode", &[], CLUSTER),
    row("storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity", "csistoragecapacity", &[], NAMESPACED),
    row("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", "customresourcedefinition", &["crd", "crds"], CLUSTER),
    row("apps", "v1", "daemonsets", "DaemonSet", "daemonset", &["ds"], NAMESPACED),
    row("apps", "v1", "deployments", "Deployment", "deployment", &["deploy"], NAMESPACED),
    row("resource.k8s.io", "v1", "deviceclasses", "DeviceClass", "deviceclass", &[], CLUSTER),
    row("", "v1", "endpoints", "Endpoints", "endpoints", &["ep"], NAMESPACED),
    row("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", "endpointslice", &[], NAMESPACED),
    row("", "v1", "events", "Event", "event", &["ev"], NAMESPACED),
    row("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", "flowschema", &[], CLUSTER),
    row("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "horizontalpodautoscaler", &["hpa"], NAMESPACED),
    row("networking.k8s.io", "v1", "ingressclasses", "IngressClass", "ingressclass", &[], CLUSTER),
    row("networking.k8s.io", "v1", "ingresses", "Ingress", "ingress", &["ing"], NAMESPACED),
    row("networking.k8s.io", "v1", "ipaddresses", "IPAddress", "ipaddress", &["ip"], CLUSTER),
    row("batch", "v1", "jobs", "Job", "job", &[], NAMESPACED),
    row("coordination.k8s.io", "v1", "leases", "Lease", "lease", &[], NAMESPACED),
    row("", "v1", "limitranges", "LimitRange", "limitrange", &["limits"], NAMESPACED),
    row("authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", "localsubjectaccessreview", &[], NAMESPACED),
    row("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies", "MutatingAdmissionPolicy", "mutatingadmissionpolicy", &[], CLUSTER),
    row("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybinding", &[], CLUSTER),
    row("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", "mutatingwebhookconfiguration", &[], CLUSTER),
    row("", "v1", "namespaces", "Namespace", "namespace", &["ns"], CLUSTER),
    row("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "networkpolicy", &["netpol"], NAMESPACED),
    row("", "v1", "nodes", "Node", "node", &["no"], CLUSTER),
    row("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", "persistentvolumeclaim", &["pvc"], NAMESPACED),
    row("", "v1", "persistentvolumes", "PersistentVolume", "persistentvolume", &["pv"], CLUSTER),
    row("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "poddisruptionbudget", &["pdb"], NAMESPACED),
    row("", "v1", "pods", "Pod", "pod", &["po"], NAMESPACED),
    row("", "v1", "podtemplates", "PodTemplate", "podtemplate", &[], NAMESPACED),
    row("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", "priorityclass", &["pc"], CLUSTER),
    row("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations", "PriorityLevelConfiguration", "prioritylevelconfiguration", &[], CLUSTER),
    row("apps", "v1", "replicasets", "ReplicaSet", "replicaset", &["rs"], NAMESPACED),
    row("", "v1", "replicationcontrollers", "ReplicationController", "replicationcontroller", &["rc"], NAMESPACED),
    row("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim", "resourceclaim", &[], NAMESPACED),
    row("resource.k8s.io", "v1", "resourceclaimtemplates", "ResourceClaimTemplate", "resourceclaimtemplate", &[], NAMESPACED),
    row("", "v1", "resourcequotas", "ResourceQuota", "resourcequota", &["quota"], NAMESPACED),
    row("resource.k8s.io", "v1", "resourceslices", "ResourceSlice", "resourceslice", &[], CLUSTER),
    row("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "rolebinding", &[], NAMESPACED),
    row("rbac.authorization.k8s.io", "v1", "roles", "Role", "role", &[], NAMESPACED),
    row("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", "runtimeclass", &[], CLUSTER),
    row("", "v1", "secrets", "Secret", "secret", &[], NAMESPACED),
    row("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", "selfsubjectaccessreview", &[], CLUSTER),
    row("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", "selfsubjectreview", &[], CLUSTER),
    row("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", "selfsubjectrulesreview", &[], CLUSTER),
    row("", "v1", "serviceaccounts", "ServiceAccount", "serviceaccount", &["sa"], NAMESPACED),
    row("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", "servicecidr", &[], CLUSTER),
    row("", "v1", "services", "Service", "service", &["svc"], NAMESPACED),
    row("apps", "v1", "statefulsets", "StatefulSet", "statefulset", &["sts"], NAMESPACED),
    row("storage.k8s.io", "v1", "storageclasses", "StorageClass", "storageclass", &["sc"], CLUSTER),
    row("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", "subjectaccessreview", &[], CLUSTER),
    row("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", "tokenreview", &[], CLUSTER),
    row("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", "validatingadmissionpolicy", &[], CLUSTER),
    row("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybinding", &[], CLUSTER),
    row("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", "validatingwebhookconfiguration", &[], CLUSTER),
    row("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", "volumeattachment", &[], CLUSTER),
    row("storage.k8s.io", "v1", "volumeattributesclasses", "VolumeAttributesClass", "volumeattributesclass", &["vac"], CLUSTER),
];

/// What Kubernetes knows of a resource of its own.
pub(crate) fn built_in(group: &str, resource: &str) -> Option<&'static BuiltIn> {
    let found = TABLE.binary_search_by(|row| (row.resource, row.group).cmp(&(resource, group))).ok()?;
    Some(&TABLE[found])
}

/// What a person means by a word: a plural, a singular, a kind or a short name.
pub(crate) fn by_word(word: &str) -> Option<&'static BuiltIn> {
    let word = word.to_ascii_lowercase();
    TABLE.iter().find(|row| row.resource == word || row.singular == word || row.short.contains(&word.as_str()))
}

/// The resource of a kind.
pub(crate) fn by_kind(group: &str, kind: &str) -> Option<&'static BuiltIn> {
    TABLE.iter().find(|row| row.group == group && row.kind == kind)
}

/// `deployment`, or for a resource that is not built in, `widgets.example.com`.
pub(crate) fn singular<'a>(group: &str, resource: &'a str) -> Cow<'a, str> {
    match built_in(group, resource) {
        Some(found) => Cow::Borrowed(found.singular),
        None => qualified(group, resource),
    }
}

/// `deployments`, or `widgets.example.com`.
pub(crate) fn plural<'a>(group: &str, resource: &'a str) -> Cow<'a, str> {
    if built_in(group, resource).is_some() { Cow::Borrowed(resource) } else { qualified(group, resource) }
}

fn qualified<'a>(group: &str, resource: &'a str) -> Cow<'a, str> {
    if group.is_empty() { Cow::Borrowed(resource) } else { Cow::Owned(format!("{resource}.{group}")) }
}

/// Whether objects are known to be in no namespace.
pub(crate) fn is_cluster_scoped(group: &str, resource: &str) -> bool {
    built_in(group, resource).is_some_and(|found| found.cluster)
}

/// Whether objects are known to be in namespaces.
pub(crate) fn is_namespaced(group: &str, resource: &str) -> bool {
    built_in(group, resource).is_some_and(|found| !found.cluster)
}

/// Whether a resource is one of Kubernetes' own.
pub(crate) fn is_built_in(group: &str, resource: &str) -> bool {
    built_in(group, resource).is_some()
}

/// All plurals.
#[cfg(test)]
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.resource)
}

#[cfg(test)]
mod tests;
