//! `auth` and `certificate`.

use super::args::Args;
use super::input::Input;
use super::object::{nested, object, put, text};
use super::resource::Resource;
use super::sending::Sending;
use super::{Line, ParseError};
use crate::body::BodyType;
use crate::{Json, Method};

fn asked(args: &Args, resource: &str, spec: Option<Json>) -> Result<Line, ParseError> {
    let resource = Resource::parse(resource)?;
    let mut json = object([("kind", text(resource.kind.unwrap_or_default())), ("apiVersion", text(resource.api_version()))]);
    put(&mut json, "spec", spec);
    Ok(Sending::new(args, Method::Post, resource.collection(None)).body(BodyType::Json, json).finish())
}

pub(super) fn can_i(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let namespace = if args.is("all-namespaces") { None } else { Some(args.value("namespace").unwrap_or("default")) };
    if args.is("list") {
        args.no_more(0)?;
        return asked(args, "selfsubjectrulesreviews", Some(object([("namespace", text(namespace.unwrap_or_default()))])));
    }
    let verb = args.word(0, "a verb and a resource")?;
    let about = args.word(1, "a verb and a resource")?;
    args.no_more(3)?;
    if about.starts_with('/') {
        let attributes = object([("path", text(about)), ("verb", text(verb))]);
        return asked(args, "selfsubjectaccessreviews", Some(object([("nonResourceAttributes", attributes)])));
    }
    let (word, name) = about.split_once('/').map_or((about, args.words.get(2).map(String::as_str)), |(word, name)| (word, Some(name)));
    let (group, resource) = if word == "*" {
        (String::new(), "*".to_owned())
    } else {
        let found = Resource::parse(word)?;
        (found.group, found.resource)
    };
    let mut attributes = object([("verb", text(verb)), ("resource", text(resource))]);
    put(&mut attributes, "group", (!group.is_empty()).then(|| text(group)));
    put(&mut attributes, "namespace", namespace.map(text));
    put(&mut attributes, "name", name.map(text));
    put(&mut attributes, "subresource", args.value("subresource").map(text));
    asked(args, "selfsubjectaccessreviews", Some(object([("resourceAttributes", attributes)])))
}

pub(super) fn who_am_i(args: &Args, _: &Input) -> Result<Line, ParseError> {
    args.no_more(0)?;
    asked(args, "selfsubjectreviews", None)
}

pub(super) fn approve(args: &Args, _: &Input) -> Result<Line, ParseError> {
    answered(args, "Approved")
}

pub(super) fn deny(args: &Args, _: &Input) -> Result<Line, ParseError> {
    answered(args, "Denied")
}

/// kubectl reads the request and sends it back with one more condition.
fn answered(args: &Args, answer: &str) -> Result<Line, ParseError> {
    let resource = Resource::parse("certificatesigningrequests")?;
    let word = args.word(0, "the name of a certificate signing request")?;
    args.no_more(1)?;
    let name = word.split_once('/').map_or(word, |(_, name)| name);
    let condition = object([
        ("type", text(answer)),
        ("status", text("True")),
        ("reason", text(if answer == "Approved" { "KubectlApprove" } else { "KubectlDeny" })),
        ("message", text(format!("This CSR was {} by kubectl certificate {}.", answer.to_ascii_lowercase(), if answer == "Approved" { "approve" } else { "deny" }))),
    ]);
    let mut json = super::object::of(&resource, name, None);
    put(&mut json, "status", Some(nested(&["conditions"], Json::Array(vec![condition]))));
    let path = format!("{}/{name}/approval", resource.collection(None));
    Ok(Sending::new(args, Method::Put, path).body(BodyType::Json, json).finish())
}
