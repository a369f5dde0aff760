//! The built-in checks: what rules over names and verbs cannot say.

use portcullis_sdk::{JsonSchema, Request};
use serde::Deserialize;

use crate::{pods, rbac, traffic};

/// A check of what a write would bring about. A patch is judged by its result, which the API server tells by a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Pods, and templates of pods, that are not held by the Pod Security Standards' baseline: privileged, on the host's
    /// network, processes or files, with capabilities beyond the usual.
    PrivilegedPods,
    /// Pods, and templates of pods, that get a Secret or a chosen service account's token: their logs would show it.
    PodSecrets,
    /// Roles that give everything, or the right to give rights; and bindings that hold in the whole cluster or to Kubernetes' own
    /// powerful roles and groups.
    RbacEscalation,
    /// Secrets whose type makes Kubernetes put a token into them, and bootstrap tokens.
    TokenSecrets,
    /// Pods, and templates of pods, that name the node to run on: no scheduler looks, and no taint keeps them away.
    NodeChoice,
    /// Services with `externalIPs`: traffic for such an address is led to them, whoever owns it (CVE-2020-8554).
    ExternalAddresses,
    /// Ingresses with annotations that are pasted into the controller's configuration (CVE-2021-25742).
    IngressSnippets,
}

impl Check {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Check::PrivilegedPods => "privileged-pods",
            Check::PodSecrets => "pod-secrets",
            Check::RbacEscalation => "rbac-escalation",
            Check::TokenSecrets => "token-secrets",
            Check::NodeChoice => "node-choice",
            Check::ExternalAddresses => "external-addresses",
            Check::IngressSnippets => "ingress-snippets",
        }
    }

    /// What it finds: a sentence. An error says why the result of a patch is not known.
    pub fn find(self, request: &Request<'_>) -> Result<Option<String>, String> {
        match self {
            Check::PrivilegedPods => pods::privileged(request),
            Check::PodSecrets => pods::with_secrets(request),
            Check::RbacEscalation => rbac::escalation(request),
            Check::TokenSecrets => Ok(token_secret(request)),
            Check::NodeChoice => pods::on_a_chosen_node(request),
            Check::ExternalAddresses => traffic::external_addresses(request),
            Check::IngressSnippets => traffic::snippets(request),
        }
    }
}

/// A Secret's type cannot be changed, so it is in the body of whatever makes one: a creation, or a patch by server-side apply.
fn token_secret(request: &Request<'_>) -> Option<String> {
    if !request.is("", "secrets") || !matches!(request.verb(), "create" | "update" | "patch") {
        return None;
    }
    let kind: String = request.body().get("/type")?;
    matches!(kind.as_str(), "kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token")
        .then(|| format!("a Secret of type {kind} is a credential for the cluster"))
}
