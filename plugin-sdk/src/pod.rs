//! What a pod would run and get: the part of a pod specification that policies ask about.
//!
//! [`Request::pod_spec`](crate::Request::pod_spec) gives it for pods and for every workload of Kubernetes' own that has a template of them.

use serde::{Deserialize, Deserializer};

use crate::Image;

/// A pod specification, as far as policies ask about it. Of a field that is not here ask the body by its pointer, or take
/// the whole object by [`Body::to`](crate::Body::to).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// The containers that run.
    #[serde(deserialize_with = "or_default")]
    pub containers: Vec<Container>,
    /// Those that run before.
    #[serde(deserialize_with = "or_default")]
    pub init_containers: Vec<Container>,
    /// Those that were added for debugging.
    #[serde(deserialize_with = "or_default")]
    pub ephemeral_containers: Vec<Container>,
    /// The volumes.
    #[serde(deserialize_with = "or_default")]
    pub volumes: Vec<Volume>,
    /// The service account; see [`PodSpec::service_account`].
    pub service_account_name: Option<String>,
    /// Whether the account's token is mounted; the account decides where nothing is said.
    pub automount_service_account_token: Option<bool>,
    /// The node, where one is chosen past the scheduler.
    pub node_name: Option<String>,
    /// Uses the node's network.
    #[serde(deserialize_with = "or_default")]
    pub host_network: bool,
    /// Sees the node's processes.
    #[serde(rename = "hostPID", deserialize_with = "or_default")]
    pub host_pid: bool,
    /// Shares the node's memory.
    #[serde(rename = "hostIPC", deserialize_with = "or_default")]
    pub host_ipc: bool,
    /// Secrets with which images are pulled.
    #[serde(deserialize_with = "or_default")]
    pub image_pull_secrets: Vec<Named>,
    #[serde(skip)]
    pub(crate) pointer: String,
}

/// A reference by name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Named {
    /// The name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its image; empty where a controller fills it in.
    #[serde(deserialize_with = "or_default")]
    pub image: String,
    /// What it runs in the place of the image's entry point.
    #[serde(deserialize_with = "or_default")]
    pub command: Vec<String>,
    /// The arguments.
    #[serde(deserialize_with = "or_default")]
    pub args: Vec<String>,
    /// What it may do.
    pub security_context: Option<SecurityContext>,
    /// Its environment.
    #[serde(deserialize_with = "or_default")]
    pub env: Vec<EnvVar>,
    /// Where more of its environment comes from.
    #[serde(deserialize_with = "or_default")]
    pub env_from: Vec<EnvFrom>,
}

/// What a container may do.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// As root on the node, near enough.
    pub privileged: Option<bool>,
    /// Whether a process may gain more than its parent has.
    pub allow_privilege_escalation: Option<bool>,
    /// Whether it must not run as root.
    pub run_as_non_root: Option<bool>,
    /// The user that it runs as.
    pub run_as_user: Option<i64>,
    /// Linux capabilities.
    pub capabilities: Option<Capabilities>,
}

/// Linux capabilities.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// That it has besides the usual ones.
    #[serde(deserialize_with = "or_default")]
    pub add: Vec<String>,
    /// That it has not.
    #[serde(deserialize_with = "or_default")]
    pub drop: Vec<String>,
}

/// A variable of a container's environment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvVar {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Where its value comes from, when it is not written out.
    pub value_from: Option<EnvFrom>,
}

/// Where something of an environment comes from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvFrom {
    /// All of a Secret.
    pub secret_ref: Option<Named>,
    /// A key of a Secret.
    pub secret_key_ref: Option<Named>,
    /// All of a ConfigMap.
    pub config_map_ref: Option<Named>,
    /// A key of a ConfigMap.
    pub config_map_key_ref: Option<Named>,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// A folder of the node.
    pub host_path: Option<HostPath>,
    /// A Secret.
    pub secret: Option<SecretVolume>,
    /// A ConfigMap.
    pub config_map: Option<Named>,
    /// Several of them in one.
    pub projected: Option<Projected>,
}

/// A folder of the node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HostPath {
    /// Where on the node.
    #[serde(deserialize_with = "or_default")]
    pub path: String,
}

