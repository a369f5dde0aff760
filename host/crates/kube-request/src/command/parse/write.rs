//! `create`, `apply`, `replace`, `patch`, `edit` and `delete`.

use super::args::Args;
use super::input::{self, Input};
use super::object::{number, object, put, text};
use super::read::seconds;
use super::resource::Target;
use super::sending::Sending;
use super::{Line, ParseError};
use crate::body::BodyType;
use crate::{Json, Method};

/// Of a path that is written out.
fn raw(args: &Args, input: &Input, method: Method, target: &str) -> Result<Line, ParseError> {
    args.no_more(0)?;
    let sending = Sending::new(args, method, String::new());
    Ok(match args.value("filename") {
        Some(_) => sending.body(BodyType::Json, input.take(args)?),
        None if method == Method::Delete => sending,
        None => return Err(args.usage("with --raw needs a body: write `-f -` and give it")),
    }
    .raw(target))
}

/// `create -f -`; what `create` makes itself is in `create.rs`.
pub(super) fn create(args: &Args, input: &Input) -> Result<Line, ParseError> {
    if let Some(target) = args.value("raw") {
        return raw(args, input, Method::Post, target);
    }
    let (target, json) = input.object(args)?;
    let collection = Target { name: None, ..target };
    let sending = Sending::new(args, Method::Post, collection.path()).body(BodyType::Json, json);
    Ok(sending.manager("kubectl-create").validation()?.dry_run()?.finish())
}

/// The first time: afterwards it is a patch of what has changed since, which only the cluster knows.
pub(super) fn apply(args: &Args, input: &Input) -> Result<Line, ParseError> {
    let (target, json) = input.object(args)?;
    if args.is("server-side") {
        let path = match args.value("subresource") {
            Some(subresource) => target.path_to(subresource),
            None => target.path(),
        };
        if target.name.is_none() {
            return Err(args.usage("needs an object with a name: write metadata.name"));
        }
        let sending = Sending::new(args, Method::Patch, path).body(BodyType::Apply, json).manager("kubectl");
        return Ok(sending.query("force", args.is("force-conflicts").to_string()).validation()?.dry_run()?.finish());
    }
    let collection = Target { name: None, ..target };
    let sending = Sending::new(args, Method::Post, collection.path()).body(BodyType::Json, json);
    Ok(sending.manager("kubectl-client-side-apply").validation()?.dry_run()?.finish())
}

/// What would change: a server-side apply as a dry run.
pub(super) fn diff(args: &Args, input: &Input) -> Result<Line, ParseError> {
    let (target, json) = input.object(args)?;
    if target.name.is_none() {
        return Err(args.usage("needs an object with a name: write metadata.name"));
    }
    let sending = Sending::new(args, Method::Patch, target.path()).body(BodyType::Apply, json).manager("kubectl");
    Ok(sending.query("force", "true").query("dryRun", "All").finish())
}

pub(super) fn replace(args: &Args, input: &Input) -> Result<Line, ParseError> {
    if let Some(target) = args.value("raw") {
        return raw(args, input, Method::Put, target);
    }
    if args.is("force") {
        return Err(args.usage("with --force deletes the object and creates it: write `delete` and `create`"));
    }
    let (target, json) = input.object(args)?;
    if target.name.is_none() {
        return Err(args.usage("needs an object with a name: write metadata.name"));
    }
    let path = match args.value("subresource") {
        Some(subresource) => target.path_to(subresource),
        None => target.path(),
    };
    let sending = Sending::new(args, Method::Put, path).body(BodyType::Json, json);
    Ok(sending.manager("kubectl-replace").validation()?.dry_run()?.finish())
}

pub(super) fn patch(args: &Args, input: &Input) -> Result<Line, ParseError> {
    patched(args, input, "kubectl-patch")
}

/// The patch that the editor makes is the body.
pub(super) fn edit(args: &Args, input: &Input) -> Result<Line, ParseError> {
    patched(args, input, "kubectl-edit")
}

fn patched(args: &Args, input: &Input, manager: &str) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    args.no_more(args.words.len() - rest.len())?;
    let kind = match args.value("type") {
        None if target.resource.kind.is_none() => BodyType::MergePatch,
        None | Some("strategic") => BodyType::StrategicMerge,
        Some("merge") => BodyType::MergePatch,
        Some("json") => BodyType::JsonPatch,
        Some(other) => return Err(ParseError::FlagValue { flag: "type", why: format!("is `{other}`: write json, merge or strategic") }),
    };
    let json = match args.value("patch") {
        Some(patch) => input::parse(patch)?,
        None => input.take(args)?,
    };
    let path = match args.value("subresource") {
        Some(subresource) => target.path_to(subresource),
        None => target.path(),
    };
    let mut sending = Sending::new(args, Method::Patch, path).body(kind, json).manager(manager).dry_run()?;
    if manager == "kubectl-edit" {
        sending = sending.validation()?;
    }
    Ok(sending.finish())
}

pub(super) fn delete(args: &Args, input: &Input) -> Result<Line, ParseError> {
    if let Some(target) = args.value("raw") {
        return raw(args, input, Method::Delete, target);
    }
    let selected = args.value("selector").is_some() || args.value("field-selector").is_some();
    let target = if args.value("filename").is_some() {
        input.object(args)?.0
    } else {
        let (target, rest) = Target::read(args, 0)?;
        args.no_more(args.words.len() - rest.len())?;
        target
    };
    if target.name.is_some() == (selected || args.is("all")) {
        return Err(args.usage("needs the name of an object, or a selector, or --all: write one of them"));
    }
    let mut sending = Sending::new(args, Method::Delete, target.path()).body(BodyType::Json, options(args)?);
    if target.name.is_none() {
        sending = sending.flag("selector", "labelSelector").flag("field-selector", "fieldSelector");
    }
    Ok(sending.finish())
}

/// kubectl says in the body what the query could say too.
fn options(args: &Args) -> Result<Json, ParseError> {
    let mut options = object([("kind", text("DeleteOptions")), ("apiVersion", text("v1"))]);
    let grace = match (args.value("grace-period"), args.is("now"), args.is("force")) {
        (Some("-1"), ..) => None,
        (Some(_), true, _) => return Err(args.usage("has both --now and --grace-period: write one of them")),
        // A length of time is no number of seconds here, but people write one.
        (Some(period), ..) => Some(period.parse().or_else(|_| seconds("grace-period", period))?),
        (None, true, _) => Some(1),
        (None, false, true) => Some(0),
        (None, false, false) => None,
    };
    put(&mut options, "gracePeriodSeconds", grace.map(number));
    let policy = match args.value("cascade") {
        None | Some("background" | "true") => "Background",
        Some("foreground") => "Foreground",
        Some("orphan" | "false") => "Orphan",
        Some(other) => return Err(ParseError::FlagValue { flag: "cascade", why: format!("is `{other}`: write background, foreground or orphan") }),
    };
    put(&mut options, "propagationPolicy", Some(text(policy)));
    put(&mut options, "dryRun", args.dry_run()?.then(|| Json::Array(vec![text("All")])));
    Ok(options)
}
