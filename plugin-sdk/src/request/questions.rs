//! What policies usually ask of a request.

use std::collections::BTreeMap;

use crate::workload::{pod_spec_pointer, touches_pod_spec};
use crate::{Body, PodSpec, Request};

/// How much a request deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// One object. An eviction deletes its pod.
    One,
    /// All objects that a selector selects, or all there are.
    Many,
    /// A namespace, with everything in it.
    Namespace,
}

/// What a shell is called.
const SHELLS: [&str; 10] = ["sh", "bash", "ash", "dash", "zsh", "ksh", "fish", "csh", "tcsh", "pwsh"];

impl Request<'_> {
    /// What pods this write would run: of a pod, or of any workload of Kubernetes' own with a template. Nothing when it runs none, or leaves
    /// the pods alone as scaling and labelling do. For an ephemeral container it is that container alone.
    ///
    /// ```
    /// use portcullis_sdk::{Request, Verdict};
    ///
    /// fn judge(request: &Request) -> Verdict {
    ///     match request.pod_spec() {
    ///         Ok(Some(spec)) if spec.images().any(|(_, image)| image.registry != "registry.example.com") => Verdict::deny("images", "an image is of another registry"),
    ///         Ok(_) => Verdict::NoOpinion,
    ///         Err(why) => Verdict::deny("images", why),
    ///     }
    /// }
    ///
    /// assert!(judge(&Request::kubectl("run web --image=nginx").build()).is_deny());
    /// assert_eq!(judge(&Request::kubectl("scale deploy web --replicas=3").build()), Verdict::NoOpinion);
    /// ```
    ///
    /// # Errors
    ///
    /// A sentence: there is no object after the write ([`Request::after_write`]), or what it has in that place is no pod specification.
    pub fn pod_spec(&self) -> Result<Option<PodSpec>, String> {
        let read = |object: &Body<'_>, pointer: &str| {
            let spec: Option<PodSpec> = object.try_get(pointer)?;
            Ok(spec.map(|spec| PodSpec { pointer: pointer.to_owned(), ..spec }))
        };
        if self.subresource() == Some("ephemeralcontainers") && matches!(self.verb(), "update" | "patch") {
            // The body has the new ones, unless it is a JSON patch; the others of the pod were judged when they came.
            let only = |spec: Option<PodSpec>| {
                spec.map(|spec| PodSpec { ephemeral_containers: spec.ephemeral_containers, pointer: spec.pointer, ..PodSpec::default() })
            };
            let found = if self.body().has("/0") { self.after_write(|object| read(object, "/spec"))? } else { read(self.body(), "/spec") };
            return found.map(only);
        }
        match touches_pod_spec(self) {
            Some(pointer) => self.after_write(|object| read(object, pointer))?,
            None => Ok(None),
        }
    }

    /// Whether the resource is one that runs pods, whatever is done to it.
    pub fn is_workload(&self) -> bool {
        pod_spec_pointer(self.group(), self.resource()).is_some()
    }

    /// The labels that the object would have after this write; nothing when it is no write of an object.
    ///
    /// # Errors
    ///
    /// As [`Request::after_write`].
    pub fn labels(&self) -> Result<BTreeMap<String, String>, String> {
        if !self.is_write() || self.subresource().is_some() || !matches!(self.verb(), "create" | "update" | "patch") {
            return Ok(BTreeMap::new());
        }
        self.after_write(|object| object.try_get("/metadata/labels"))?.map(Option::unwrap_or_default)
    }

    /// How much it deletes; nothing when it deletes nothing. A dry run counts as what it would be.
    ///
    /// ```
    /// use portcullis_sdk::{Deletion, Request};
    ///
    /// assert_eq!(Request::kubectl("delete pods -l app=web").build().deletion(), Some(Deletion::Many));
    /// assert_eq!(Request::kubectl("delete ns prod").build().deletion(), Some(Deletion::Namespace));
    /// assert_eq!(Request::kubectl("get ns prod").build().deletion(), None);
    /// ```
    pub fn deletion(&self) -> Option<Deletion> {
        let evicts = self.verb() == "create" && self.group().is_empty() && self.resource() == "pods" && self.subresource() == Some("eviction");
        match self.verb() {
            "deletecollection" => Some(Deletion::Many),
            "delete" if self.is("", "namespaces") => Some(Deletion::Namespace),
            "delete" if self.is_resource() => Some(Deletion::One),
            _ if evicts => Some(Deletion::One),
            _ => None,
        }
    }

    /// Whether it opens a shell in a container, or what can be used as one: `exec` of a shell or on a terminal, `attach` with an input.
    /// A command that starts one by itself (`env sh`) is found by its words; a program of the image's own is not.
    ///
    /// ```
    /// use portcullis_sdk::Request;
    ///
    /// assert!(Request::kubectl("exec -it web -- bash").build().opens_shell());
    /// assert!(Request::kubectl("exec web -- env sh -c id").build().opens_shell());
    /// assert!(!Request::kubectl("exec web -- ls /").build().opens_shell());
    /// ```
    pub fn opens_shell(&self) -> bool {
        if !self.group().is_empty() || self.resource() != "pods" {
            return false;
        }
        let on = |key: &str| self.query(key).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"));
        match self.subresource() {
            Some("exec") => on("tty") || self.command_words().any(|word| SHELLS.contains(&word.rsplit('/').next().unwrap_or(word))),
            Some("attach") => on("stdin"),
            _ => false,
        }
    }

    /// The words of the command that an `exec` runs.
    pub fn command_words(&self) -> impl Iterator<Item = &str> {
        self.facts().request.query.iter().filter(|(key, _)| key == "command").map(|(_, word)| word.as_str())
    }

    /// The whole object as it would be after this write, as a type of yours or of `k8s-openapi` (with this crate's feature of that name,
    /// `request.object::<portcullis_sdk::k8s_openapi::api::apps::v1::Deployment>()`). Reading one field by its pointer costs less: see [`Body::get`].
    ///
    /// # Errors
    ///
    /// As [`Request::after_write`], and when it is of another type.
    pub fn object<T: serde::de::DeserializeOwned>(&self) -> Result<T, String> {
        self.after_write(|object| object.to())?
    }
}