/// A Secret as a volume.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretVolume {
    /// The Secret's name.
    #[serde(deserialize_with = "or_default")]
    pub secret_name: String,
}

/// Several sources in one volume.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Projected {
    /// The sources.
    #[serde(deserialize_with = "or_default")]
    pub sources: Vec<Source>,
}

/// One source of a projected volume.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    /// A Secret.
    pub secret: Option<Named>,
    /// A ConfigMap.
    pub config_map: Option<Named>,
}

impl PodSpec {
    /// All containers, those that run before and those for debugging too, each with its pointer in the object:
    /// `/spec/template/spec/initContainers/0`.
    pub fn all_containers(&self) -> impl Iterator<Item = (String, &Container)> {
        let kinds = [("initContainers", &self.init_containers), ("containers", &self.containers), ("ephemeralContainers", &self.ephemeral_containers)];
        kinds.into_iter().flat_map(move |(kind, all)| {
            all.iter().enumerate().map(move |(index, container)| (format!("{}/{kind}/{index}", self.pointer), container))
        })
    }

    /// The images of all containers, each with its pointer. Without those that a controller fills in.
    pub fn images(&self) -> impl Iterator<Item = (String, Image)> {
        self.all_containers()
            .filter(|(_, container)| !container.image.is_empty())
            .map(|(pointer, container)| (pointer + "/image", Image::parse(&container.image)))
    }

    /// The names of the Secrets that the pod gets, mounted, in an environment or to pull images with; each once. Drivers of volumes
    /// (`csi` and the old in-tree ones) may hand out others.
    pub fn secrets(&self) -> Vec<&str> {
        let mounted = self.volumes.iter().filter_map(|volume| Some(volume.secret.as_ref()?.secret_name.as_str()));
        let projected = self.sources().filter_map(|source| Some(source.secret.as_ref()?.name.as_str()));
        let environment = self.environments().filter_map(|from| Some(from.secret_ref.as_ref().or(from.secret_key_ref.as_ref())?.name.as_str()));
        let pulled = self.image_pull_secrets.iter().map(|secret| secret.name.as_str());
        each_once(mounted.chain(projected).chain(environment).chain(pulled))
    }

    /// The names of the ConfigMaps that the pod gets, mounted or in an environment; each once.
    pub fn config_maps(&self) -> Vec<&str> {
        let mounted = self.volumes.iter().filter_map(|volume| Some(volume.config_map.as_ref()?.name.as_str()));
        let projected = self.sources().filter_map(|source| Some(source.config_map.as_ref()?.name.as_str()));
        let environment = self.environments().filter_map(|from| Some(from.config_map_ref.as_ref().or(from.config_map_key_ref.as_ref())?.name.as_str()));
        each_once(mounted.chain(projected).chain(environment))
    }

    /// The folders of the node that are mounted.
    pub fn host_paths(&self) -> impl Iterator<Item = &str> {
        self.volumes.iter().filter_map(|volume| Some(volume.host_path.as_ref()?.path.as_str()))
    }

    /// The service account: `default` where none is named.
    pub fn service_account(&self) -> &str {
        self.service_account_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("default")
    }

    /// Whether a container is privileged, or the pod uses the node's network, processes, memory or folders. Not all that a pod
    /// may do to its node: the plugin `deny-list` has the whole baseline of the Pod Security Standards.
    pub fn is_privileged(&self) -> bool {
        let privileged = |container: &Container| container.security_context.as_ref().is_some_and(|context| context.privileged == Some(true));
        self.host_network
            || self.host_pid
            || self.host_ipc
            || self.host_paths().next().is_some()
            || self.all_containers().any(|(_, container)| privileged(container))
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.volumes.iter().filter_map(|volume| volume.projected.as_ref()).flat_map(|projected| &projected.sources)
    }

    fn environments(&self) -> impl Iterator<Item = &EnvFrom> {
        let containers = || [&self.init_containers, &self.containers, &self.ephemeral_containers].into_iter().flatten();
        containers().flat_map(|container| &container.env_from).chain(containers().flat_map(|container| container.env.iter().filter_map(|variable| variable.value_from.as_ref())))
    }
}

/// To the API server `null` is as good as nothing.
fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all = Vec::new();
    for name in names.filter(|name| !name.is_empty()) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

#[cfg(test)]
mod tests;
