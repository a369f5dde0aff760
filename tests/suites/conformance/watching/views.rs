//! What is watched.

use std::fmt;

use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::watcher::Config;

/// One list and watch.
#[derive(Debug, Clone)]
pub struct View {
    /// The kind.
    pub resource: ApiResource,
    /// In one namespace, or in all, or the kind has none.
    pub namespace: Option<String>,
    /// Of objects' metadata only.
    pub metadata: bool,
    /// How it is listed, and by which selectors.
    pub config: Config,
    told: String,
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

/// `group/version/Kind`; the core group has no name.
const EVERYWHERE: [&str; 32] = [
    "/v1/Pod", "/v1/Event", "/v1/ConfigMap", "/v1/Secret", "/v1/Service", "/v1/ServiceAccount", "/v1/ResourceQuota", "/v1/LimitRange",
    "/v1/PersistentVolumeClaim", "/v1/PersistentVolume", "/v1/Node", "/v1/Namespace", "apps/v1/Deployment", "apps/v1/ReplicaSet",
    "apps/v1/StatefulSet", "apps/v1/DaemonSet", "batch/v1/Job", "batch/v1/CronJob", "discovery.k8s.io/v1/EndpointSlice",
    "networking.k8s.io/v1/Ingress", "networking.k8s.io/v1/NetworkPolicy", "policy/v1/PodDisruptionBudget",
    "autoscaling/v2/HorizontalPodAutoscaler", "coordination.k8s.io/v1/Lease", "rbac.authorization.k8s.io/v1/Role",
    "rbac.authorization.k8s.io/v1/RoleBinding", "rbac.authorization.k8s.io/v1/ClusterRole", "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
    "storage.k8s.io/v1/StorageClass", "scheduling.k8s.io/v1/PriorityClass", "apiextensions.k8s.io/v1/CustomResourceDefinition",
    "apiregistration.k8s.io/v1/APIService",
];

/// Every view: each kind in all namespaces, and the busy ones in one namespace, by metadata and by selectors.
pub fn views(namespace: &str) -> Vec<View> {
    let mut views: Vec<View> = EVERYWHERE.iter().map(|kind| view(kind, "listed", Config::default())).collect();
    for kind in ["/v1/Pod", "/v1/Event", "/v1/ConfigMap", "/v1/Secret", "apps/v1/Deployment", "apps/v1/ReplicaSet"] {
        views.push(View { namespace: Some(namespace.to_owned()), ..view(kind, "in one namespace, as a streamed list", Config::default().streaming_lists()) });
    }
    for kind in ["/v1/Pod", "/v1/ConfigMap", "apps/v1/ReplicaSet"] {
        views.push(View { metadata: true, ..view(kind, "metadata only", Config::default()) });
    }
    views.push(view("/v1/ConfigMap", "by a label", Config::default().labels("app=watched")));
    views.push(view("/v1/Pod", "by a field", Config::default().fields("status.phase=Running")));
    views.push(view("/v1/ConfigMap", "in pages of two", Config::default().page_size(2)));
    views
}

fn view(kind: &str, how: &str, config: Config) -> View {
    let words: Vec<&str> = kind.split('/').collect();
    let [group, version, kind] = words[..] else { panic!("{kind} is group, version and kind") };
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    View { told: format!("{} {how}", resource.plural), resource, namespace: None, metadata: false, config }
}
