//! How kubectl names resources: `deployment`, and with its group where another group has it too.

use std::borrow::Cow;

/// The singular that kubectl accepts without a group, and whether objects are in no namespace.
fn built_in(group: &str, resource: &str) -> Option<(&'static str, bool)> {
    const CLUSTER: bool = true;
    const NAMESPACED: bool = false;
    Some(match (group, resource) {
        ("", "bindings") => ("binding", NAMESPACED),
        ("", "componentstatuses") => ("componentstatus", CLUSTER),
        ("", "configmaps") => ("configmap", NAMESPACED),
        ("", "endpoints") => ("endpoints", NAMESPACED),
        ("", "events") => ("event", NAMESPACED),
        ("", "limitranges") => ("limitrange", NAMESPACED),
        ("", "namespaces") => ("namespace", CLUSTER),
        ("", "nodes") => ("node", CLUSTER),
        ("", "persistentvolumeclaims") => ("persistentvolumeclaim", NAMESPACED),
        ("", "persistentvolumes") => ("persistentvolume", CLUSTER),
        ("", "pods") => ("pod", NAMESPACED),
        ("", "podtemplates") => ("podtemplate", NAMESPACED),
        ("", "replicationcontrollers") => ("replicationcontroller", NAMESPACED),
        ("", "resourcequotas") => ("resourcequota", NAMESPACED),
        ("", "secrets") => ("secret", NAMESPACED),
        ("", "serviceaccounts") => ("serviceaccount", NAMESPACED),
        ("", "services") => ("service", NAMESPACED),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicies") => ("mutatingadmissionpolicy", CLUSTER),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings") => ("mutatingadmissionpolicybinding", CLUSTER),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations") => ("mutatingwebhookconfiguration", CLUSTER),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies") => ("validatingadmissionpolicy", CLUSTER),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings") => ("validatingadmissionpolicybinding", CLUSTER),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations") => ("validatingwebhookconfiguration", CLUSTER),
        ("apiextensions.k8s.io", "customresourcedefinitions") => ("customresourcedefinition", CLUSTER),
        ("apiregistration.k8s.io", "apiservices") => ("apiservice", CLUSTER),
        ("apps", "controllerrevisions") => ("controllerrevision", NAMESPACED),
        ("apps", "daemonsets") => ("daemonset", NAMESPACED),
        ("apps", "deployments") => ("deployment", NAMESPACED),
        ("apps", "replicasets") => ("replicaset", NAMESPACED),
        ("apps", "statefulsets") => ("statefulset", NAMESPACED),
        ("authentication.k8s.io", "selfsubjectreviews") => ("selfsubjectreview", CLUSTER),
        ("authentication.k8s.io", "tokenreviews") => ("tokenreview", CLUSTER),
        ("authorization.k8s.io", "localsubjectaccessreviews") => ("localsubjectaccessreview", NAMESPACED),
        ("authorization.k8s.io", "selfsubjectaccessreviews") => ("selfsubjectaccessreview", CLUSTER),
        ("authorization.k8s.io", "selfsubjectrulesreviews") => ("selfsubjectrulesreview", CLUSTER),
        ("authorization.k8s.io", "subjectaccessreviews") => ("subjectaccessreview", CLUSTER),
        ("autoscaling", "horizontalpodautoscalers") => ("horizontalpodautoscaler", NAMESPACED),
        ("batch", "cronjobs") => ("cronjob", NAMESPACED),
        ("batch", "jobs") => ("job", NAMESPACED),
        ("certificates.k8s.io", "certificatesigningrequests") => ("certificatesigningrequest", CLUSTER),
        ("certificates.k8s.io", "clustertrustbundles") => ("clustertrustbundle", CLUSTER),
        ("coordination.k8s.io", "leases") => ("lease", NAMESPACED),
        ("discovery.k8s.io", "endpointslices") => ("endpointslice", NAMESPACED),
        ("flowcontrol.apiserver.k8s.io", "flowschemas") => ("flowschema", CLUSTER),
        ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations") => ("prioritylevelconfiguration", CLUSTER),
        ("networking.k8s.io", "ingressclasses") => ("ingressclass", CLUSTER),
        ("networking.k8s.io", "ingresses") => ("ingress", NAMESPACED),
        ("networking.k8s.io", "ipaddresses") => ("ipaddress", CLUSTER),
        ("networking.k8s.io", "networkpolicies") => ("networkpolicy", NAMESPACED),
        ("networking.k8s.io", "servicecidrs") => ("servicecidr", CLUSTER),
        ("node.k8s.io", "runtimeclasses") => ("runtimeclass", CLUSTER),
        ("policy", "poddisruptionbudgets") => ("poddisruptionbudget", NAMESPACED),
        ("rbac.authorization.k8s.io", "clusterrolebindings") => ("clusterrolebinding", CLUSTER),
        ("rbac.authorization.k8s.io", "clusterroles") => ("clusterrole", CLUSTER),
        ("rbac.authorization.k8s.io", "rolebindings") => ("rolebinding", NAMESPACED),
        ("rbac.authorization.k8s.io", "roles") => ("role", NAMESPACED),
        ("resource.k8s.io", "deviceclasses") => ("deviceclass", CLUSTER),
        ("resource.k8s.io", "resourceclaims") => ("resourceclaim", NAMESPACED),
        ("resource.k8s.io", "resourceclaimtemplates") => ("resourceclaimtemplate", NAMESPACED),
        ("resource.k8s.io", "resourceslices") => ("resourceslice", CLUSTER),
        ("scheduling.k8s.io", "priorityclasses") => ("priorityclass", CLUSTER),
        ("storage.k8s.io", "csidrivers") => ("csidriver", CLUSTER),
        ("storage.k8s.io", "csinodes") => ("csinode", CLUSTER),
        ("storage.k8s.io", "csistoragecapacities") => ("csistoragecapacity", NAMESPACED),
        ("storage.k8s.io", "storageclasses") => ("storageclass", CLUSTER),
        ("storage.k8s.io", "volumeattachments") => ("volumeattachment", CLUSTER),
        ("storage.k8s.io", "volumeattributesclasses") => ("volumeattributesclass", CLUSTER),
        _ => return None,
    })
}

/// `deployment`, or for a resource that is not built in, `widgets.example.com`.
pub(crate) fn singular<'a>(group: &str, resource: &'a str) -> Cow<'a, str> {
    match built_in(group, resource) {
        Some((singular, _)) => Cow::Borrowed(singular),
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
    built_in(group, resource).is_some_and(|(_, cluster)| cluster)
}

/// Whether objects are known to be in namespaces.
pub(crate) fn is_namespaced(group: &str, resource: &str) -> bool {
    built_in(group, resource).is_some_and(|(_, cluster)| !cluster)
}

/// Whether a resource is one of Kubernetes' own.
pub(crate) fn is_built_in(group: &str, resource: &str) -> bool {
    built_in(group, resource).is_some()
}
