//! `get`, `describe`, `logs` and what else only reads.

use super::args::Args;
use super::input::Input;
use super::resource::{Resource, Target};
use super::sending::Sending;
use super::{Line, ParseError};
use crate::Method;

/// How many objects kubectl asks for at a time.
const CHUNK: &str = "500";

pub(super) fn get(args: &Args, input: &Input) -> Result<Line, ParseError> {
    if let Some(target) = args.value("raw") {
        args.no_more(0)?;
        return Ok(Sending::new(args, Method::Get, String::new()).raw(target));
    }
    if args.value("filename").is_some() {
        let (target, _) = input.object(args)?;
        return Ok(Sending::new(args, Method::Get, target.path()).finish());
    }
    let watch = args.is("watch") || args.is("watch-only");
    let (target, rest) = Target::read(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    if let Some(subresource) = args.value("subresource") {
        return match (&target.name, watch) {
            (Some(_), false) => Ok(Sending::new(args, Method::Get, target.path_to(subresource)).finish()),
            _ => Err(args.usage("reads the subresource of one object: name it, without -w")),
        };
    }
    one_or_many(args, target, watch)
}

pub(super) fn describe(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::read(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    one_or_many(args, target, false)
}

/// A watch of one object is that of a collection, with its name as a selector.
fn one_or_many(args: &Args, mut target: Target, watch: bool) -> Result<Line, ParseError> {
    let name = if watch { target.name.take() } else { None };
    let path = target.path();
    let sending = Sending::new(args, Method::Get, path);
    if target.name.is_some() {
        return Ok(sending.finish());
    }
    let sending = selected(args, sending, name.as_deref());
    if watch {
        return Ok(sending.query("watch", "true").finish());
    }
    Ok(match args.value("chunk-size").unwrap_or(CHUNK) {
        "0" => sending,
        limit => sending.query("limit", limit),
    }
    .finish())
}

/// By labels and by fields.
fn selected<'a>(args: &'a Args, sending: Sending<'a>, name: Option<&str>) -> Sending<'a> {
    let fields = args.value("field-selector").map(str::to_owned).into_iter().chain(name.map(|name| format!("metadata.name={name}")));
    let fields: Vec<String> = fields.collect();
    let sending = if fields.is_empty() { sending } else { sending.query("fieldSelector", fields.join(",")) };
    sending.flag("selector", "labelSelector")
}

pub(super) fn logs(args: &Args, _: &Input) -> Result<Line, ParseError> {
    if args.value("selector").is_some() || args.is("all-containers") || args.is("all-pods") {
        return Err(args.usage("reads the log of each container alone: name one pod, and one container with -c"));
    }
    let pod = Target::pod(args, 0)?;
    args.no_more(2)?;
    let mut sending = Sending::new(args, Method::Get, pod.path_to("log"));
    let container = args.value("container").or(args.words.get(1).map(String::as_str));
    if let Some(container) = container {
        sending = sending.query("container", container);
    }
    for (flag, key) in [("follow", "follow"), ("previous", "previous"), ("timestamps", "timestamps"), ("insecure-skip-tls-verify-backend", "insecureSkipTLSVerifyBackend")] {
        sending = sending.switch(flag, key);
    }
    if args.number("tail")?.is_some_and(|lines| lines >= 0) {
        sending = sending.flag("tail", "tailLines");
    }
    if let Some(since) = args.value("since").filter(|since| *since != "0") {
        sending = sending.query("sinceSeconds", seconds("since", since)?.to_string());
    }
    Ok(sending.flag("since-time", "sinceTime").flag("limit-bytes", "limitBytes").finish())
}

/// A length of time as Go writes it, in whole seconds: `1h30m`, `90s`.
pub(super) fn seconds(flag: &'static str, text: &str) -> Result<i64, ParseError> {
    let wrong = || ParseError::FlagValue { flag, why: format!("is `{text}`: write a length of time such as 90s, 15m or 1h30m") };
    let (mut total, mut rest) = (0_i64, text);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = match rest.as_bytes().get(digits) {
            Some(b'h') => 3_600,
            Some(b'm') if rest.as_bytes().get(digits + 1) != Some(&b's') => 60,
            Some(b's') => 1,
            _ => return Err(wrong()),
        };
        total = number.checked_mul(unit).and_then(|more| total.checked_add(more)).ok_or_else(wrong)?;
        rest = &rest[digits + 1..];
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

pub(super) fn events(args: &Args, _: &Input) -> Result<Line, ParseError> {
    args.no_more(0)?;
    let events = Resource::parse("events")?;
    let namespace = if args.is("all-namespaces") { None } else { events.namespace(args.value("namespace")) };
    let mut sending = Sending::new(args, Method::Get, events.collection(namespace.as_deref()));
    if let Some(about) = args.value("for") {
        let (resource, name) = about.split_once('/').ok_or_else(|| args.usage("has a --for that is no TYPE/NAME: write one, such as pod/web"))?;
        let resource = Resource::parse(resource)?;
        let kind = resource.kind.ok_or_else(|| args.usage("knows the kind of Kubernetes' own resources only: leave --for out"))?;
        sending = sending.query(
            "fieldSelector",
            format!("involvedObject.kind={kind},involvedObject.apiVersion={},involvedObject.name={name}", resource.api_version()),
        );
    }
    let sending = if args.is("watch") { sending.query("watch", "true") } else { sending.query("limit", args.value("chunk-size").unwrap_or(CHUNK)) };
    Ok(sending.finish())
}

/// It gets the object, and watches it then.
pub(super) fn wait(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    one_or_many(args, target, true)
}

pub(super) fn top_pods(args: &Args, _: &Input) -> Result<Line, ParseError> {
    top(args, "pods", true)
}

pub(super) fn top_nodes(args: &Args, _: &Input) -> Result<Line, ParseError> {
    top(args, "nodes", false)
}

fn top(args: &Args, resource: &str, namespaced: bool) -> Result<Line, ParseError> {
    let mut resource = Resource::parse(&format!("{resource}.metrics.k8s.io"))?;
    resource.cluster = Some(!namespaced);
    let namespace = if args.is("all-namespaces") { None } else { resource.namespace(args.value("namespace")) };
    args.no_more(1)?;
    let target = Target { resource, namespace, name: args.words.first().cloned() };
    let sending = Sending::new(args, Method::Get, target.path());
    Ok(if target.name.is_some() { sending } else { selected(args, sending, None) }.finish())
}

/// A path that is no resource.
pub(super) fn path(args: &Args, path: &str) -> Result<Line, ParseError> {
    Ok(Sending::new(args, Method::Get, path.to_owned()).finish())
}

pub(super) fn cluster_info(args: &Args, _: &Input) -> Result<Line, ParseError> {
    args.no_more(0)?;
    let services = "/api/v1/namespaces/kube-system/services".to_owned();
    Ok(Sending::new(args, Method::Get, services).query("labelSelector", "kubernetes.io/cluster-service=true").finish())
}
