//! The request under construction.

use super::args::Args;
use super::{Line, ParseError};
use crate::body::BodyType;
use crate::{Json, Method, path, query};

/// A request of a command.
pub(super) struct Sending<'a> {
    args: &'a Args,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<(BodyType, Json)>,
    stream: bool,
}

impl<'a> Sending<'a> {
    /// To a path, decoded.
    pub(super) fn new(args: &'a Args, method: Method, path: String) -> Sending<'a> {
        Sending { args, method, path, query: Vec::new(), body: None, stream: false }
    }

    pub(super) fn query(mut self, key: &str, value: impl Into<String>) -> Self {
        self.query.push((key.to_owned(), value.into()));
        self
    }

    /// An option of the query under the name that it has there, where the flag is given.
    pub(super) fn flag(self, flag: &'static str, key: &str) -> Self {
        match self.args.value(flag).map(str::to_owned) {
            Some(value) => self.query(key, value),
            None => self,
        }
    }

    /// The same for what is true or false.
    pub(super) fn switch(self, flag: &'static str, key: &str) -> Self {
        if self.args.is(flag) { self.query(key, "true") } else { self }
    }

    /// Who owns the fields.
    pub(super) fn manager(self, default: &str) -> Self {
        let manager = self.args.value("field-manager").unwrap_or(default).to_owned();
        self.query("fieldManager", manager)
    }

    /// What becomes of fields that nobody knows.
    pub(super) fn validation(self) -> Result<Self, ParseError> {
        let validation = match self.args.value("validate") {
            None | Some("strict" | "true") => "Strict",
            Some("warn") => "Warn",
            Some("ignore" | "false") => "Ignore",
            Some(other) => return Err(ParseError::FlagValue { flag: "validate", why: format!("is `{other}`: write strict, warn or ignore") }),
        };
        Ok(self.query("fieldValidation", validation))
    }

    pub(super) fn dry_run(self) -> Result<Self, ParseError> {
        Ok(if self.args.dry_run()? { self.query("dryRun", "All") } else { self })
    }

    pub(super) fn body(mut self, content_type: BodyType, json: Json) -> Self {
        self.body = Some((content_type, json));
        self
    }

    /// It switches protocols.
    pub(super) fn stream(mut self) -> Self {
        self.stream = true;
        self
    }

    pub(super) fn finish(mut self) -> Line {
        // As Go's `url.Values.Encode`: by key, and the values of one in their order.
        self.query.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut target = String::new();
        path::encode(&self.path, &mut target);
        query::encode(&self.query, &mut target);
        self.line(target)
    }

    /// To a target that is encoded already.
    pub(super) fn raw(self, target: &str) -> Line {
        self.line(target.to_owned())
    }

    fn line(self, target: String) -> Line {
        Line {
            method: self.method,
            target,
            content_type: self.body.as_ref().map(|(content_type, _)| content_type.media_type()),
            body: self.body.map(|(_, json)| json.to_string()),
            stream: self.stream,
            claims: format!("kubectl {}", self.args.command),
        }
    }
}
