//! What is done to workloads, and what makes one.

use super::args::Args;
use super::input::Input;
use super::object::{self, list, nested, number, object, put, text};
use super::resource::{Resource, Target};
use super::sending::Sending;
use super::{Line, ParseError};
use crate::body::BodyType;
use crate::{Json, Method};

/// When `rollout restart` says that it was: this crate has no clock, and a test wants the same line to be the same request.
const RESTARTED: &str = "1970-01-01T00:00:00Z";

pub(super) fn scale(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    let replicas = args.number("replicas")?.ok_or_else(|| args.usage("needs --replicas: write how many"))?;
    let path = target.path_to("scale");
    let spec = nested(&["replicas"], number(replicas));
    // With a condition kubectl reads the scale and replaces it, and otherwise it patches.
    if args.value("resource-version").is_none() && args.number("current-replicas")?.is_none() {
        return Ok(Sending::new(args, Method::Patch, path).body(BodyType::MergePatch, object([("spec", spec)])).dry_run()?.finish());
    }
    let mut metadata = object([("name", text(target.name.unwrap_or_default()))]);
    put(&mut metadata, "namespace", target.namespace.map(text));
    put(&mut metadata, "resourceVersion", args.value("resource-version").map(text));
    let json = object([("kind", text("Scale")), ("apiVersion", text("autoscaling/v1")), ("metadata", metadata), ("spec", spec)]);
    Ok(Sending::new(args, Method::Put, path).body(BodyType::Json, json).dry_run()?.finish())
}

fn rolled(args: &Args, patch: Json) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    let sending = Sending::new(args, Method::Patch, target.path()).body(BodyType::StrategicMerge, patch);
    Ok(sending.manager("kubectl-rollout").dry_run()?.finish())
}

pub(super) fn restart(args: &Args, _: &Input) -> Result<Line, ParseError> {
    rolled(args, nested(&["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"], text(RESTARTED)))
}

pub(super) fn pause(args: &Args, _: &Input) -> Result<Line, ParseError> {
    rolled(args, nested(&["spec", "paused"], Json::Bool(true)))
}

pub(super) fn resume(args: &Args, _: &Input) -> Result<Line, ParseError> {
    rolled(args, nested(&["spec", "paused"], Json::Null))
}

/// The former template is the cluster's, so the patch is the body.
pub(super) fn undo(args: &Args, input: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    let patch = input.take(args).map_err(|_| {
        ParseError::Input("`kubectl rollout undo` patches in a template that only the cluster has: give the patch as the body, such as [{\"op\":\"replace\",\"path\":\"/spec/template\",\"value\":{}}]".to_owned())
    })?;
    let kind = if patch.as_array().is_some() { BodyType::JsonPatch } else { BodyType::StrategicMerge };
    Ok(Sending::new(args, Method::Patch, target.path()).body(kind, patch).dry_run()?.finish())
}

/// It watches until the workload is rolled out.
pub(super) fn status(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (mut target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    let name = target.name.take().unwrap_or_default();
    let sending = Sending::new(args, Method::Get, target.path()).query("fieldSelector", format!("metadata.name={name}"));
    Ok(sending.query("watch", "true").finish())
}

pub(super) fn history(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    Ok(Sending::new(args, Method::Get, target.path()).finish())
}

/// `NAME=VALUE` of a container's environment.
fn environment(args: &Args) -> Result<Option<Json>, ParseError> {
    let variable = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => Ok(object([("name", text(name)), ("value", text(value))])),
        None => Err(ParseError::FlagValue { flag: "env", why: format!("is `{pair}`: write NAME=VALUE") }),
    };
    let variables = args.all("env").map(variable).collect::<Result<Vec<_>, _>>()?;
    Ok((!variables.is_empty()).then_some(Json::Array(variables)))
}

/// `a=b,c=d` as an object.
pub(super) fn pairs(flag: &'static str, args: &Args) -> Result<Option<Json>, ParseError> {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), text(value))),
        None => Err(ParseError::FlagValue { flag, why: format!("is `{pair}`: write KEY=VALUE") }),
    };
    let members = args.list(flag).map(pair).collect::<Result<Vec<_>, _>>()?;
    Ok((!members.is_empty()).then_some(Json::Object(members)))
}

pub(super) fn run(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let pods = Resource::parse("pods")?;
    let name = args.word(0, "a name")?;
    let image = args.value("image").ok_or_else(|| args.usage("needs --image: write the image to run"))?;
    if args.value("overrides").is_some() {
        return Err(args.usage("with --overrides is the object itself: write `create -f -` and give the pod as the body"));
    }
    let mut container = object([("name", text(name)), ("image", text(image))]);
    let words = args.words[1..].iter().chain(&args.after).map(String::as_str);
    let words = list(words);
    let has_words = words.as_array().is_some_and(|words| !words.is_empty());
    put(&mut container, if args.is("command") { "command" } else { "args" }, has_words.then_some(words));
    put(&mut container, "env", environment(args)?);
    put(&mut container, "ports", args.number("port")?.map(|port| Json::Array(vec![object([("containerPort", number(port))])])));
    put(&mut container, "imagePullPolicy", args.value("image-pull-policy").map(text));
    put(&mut container, "securityContext", args.is("privileged").then(|| object([("privileged", Json::Bool(true))])));
    if args.is("stdin") {
        put(&mut container, "stdin", Some(Json::Bool(true)));
        put(&mut container, "stdinOnce", (!args.is("leave-stdin-open")).then_some(Json::Bool(true)));
    }
    put(&mut container, "tty", args.is("tty").then_some(Json::Bool(true)));
    let mut metadata = object([("name", text(name)), ("labels", pairs("labels", args)?.unwrap_or_else(|| object([("run", text(name))])))]);
    put(&mut metadata, "annotations", pairs("annotations", args)?);
    let spec = object([("containers", Json::Array(vec![container])), ("restartPolicy", text(args.value("restart").unwrap_or("Always")))]);
    let pod = object([("apiVersion", text("v1")), ("kind", text("Pod")), ("metadata", metadata), ("spec", spec)]);
    let namespace = pods.namespace(args.value("namespace"));
    let sending = Sending::new(args, Method::Post, pods.collection(namespace.as_deref())).body(BodyType::Json, pod);
    Ok(sending.manager("kubectl-run").dry_run()?.finish())
}

