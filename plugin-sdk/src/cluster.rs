//! Objects of the cluster that the request goes to, as they are now. For guards and approval routers. The bundle must ask for the resources, and for the fields
//! where it does not need all, under `capabilities.cluster`, and the operator must grant them under `grants.cluster`; Secrets only by name.
//!
//! The gateway reads with its own credential for whoever asks, as the caller where the connection impersonates, and keeps an answer for some seconds: what
//! you see may be that old. A component may ask 32 times for each request, for 64 fields at a time.
//!
//! ```
//! use portcullis_sdk::{JsonSchema, Request, Verdict, cluster};
//!
//! #[derive(serde::Deserialize, JsonSchema)]
//! struct Config {}
//!
//! fn judge(_config: &Config, request: &Request) -> Verdict {
//!     let (Some(namespace), "delete") = (request.namespace(), request.verb()) else { return Verdict::NoOpinion };
//!     let labels = cluster::get(&cluster::resource("v1", "namespaces"), None, namespace, &["/metadata/labels/frozen"]);
//!     match labels {
//!         Ok(Some(object)) if object.get::<String>("/metadata/labels/frozen").is_some() => Verdict::deny("frozen", "this namespace is frozen"),
//!         Ok(_) => Verdict::NoOpinion,
//!         // A guard that cannot see refuses.
//!         Err(why) => Verdict::deny("frozen", why),
//!     }
//! }
//!
//! // A test says which objects there are:
//! portcullis_sdk::testing::set_objects("namespaces", &[r#"{"metadata": {"name": "shop", "labels": {"frozen": "yes"}}}"#]);
//! assert!(judge(&Config {}, &Request::delete("/api/v1/namespaces/shop/pods/web")).is_deny());
//! assert_eq!(judge(&Config {}, &Request::delete("/api/v1/namespaces/test/pods/web")), Verdict::NoOpinion);
//! ```

use serde::de::DeserializeOwned;

use crate::Request;
pub use crate::bindings::common::portcullis::policy::cluster::{Question, ResourceType};
use crate::bindings::common::portcullis::policy::cluster as wit;

/// A resource by its API version and plural, as a manifest and a path say it: `("v1", "pods")`, `("apps/v1", "deployments")`.
pub fn resource(api_version: &str, plural: &str) -> ResourceType {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ResourceType { group: group.to_owned(), version: version.to_owned(), resource: plural.to_owned() }
}

/// The resource that a request is about.
pub fn resource_of(request: &Request<'_>) -> ResourceType {
    ResourceType { group: request.group().to_owned(), version: request.version().to_owned(), resource: request.resource().to_owned() }
}

/// Some fields of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its namespace; nothing for a cluster-scoped one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    fields: Vec<(String, Option<String>)>,
}

impl Object {
    fn of(object: wit::Object, pointers: &[String]) -> Object {
        Object { namespace: object.namespace, name: object.name, fields: pointers.iter().cloned().zip(object.fields).collect() }
    }

    /// The value at one of the pointers that were asked for; nothing when the object has none there, or `null`.
    ///
    /// # Panics
    ///
    /// When there is a value of another type, or the pointer was not asked for. That refuses the request. [`Object::try_get`] gives the error instead.
    pub fn get<T: DeserializeOwned>(&self, pointer: &str) -> Option<T> {
        match self.try_get(pointer) {
            Ok(value) => value,
            Err(message) => panic!("{message}"),
        }
    }

    /// Like [`Object::get`], with an error when the value is of another type or was not asked for: a sentence that names the pointer.
    ///
    /// # Errors
    ///
    /// The sentence.
    pub fn try_get<T: DeserializeOwned>(&self, pointer: &str) -> Result<Option<T>, String> {
        let Some((_, text)) = self.fields.iter().find(|(asked, _)| asked == pointer) else {
            return Err(format!("the policy did not ask for {pointer} when it read the object"));
        };
        match text {
            None => Ok(None),
            Some(text) => crate::json::from_str(text)
                .map_err(|error| format!("the value at {pointer} of `{}` is not what the policy expects: {error}", self.name)),
        }
    }
}

/// What [`list`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Objects {
    /// In the API server's order.
    pub items: Vec<Object>,
    /// False when there are more than the 500 that are given.
    pub complete: bool,
}

/// Some fields of one object, or nothing when there is none of that name. The pointers are RFC 6901, at most 64; those below `/metadata` cost least.
/// In tests the objects are those of [`testing::set_objects`](crate::testing::set_objects).
///
/// # Errors
///
/// A sentence: the resource or a field was not granted, or the cluster did not answer.
pub fn get(resource: &ResourceType, namespace: Option<&str>, name: &str, pointers: &[&str]) -> Result<Option<Object>, String> {
    let pointers = owned(pointers);
    #[cfg(target_arch = "wasm32")]
    let found = wit::get(resource, namespace, name, &pointers)?;
    #[cfg(not(target_arch = "wasm32"))]
    let found = crate::testing::get_object(resource, namespace, name, &pointers)?;
    Ok(found.map(|object| Object::of(object, &pointers)))
}

/// Some fields of the objects that a label selector selects, in one namespace or in all; without pointers their names alone. The selector is as
/// `kubectl --selector` takes it, empty for all.
///
/// # Errors
///
/// As [`get`], and when the selector is none.
pub fn list(resource: &ResourceType, namespace: Option<&str>, label_selector: &str, pointers: &[&str]) -> Result<Objects, String> {
    let pointers = owned(pointers);
    let selection = wit::Selection { type_: resource.clone(), namespace: namespace.map(str::to_owned), label_selector: label_selector.to_owned() };
    #[cfg(target_arch = "wasm32")]
    let found = wit::list(&selection, &pointers)?;
    #[cfg(not(target_arch = "wasm32"))]
    let found = crate::testing::list_objects(&selection, &pointers)?;
    Ok(Objects { items: found.items.into_iter().map(|object| Object::of(object, &pointers)).collect(), complete: found.complete })
}

/// Whether the cluster's own RBAC would let the caller do it: by a SelfSubjectAccessReview for them. Where the connection does not impersonate, that is what
/// the gateway's own credential may do, since with it the request would be made.
/// In tests it is what [`testing::set_can_i`](crate::testing::set_can_i) says.
///
/// # Errors
///
/// A sentence: the cluster did not answer.
pub fn can_i(question: &Question) -> Result<bool, String> {
    #[cfg(target_arch = "wasm32")]
    return wit::can_i(question);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::can_i(question)
}

/// The question whether the caller may do something with a resource; its other parts are set by the fields.
pub fn question(verb: &str, resource: &ResourceType) -> Question {
    Question { verb: verb.to_owned(), type_: resource.clone(), subresource: None, namespace: None, name: None }
}

fn owned(pointers: &[&str]) -> Vec<String> {
    pointers.iter().map(|pointer| (*pointer).to_owned()).collect()
}

#[cfg(test)]
mod tests;
