//! What `create` makes of its flags.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::args::Args;
use super::input::{Input, set};
use super::object::{self, list, nested, number, object, put, text};
use super::read::seconds;
use super::resource::{Resource, Target};
use super::sending::Sending;
use super::{Line, ParseError};
use crate::body::BodyType;
use crate::{Json, Method};

const RBAC: &str = "rbac.authorization.k8s.io";

/// The object of a resource that the command's first word names, as far as that goes.
fn named(args: &Args, resource: &str) -> Result<(Resource, Json), ParseError> {
    let resource = Resource::parse(resource)?;
    let name = args.word(0, "a name")?;
    args.no_more(1)?;
    let namespace = args.value("namespace").filter(|_| resource.cluster != Some(true));
    let json = object::of(&resource, name, namespace);
    Ok((resource, json))
}

fn created(args: &Args, resource: &Resource, json: Json) -> Result<Line, ParseError> {
    let namespace = resource.namespace(args.value("namespace"));
    let sending = Sending::new(args, Method::Post, resource.collection(namespace.as_deref())).body(BodyType::Json, json);
    Ok(sending.manager("kubectl-create").validation()?.dry_run()?.finish())
}

pub(super) fn namespace(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, json) = named(args, "namespaces")?;
    created(args, &resource, json)
}

pub(super) fn service_account(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, json) = named(args, "serviceaccounts")?;
    created(args, &resource, json)
}

/// The pairs of `--from-literal`. Files are none of the line's.
fn literals(args: &Args) -> Result<Vec<(&str, &str)>, ParseError> {
    let pair = |literal: &'_ str| ParseError::FlagValue { flag: "from-literal", why: format!("is `{literal}`: write KEY=VALUE") };
    args.all("from-literal").map(|literal| literal.split_once('=').ok_or_else(|| pair(literal))).collect()
}

pub(super) fn config_map(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, mut json) = named(args, "configmaps")?;
    let data: Vec<_> = literals(args)?.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect();
    put(&mut json, "data", (!data.is_empty()).then_some(Json::Object(data)));
    created(args, &resource, json)
}

pub(super) fn secret(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, mut json) = named(args, "secrets")?;
    let data: Vec<_> = literals(args)?.into_iter().map(|(key, value)| (key.to_owned(), text(STANDARD.encode(value)))).collect();
    put(&mut json, "data", (!data.is_empty()).then_some(Json::Object(data)));
    put(&mut json, "type", Some(text(args.value("type").unwrap_or("Opaque"))));
    created(args, &resource, json)
}

/// A container of each image, named after it.
fn containers(args: &Args, name: Option<&str>) -> Result<Vec<Json>, ParseError> {
    let images: Vec<&str> = args.list("image").collect();
    if images.is_empty() {
        return Err(args.usage("needs --image: write the image to run"));
    }
    Ok(images
        .into_iter()
        .map(|image| {
            let of_image = image.rsplit('/').next().unwrap_or(image).split([':', '@']).next().unwrap_or(image);
            object([("name", text(name.unwrap_or(of_image))), ("image", text(image))])
        })
        .collect())
}

pub(super) fn deployment(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, mut json) = named(args, "deployments")?;
    let name = args.word(0, "a name")?;
    let mut containers = containers(args, None)?;
    if let Some(first) = containers.first_mut() {
        put(first, "command", (!args.after.is_empty()).then(|| list(args.after.iter().map(String::as_str))));
        put(first, "ports", args.number("port")?.map(|port| Json::Array(vec![object([("containerPort", number(port))])])));
    }
    let labels = || object([("app", text(name))]);
    set(&mut json, &["metadata", "labels"], labels());
    let template = object([("metadata", nested(&["labels"], labels())), ("spec", nested(&["containers"], Json::Array(containers)))]);
    let spec = object([("replicas", number(args.number("replicas")?.unwrap_or(1))), ("selector", nested(&["matchLabels"], labels())), ("template", template)]);
    put(&mut json, "spec", Some(spec));
    created(args, &resource, json)
}

/// The specification of a job, whose pods are restarted so by default.
fn job_spec(args: &Args, restart: &str) -> Result<Json, ParseError> {
    let mut containers = containers(args, Some(args.word(0, "a name")?))?;
    if let Some(first) = containers.first_mut() {
        put(first, "command", (!args.after.is_empty()).then(|| list(args.after.iter().map(String::as_str))));
    }
    let pod = object([("containers", Json::Array(containers)), ("restartPolicy", text(args.value("restart").unwrap_or(restart)))]);
    Ok(nested(&["template", "spec"], pod))
}

pub(super) fn job(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, mut json) = named(args, "jobs")?;
    put(&mut json, "spec", Some(job_spec(args, "Never")?));
    created(args, &resource, json)
}