/// A container beside those of a pod; a copy of a pod, and what runs on a node, are pods of their own.
pub(super) fn debug(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let word = args.word(0, "the name of a pod")?;
    if args.value("copy-to").is_some() || word.starts_with("node/") {
        return Err(args.usage("makes a pod of its own: write `create -f -` and give the pod as the body"));
    }
    let pod = Target::pod(args, 0)?;
    args.no_more(1)?;
    let image = args.value("image").ok_or_else(|| args.usage("needs --image: write the image to run"))?;
    let mut container = object([("name", text(args.value("container").unwrap_or("debugger"))), ("image", text(image))]);
    put(&mut container, "command", (!args.after.is_empty()).then(|| list(args.after.iter().map(String::as_str))));
    put(&mut container, "env", environment(args)?);
    put(&mut container, "targetContainerName", args.value("target").map(text));
    put(&mut container, "stdin", args.is("stdin").then_some(Json::Bool(true)));
    put(&mut container, "tty", args.is("tty").then_some(Json::Bool(true)));
    // The profile that kubectl takes unless it is told another.
    put(&mut container, "securityContext", args.value("profile").is_none_or(|profile| profile == "general").then(|| nested(&["capabilities", "add"], list(["SYS_PTRACE"]))));
    let patch = nested(&["spec", "ephemeralContainers"], Json::Array(vec![container]));
    Ok(Sending::new(args, Method::Patch, pod.path_to("ephemeralcontainers")).body(BodyType::StrategicMerge, patch).finish())
}

/// Which pods the service leads to is the cluster's word, unless the line says so.
pub(super) fn expose(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let services = Resource::parse("services")?;
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    let port = args.number("port")?.ok_or_else(|| args.usage("needs --port: write the port of the service"))?;
    let mut ports = object([("protocol", text(args.value("protocol").unwrap_or("TCP"))), ("port", number(port))]);
    let to = args.value("target-port").map(|to| to.parse().map_or_else(|_| text(to), number));
    put(&mut ports, "targetPort", Some(to.unwrap_or_else(|| number(port))));
    let mut spec = object([("ports", Json::Array(vec![ports]))]);
    put(&mut spec, "selector", pairs("selector", args)?);
    put(&mut spec, "type", args.value("type").map(text));
    put(&mut spec, "externalIPs", args.value("external-ip").map(|address| list([address])));
    let name = args.value("name").map(str::to_owned).or(target.name).unwrap_or_default();
    let mut json = object::of(&services, &name, None);
    put(&mut json, "spec", Some(spec));
    let namespace = services.namespace(args.value("namespace"));
    let sending = Sending::new(args, Method::Post, services.collection(namespace.as_deref())).body(BodyType::Json, json);
    Ok(sending.manager("kubectl-expose").dry_run()?.finish())
}

pub(super) fn autoscale(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let scalers = Resource::parse("horizontalpodautoscalers")?;
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    let most = args.number("max")?.ok_or_else(|| args.usage("needs --max: write the most replicas"))?;
    let kind = target.resource.kind.ok_or_else(|| args.usage("scales Kubernetes' own workloads: name a deployment, a replica set or a stateful set"))?;
    let name = target.name.unwrap_or_default();
    let reference = object([("kind", text(kind)), ("name", text(name.as_str())), ("apiVersion", text(target.resource.api_version()))]);
    let mut spec = object([("scaleTargetRef", reference), ("maxReplicas", number(most))]);
    put(&mut spec, "minReplicas", args.number("min")?.filter(|least| *least > 0).map(number));
    let percent = args.value("cpu").or(args.value("cpu-percent")).map(|percent| percent.trim_end_matches('%').parse::<i64>());
    if let Some(percent) = percent {
        let percent = percent.map_err(|_| ParseError::FlagValue { flag: "cpu", why: "is no share of what is requested: write it as 70%".to_owned() })?;
        let resource = object([("name", text("cpu")), ("target", object([("type", text("Utilization")), ("averageUtilization", number(percent))]))]);
        put(&mut spec, "metrics", Some(Json::Array(vec![object([("type", text("Resource")), ("resource", resource)])])));
    }
    let mut json = object::of(&scalers, args.value("name").unwrap_or(&name), args.value("namespace"));
    put(&mut json, "spec", Some(spec));
    let sending = Sending::new(args, Method::Post, scalers.collection(target.namespace.as_deref())).body(BodyType::Json, json);
    Ok(sending.manager("kubectl-autoscale").dry_run()?.finish())
}
