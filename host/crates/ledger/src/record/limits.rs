//! A bound for every string of a record.
//!
//! What identifies (ids, names, paths) is never shortened: too long is an error, and the request is
//! refused. What is told (messages, claims, rendered commands) is cut, and the cut is marked.

use thiserror::Error;

use super::Record;

/// Ids of records, sessions, approvals: a UUID is 36 bytes.
pub(crate) const ID_MAX: usize = 128;
/// Names of Kubernetes objects end at 253, subjects and issuers at 255 (OpenID Connect Core 1.0, section 2).
pub(crate) const NAME_MAX: usize = 1024;
/// Paths and queries: what a request line may hold.
pub(crate) const PATH_MAX: usize = 16 * 1024;
/// Groups of one identity; a token of 16 KiB holds fewer.
pub(crate) const GROUPS_MAX: usize = 512;
/// Plugins of one bundle that speak on one request.
pub(crate) const BY_MAX: usize = 256;
/// Free text: rendered and claimed commands, messages, user agents.
pub(crate) const TEXT_MAX: usize = 4 * 1024;

/// A field that cannot be recorded as it is.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FieldError {
    /// It identifies something and is longer than the ledger keeps.
    #[error("{field} is too long to be recorded: {length} where at most {limit} are allowed; shorten it")]
    TooLong {
        /// The field, as in the JSON.
        field: &'static str,
        /// Its length, in bytes (for lists: in entries).
        length: usize,
        /// The limit in the same unit.
        limit: usize,
    },
    /// The record's id names files, so it may be letters, digits, `-` and `_` only.
    #[error("the record's id may hold letters, digits, - and _ only; take one from new_id")]
    Id,
    /// The record as a whole is longer than a line may be.
    #[error("the record is too long: {length} bytes; ask with fewer groups or a shorter path")]
    Record {
        /// Its length in bytes.
        length: usize,
    },
}

fn check(field: &'static str, length: usize, limit: usize) -> Result<(), FieldError> {
    if length > limit { Err(FieldError::TooLong { field, length, limit }) } else { Ok(()) }
}

fn check_option(field: &'static str, text: Option<&str>, limit: usize) -> Result<(), FieldError> {
    check(field, text.map_or(0, str::len), limit)
}

fn cut(text: &mut String) {
    if text.len() > TEXT_MAX {
        let length = text.len();
        text.truncate(text.floor_char_boundary(TEXT_MAX));
        text.push_str(&format!("… ({length} bytes in all)"));
    }
}

fn cut_option(text: &mut Option<String>) {
    if let Some(text) = text {
        cut(text);
    }
}

/// Ids name spool files, so nothing in them may mean something to a file system.
pub(crate) fn check_id(id: &str) -> Result<(), FieldError> {
    check("id", id.len(), ID_MAX)?;
    let fits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if fits { Ok(()) } else { Err(FieldError::Id) }
}

impl Record {
    /// Cuts the free text and refuses what may not be cut.
    pub(crate) fn bound(&mut self) -> Result<(), FieldError> {
        check_id(&self.id)?;
        check_option("connection", self.connection.as_deref(), NAME_MAX)?;
        check_option("session", self.session.as_deref(), ID_MAX)?;
        check_option("approval", self.approval.as_deref(), ID_MAX)?;
        if let Some(identity) = &self.identity {
            check("identity.issuer", identity.issuer.len(), NAME_MAX)?;
            check("identity.subject", identity.subject.len(), NAME_MAX)?;
            check("identity.kind", identity.kind.len(), ID_MAX)?;
            check_option("identity.sponsor", identity.sponsor.as_deref(), NAME_MAX)?;
            check("identity.groups", identity.groups.len(), GROUPS_MAX)?;
            for group in &identity.groups {
                check("identity.groups[]", group.len(), NAME_MAX)?;
            }
        }
        if let Some(client) = &mut self.client {
            check("client.address", client.address.len(), NAME_MAX)?;
            cut_option(&mut client.user_agent);
        }
        if let Some(request) = &self.request {
            check("request.verb", request.verb.len(), ID_MAX)?;
            check("request.group", request.group.len(), NAME_MAX)?;
            check("request.version", request.version.len(), NAME_MAX)?;
            check("request.resource", request.resource.len(), NAME_MAX)?;
            check_option("request.subresource", request.subresource.as_deref(), PATH_MAX)?;
            check_option("request.namespace", request.namespace.as_deref(), NAME_MAX)?;
            check_option("request.name", request.name.as_deref(), NAME_MAX)?;
            check("request.path", request.path.len(), PATH_MAX)?;
            check_option("request.query", request.query.as_deref(), PATH_MAX)?;
            check("request.hash", request.hash.len(), ID_MAX)?;
            check_option("request.method", request.method.as_deref(), ID_MAX)?;
            check_option("request.content_type", request.content_type.as_deref(), NAME_MAX)?;
        }
        if let Some(command) = &mut self.command {
            cut(&mut command.rendered);
            cut_option(&mut command.claimed);
        }
        check("by", self.by.len(), BY_MAX)?;
        for by in &self.by {
            check("by[].plugin", by.plugin.len(), NAME_MAX)?;
            check("by[].component", by.component.len(), ID_MAX)?;
            check("by[].configuration", by.configuration.len(), ID_MAX)?;
            check("by[].verdict", by.verdict.len(), ID_MAX)?;
            check_option("by[].rule", by.rule.as_deref(), NAME_MAX)?;
        }
        if let Some(response) = &mut self.response {
            check_option("response.content_type", response.content_type.as_deref(), NAME_MAX)?;
            cut_option(&mut response.interrupted);
        }
        if let Some(refusal) = &mut self.refusal {
            check("refusal.cause", refusal.cause.len(), ID_MAX)?;
            cut(&mut refusal.message);
        }
        if let Some(frame) = &self.frame {
            check("frame.channel", frame.channel.len(), ID_MAX)?;
        }
        cut_option(&mut self.message);
        Ok(())
    }
}