pub(super) fn cron_job(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, mut json) = named(args, "cronjobs")?;
    let schedule = args.value("schedule").ok_or_else(|| args.usage("needs --schedule: write when it runs, such as \"0 3 * * *\""))?;
    let template = object([("metadata", nested(&["name"], text(args.word(0, "a name")?))), ("spec", job_spec(args, "OnFailure")?)]);
    put(&mut json, "spec", Some(object([("schedule", text(schedule)), ("jobTemplate", template)])));
    created(args, &resource, json)
}

pub(super) fn role(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, mut json) = named(args, "roles")?;
    put(&mut json, "rules", Some(rules(args)?));
    created(args, &resource, json)
}

pub(super) fn cluster_role(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (resource, mut json) = named(args, "clusterroles")?;
    put(&mut json, "rules", Some(rules(args)?));
    created(args, &resource, json)
}

/// A rule for each group, and one for the paths.
fn rules(args: &Args) -> Result<Json, ParseError> {
    let verbs = || list(args.list("verb"));
    if args.list("verb").next().is_none() {
        return Err(args.usage("needs --verb: write what is allowed, such as get,list"));
    }
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for word in args.list("resource") {
        let (word, subresource) = word.split_once('/').map_or((word, None), |(word, subresource)| (word, Some(subresource)));
        let (group, mut resource) = if word == "*" {
            ("*".to_owned(), "*".to_owned())
        } else {
            let found = Resource::parse(word)?;
            (found.group, found.resource)
        };
        if let Some(subresource) = subresource {
            resource = format!("{resource}/{subresource}");
        }
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, resources)) => resources.push(resource),
            None => groups.push((group, vec![resource])),
        }
    }
    let names: Vec<&str> = args.list("resource-name").collect();
    let mut rules = Vec::new();
    for (group, resources) in &groups {
        let mut rule = object([("verbs", verbs()), ("apiGroups", list([group.as_str()])), ("resources", list(resources.iter().map(String::as_str)))]);
        put(&mut rule, "resourceNames", (!names.is_empty()).then(|| list(names.iter().copied())));
        rules.push(rule);
    }
    let paths: Vec<&str> = args.list("non-resource-url").collect();
    if !paths.is_empty() {
        rules.push(object([("verbs", verbs()), ("nonResourceURLs", list(paths))]));
    }
    if rules.is_empty() { Err(args.usage("needs --resource or --non-resource-url: write what the role is about")) } else { Ok(Json::Array(rules)) }
}

pub(super) fn role_binding(args: &Args, _: &Input) -> Result<Line, ParseError> {
    bound(args, "rolebindings")
}

pub(super) fn cluster_role_binding(args: &Args, _: &Input) -> Result<Line, ParseError> {
    bound(args, "clusterrolebindings")
}

fn bound(args: &Args, resource: &str) -> Result<Line, ParseError> {
    let (resource, mut json) = named(args, resource)?;
    let (kind, role) = match (args.value("clusterrole"), args.value("role")) {
        (Some(role), None) => ("ClusterRole", role),
        (None, Some(role)) if resource.cluster == Some(false) => ("Role", role),
        _ => return Err(args.usage("needs one role: write --clusterrole, or for a rolebinding --role")),
    };
    let mut subjects = Vec::new();
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        subjects.extend(args.list(flag).map(|name| object([("kind", text(kind)), ("apiGroup", text(RBAC)), ("name", text(name))])));
    }
    for account in args.list("serviceaccount") {
        let (namespace, name) = account
            .split_once(':')
            .ok_or_else(|| ParseError::FlagValue { flag: "serviceaccount", why: format!("is `{account}`: write NAMESPACE:NAME") })?;
        subjects.push(object([("kind", text("ServiceAccount")), ("name", text(name)), ("namespace", text(namespace))]));
    }
    put(&mut json, "subjects", Some(Json::Array(subjects)));
    put(&mut json, "roleRef", Some(object([("apiGroup", text(RBAC)), ("kind", text(kind)), ("name", text(role))])));
    created(args, &resource, json)
}

pub(super) fn token(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let resource = Resource::parse("serviceaccounts")?;
    let name = args.word(0, "the name of a service account")?;
    args.no_more(1)?;
    let mut spec = object([("audiences", list(args.list("audience")))]);
    if let Some(duration) = args.value("duration") {
        put(&mut spec, "expirationSeconds", Some(number(seconds("duration", duration)?)));
    }
    if let Some(kind) = args.value("bound-object-kind") {
        let mut bound = object([("kind", text(kind)), ("apiVersion", text("v1"))]);
        put(&mut bound, "name", args.value("bound-object-name").map(text));
        put(&mut bound, "uid", args.value("bound-object-uid").map(text));
        put(&mut spec, "boundObjectRef", Some(bound));
    }
    let json = object([("kind", text("TokenRequest")), ("apiVersion", text("authentication.k8s.io/v1")), ("spec", spec)]);
    let target = Target { namespace: resource.namespace(args.value("namespace")), resource, name: Some(name.to_owned()) };
    Ok(Sending::new(args, Method::Post, target.path_to("token")).body(BodyType::Json, json).finish())
}
