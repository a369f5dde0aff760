//! What is done to nodes.

use super::args::Args;
use super::input::Input;
use super::object::{nested, object, put, text};
use super::resource::{Resource, Target};
use super::sending::Sending;
use super::{Line, ParseError};
use crate::body::BodyType;
use crate::{Json, Method};

/// `taint nodes NODE KEY=VALUE:EFFECT`: as on a node that has no other taint, since the list is sent whole.
pub(super) fn taint(args: &Args, _: &Input) -> Result<Line, ParseError> {
    let (target, rest) = Target::named(args, 0)?;
    let mut taints = Vec::new();
    for word in rest {
        if word.ends_with('-') {
            continue;
        }
        let wrong = || args.usage(format!("has the word `{word}`: write KEY=VALUE:EFFECT, or KEY- to remove it"));
        let (mark, effect) = word.rsplit_once(':').ok_or_else(wrong)?;
        let (key, value) = mark.split_once('=').map_or((mark, None), |(key, value)| (key, Some(value)));
        let mut taint = object([("effect", text(effect)), ("key", text(key))]);
        put(&mut taint, "value", value.map(text));
        taints.push(taint);
    }
    if rest.is_empty() {
        return Err(args.usage("needs a taint: write KEY=VALUE:EFFECT, or KEY- to remove it"));
    }
    let taints = if taints.is_empty() { Json::Null } else { Json::Array(taints) };
    let sending = Sending::new(args, Method::Patch, target.path()).body(BodyType::StrategicMerge, nested(&["spec", "taints"], taints));
    Ok(sending.manager("kubectl-taint").validation()?.dry_run()?.finish())
}

pub(super) fn cordon(args: &Args, _: &Input) -> Result<Line, ParseError> {
    unschedulable(args, Json::Bool(true))
}

pub(super) fn uncordon(args: &Args, _: &Input) -> Result<Line, ParseError> {
    unschedulable(args, Json::Null)
}

fn unschedulable(args: &Args, value: Json) -> Result<Line, ParseError> {
    let word = args.word(0, "the name of a node")?;
    args.no_more(1)?;
    let name = word.split_once('/').map_or(word, |(_, name)| name).to_owned();
    let target = Target { resource: Resource::parse("nodes")?, namespace: None, name: Some(name) };
    let sending = Sending::new(args, Method::Patch, target.path()).body(BodyType::StrategicMerge, nested(&["spec", "unschedulable"], value));
    Ok(sending.dry_run()?.finish())
}
