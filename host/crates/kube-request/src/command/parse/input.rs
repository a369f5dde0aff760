//! What a command reads besides its line: an object, or a patch.

use std::cell::Cell;

use super::ParseError;
use super::args::Args;
use super::resource::{Resource, Target};
use crate::Json;

/// A body that was given with the line, until somebody takes it.
pub(super) struct Input {
    json: Option<Json>,
    taken: Cell<bool>,
}

impl Input {
    /// JSON or YAML.
    pub(super) fn read(text: Option<&str>) -> Result<Input, ParseError> {
        let json = text.map(parse).transpose()?;
        Ok(Input { json, taken: Cell::new(false) })
    }

    /// Whether something was given and nobody took it.
    pub(super) fn is_left(&self) -> bool {
        self.json.is_some() && !self.taken.get()
    }

    /// The body as it is.
    pub(super) fn take(&self, args: &Args) -> Result<Json, ParseError> {
        self.taken.set(true);
        self.json.clone().ok_or_else(|| ParseError::Input(format!("`kubectl {}` reads a body, and none was given: give it beside the line", args.command)))
    }

    /// The object that a file holds, and what it is about: with its namespace in it, as kubectl completes it.
    pub(super) fn object(&self, args: &Args) -> Result<(Target, Json), ParseError> {
        if args.value("filename").is_none() {
            return Err(args.usage("needs an object: write `-f -` and give the object as the body"));
        }
        args.no_more(0)?;
        let mut json = self.take(args)?;
        let text = |pointer: &str| json.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let (Some(api_version), Some(kind)) = (text("/apiVersion"), text("/kind")) else {
            return Err(ParseError::Input("the body is no Kubernetes object: write its apiVersion and kind".to_owned()));
        };
        if kind == "List" {
            return Err(ParseError::Input("the body is a List, and kubectl sends a request for each of its items: give one object".to_owned()));
        }
        let resource = Resource::of_object(&api_version, &kind);
        let (of_flag, of_body) = (args.value("namespace"), text("/metadata/namespace"));
        if let (Some(one), Some(other)) = (of_flag, of_body.as_deref())
            && one != other
        {
            return Err(ParseError::Input(format!("the body's namespace is {other} and the line's is {one}, which kubectl refuses: write one of them")));
        }
        let target = Target { namespace: resource.namespace(of_flag.or(of_body.as_deref())), name: text("/metadata/name"), resource };
        if let Some(namespace) = &target.namespace {
            set(&mut json, &["metadata", "namespace"], Json::String(namespace.clone()));
        }
        Ok((target, json))
    }
}

/// One document.
pub(super) fn parse(text: &str) -> Result<Json, ParseError> {
    if text.len() > crate::MAX_BODY {
        return Err(ParseError::Input("the body is larger than 3 MiB: the API server takes no more".to_owned()));
    }
    let read = if text.trim_start().starts_with(['{', '[']) {
        Json::parse(text.as_bytes()).or_else(|error| Json::from_yaml(text.as_bytes()).map_err(|_| error.to_string()))
    } else {
        Json::from_yaml(text.as_bytes()).map_err(|error| error.to_string())
    };
    read.map_err(|error| ParseError::Input(format!("the body is not one document of JSON or YAML ({error}): correct it")))
}

/// Sets a member, making the objects that lead to it.
pub(super) fn set(json: &mut Json, keys: &[&str], value: Json) {
    let Some((first, rest)) = keys.split_first() else {
        *json = value;
        return;
    };
    let Json::Object(members) = json else { return };
    let at = match members.iter().position(|(key, _)| key == first) {
        Some(at) => at,
        None => {
            members.push(((*first).to_owned(), Json::Object(Vec::new())));
            members.len() - 1
        }
    };
    set(&mut members[at].1, rest, value);
}
