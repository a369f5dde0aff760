//! `set`, `label` and `annotate`: patches of a few fields.

use super::args::Args;
use super::input::Input;
use super::object::{nested, object, put, text};
use super::resource::Target;
use super::sending::Sending;
use super::workload::pairs;
use super::{Line, ParseError};
use crate::body::BodyType;
use crate::{Json, Method};

/// Where a resource has its pods' specification.
fn pod_spec(target: &Target) -> Option<&'static [&'static str]> {
    match (target.resource.group.as_str(), target.resource.resource.as_str()) {
        ("", "pods") => Some(&["spec"]),
        ("batch", "cronjobs") => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        ("apps", _) | ("batch", "jobs") | ("", "replicationcontrollers") => Some(&["spec", "template", "spec"]),
        _ => None,
    }
}

/// A patch of a pod specification.
fn patched(args: &Args, target: &Target, patch: Json) -> Result<Line, ParseError> {
    let spec = pod_spec(target).ok_or_else(|| args.usage("changes what runs pods: name a deployment or another workload"))?;
    let sending = Sending::new(args, Method::Patch, target.path()).body(BodyType::StrategicMerge, nested(spec, patch));
    Ok(sending.manager("kubectl-set").dry_run()?.finish())
}

/// Of some containers, as a strategic merge patch names them: with their order.
fn containers(changed: Vec<(&str, Json)>) -> Json {
    let order = changed.iter().map(|(name, _)| object([("name", text(*name))])).collect();
    let changed = changed.into_iter().map(|(name, mut container)| {
        put(&mut container, "name", Some(text(name)));
        container
    });
    object([("$setElementOrder/containers", Json::Array(order)), ("containers", Json::Array(changed.collect()))])
}

pub(super) fn image(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    let mut changed = Vec::new();
    for word in rest {
        match word.split_once('=') {
            Some((container, image)) if container != "*" => changed.push((container, object([("image", text(image))]))),
            _ => return Err(args.usage(format!("has the word `{word}`: write CONTAINER=IMAGE, since only the cluster knows all containers"))),
        }
    }
    if changed.is_empty() {
        return Err(args.usage("needs an image: write CONTAINER=IMAGE"));
    }
    patched(args, &target, containers(changed))
}

/// The container that a change is for.
fn container(args: &Args) -> Result<&str, ParseError> {
    let name = args.value("containers").filter(|name| !name.contains(['*', '?']));
    name.ok_or_else(|| args.usage("changes all containers, which only the cluster knows: name one with -c"))
}

pub(super) fn env(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    let container = container(args)?;
    let mut variables = Vec::new();
    for word in rest.iter().map(String::as_str).chain(args.all("env")) {
        variables.push(match (word.split_once('='), word.strip_suffix('-')) {
            (Some((name, value)), _) => object([("name", text(name)), ("value", text(value))]),
            (None, Some(name)) => object([("$patch", text("delete")), ("name", text(name))]),
            (None, None) => return Err(args.usage(format!("has the word `{word}`: write NAME=VALUE, or NAME- to remove it"))),
        });
    }
    if variables.is_empty() {
        return Err(args.usage("needs a variable: write NAME=VALUE, or NAME- to remove it"));
    }
    patched(args, &target, containers(vec![(container, object([("env", Json::Array(variables))]))]))
}

pub(super) fn resources(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    let mut resources = object([]);
    put(&mut resources, "limits", pairs("limits", args)?);
    put(&mut resources, "requests", pairs("requests", args)?);
    patched(args, &target, containers(vec![(container(args)?, object([("resources", resources)]))]))
}

pub(super) fn service_account(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    let [account] = rest else { return Err(args.usage("needs one service account: write its name last")) };
    patched(args, &target, object([("serviceAccountName", text(account.as_str()))]))
}

pub(super) fn label(args: &Args, _: &Input) -> Result<Line, ParseError> {
    marked(args, "labels", "kubectl-label")
}

pub(super) fn annotate(args: &Args, _: &Input) -> Result<Line, ParseError> {
    marked(args, "annotations", "kubectl-annotate")
}

/// `KEY=VALUE` sets, and `KEY-` removes.
fn marked(args: &Args, what: &str, manager: &str) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    let mut marks = Vec::new();
    for word in rest {
        marks.push(match (word.split_once('='), word.strip_suffix('-')) {
            (Some((key, value)), _) => (key.to_owned(), text(value)),
            (None, Some(key)) => (key.to_owned(), Json::Null),
            (None, None) => return Err(args.usage(format!("has the word `{word}`: write KEY=VALUE, or KEY- to remove it"))),
        });
    }
    if marks.is_empty() {
        return Err(args.usage("needs what to set: write KEY=VALUE, or KEY- to remove it"));
    }
    let mut metadata = object([(what, Json::Object(marks))]);
    put(&mut metadata, "resourceVersion", args.value("resource-version").map(text));
    let sending = Sending::new(args, Method::Patch, target.path()).body(BodyType::MergePatch, object([("metadata", metadata)]));
    Ok(sending.manager(manager).dry_run()?.finish())
}
