//! The built-in checks: what rules over names and verbs cannot say.

use portcullis_sdk::matching::Patterns;
use portcullis_sdk::{JsonSchema, Request};
use serde::Deserialize;

use crate::{admission, credentials, deletions, extension, images, pods, rbac, traffic};

/// A check of what a write would bring about. A patch is judged by its result, which the API server tells by a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Pods, and templates of pods, that are not held by the Pod Security Standards' baseline: privileged, on the host's
    /// network, processes or files, with capabilities beyond the usual.
    PrivilegedPods,
    /// Pods, and templates of pods, that are not held by the Pod Security Standards' restricted level, which holds the baseline too.
    RestrictedPods,
    /// Pods, and templates of pods, that get a Secret or a chosen service account's token: their logs would show it.
    PodSecrets,
    /// Images from elsewhere than `allowed`, or from one of `refused`.
    ImageSources,
    /// Images whose tag is `latest`, or that have neither tag nor digest.
    ImageTags,
    /// Images without a digest.
    ImageDigests,
    /// Roles that give everything, or the right to give rights; and bindings that hold in the whole cluster or to Kubernetes' own
    /// powerful roles and groups.
    RbacEscalation,
    /// Secrets whose type makes Kubernetes put a token into them, and bootstrap tokens.
    TokenSecrets,
    /// Tokens of service accounts.
    TokenRequests,
    /// Certificates that the API server takes for an identity: asked for, approved, signed; and trust bundles.
    Certificates,
    /// Requests that the API server passes on to a node, a pod or a service.
    ApiProxy,
    /// Webhooks and admission policies: written or deleted.
    AdmissionWebhooks,
    /// Aggregated APIs: written or deleted.
    ApiServices,
    /// Definitions of custom resources whose objects a webhook converts.
    ConversionWebhooks,
    /// Namespaces that would hold their pods to no level of the Pod Security Standards any more.
    NamespaceLevels,
    /// Pods, and templates of pods, that name the node to run on: no scheduler looks, and no taint keeps them away.
    NodeChoice,
    /// Services with `externalIPs`: traffic for such an address is led to them, whoever owns it (CVE-2020-8554).
    ExternalAddresses,
    /// Ingresses with annotations that are pasted into the controller's configuration (CVE-2021-25742).
    IngressSnippets,
    /// Writes after which a controller deletes what nobody asked it to: owners given to an object that is there, and stateful sets that
    /// delete their claims.
    IndirectDeletions,
}

/// Where images may come from, for the check of that name.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub allowed: Option<&'a Patterns>,
    pub refused: Option<&'a Patterns>,
}

impl Check {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Check::PrivilegedPods => "privileged-pods",
            Check::RestrictedPods => "restricted-pods",
            Check::PodSecrets => "pod-secrets",
            Check::ImageSources => "image-sources",
            Check::ImageTags => "image-tags",
            Check::ImageDigests => "image-digests",
            Check::RbacEscalation => "rbac-escalation",
            Check::TokenSecrets => "token-secrets",
            Check::TokenRequests => "token-requests",
            Check::Certificates => "certificates",
            Check::ApiProxy => "api-proxy",
            Check::AdmissionWebhooks => "admission-webhooks",
            Check::ApiServices => "api-services",
            Check::ConversionWebhooks => "conversion-webhooks",
            Check::NamespaceLevels => "namespace-levels",
            Check::NodeChoice => "node-choice",
            Check::ExternalAddresses => "external-addresses",
            Check::IngressSnippets => "ingress-snippets",
            Check::IndirectDeletions => "indirect-deletions",
        }
    }

    /// What it finds: a sentence. An error says why the result of a patch is not known.
    pub fn find(self, sources: Sources<'_>, request: &Request<'_>) -> Result<Option<String>, String> {
        match self {
            Check::PrivilegedPods => pods::privileged(request),
            Check::RestrictedPods => pods::not_restricted(request),
            Check::PodSecrets => pods::with_secrets(request),
            Check::ImageSources => images::from_elsewhere(request, sources.allowed, sources.refused),
            Check::ImageTags => images::of_any_version(request),
            Check::ImageDigests => images::without_a_digest(request),
            Check::RbacEscalation => rbac::escalation(request),
            Check::TokenSecrets => Ok(credentials::token_secret(request)),
            Check::TokenRequests => Ok(credentials::token_request(request)),
            Check::Certificates => Ok(credentials::certificate(request)),
            Check::ApiProxy => Ok(traffic::api_proxy(request)),
            Check::AdmissionWebhooks => admission::webhooks(request),
            Check::ApiServices => extension::api_services(request),
            Check::ConversionWebhooks => extension::conversion_webhooks(request),
            Check::NamespaceLevels => admission::level_of_namespace(request),
            Check::NodeChoice => pods::on_a_chosen_node(request),
            Check::ExternalAddresses => traffic::external_addresses(request),
            Check::IngressSnippets => traffic::snippets(request),
            Check::IndirectDeletions => deletions::indirect(request),
        }
    }
}
