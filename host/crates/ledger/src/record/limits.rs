//! A bound for every string of a record.
//!
//! What identifies (ids, names, paths) is never shortened: too long is an error, and the request is
//! refused. What is told (messages, claims, rendered commands) is cut, and the cut is marked. In the record of a
//! refusal everything is cut: nothing went through by those names, and the refusal itself must not be lost.

use std::sync::Arc;

use thiserror::Error;

use super::{Decision, Record};

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
    /// The record's id names files, so it may be letters, digits, `-` and `_` only, 128 at most.
    #[error("the record's id may hold 128 letters, digits, - and _ only; take one from new_id")]
    Id,
    /// The record as a whole is longer than a line may be.
    #[error("the record is too long: {length} bytes; ask with fewer groups or a shorter path")]
    Record {
        /// Its length in bytes.
        length: usize,
    },
}

/// A text that may have to be shortened.
trait Text {
    fn text(&self) -> &str;
    fn set(&mut self, text: String);
}

impl Text for String {
    fn text(&self) -> &str {
        self
    }
    fn set(&mut self, text: String) {
        *self = text;
    }
}

impl Text for Arc<str> {
    fn text(&self) -> &str {
        self
    }
    fn set(&mut self, text: String) {
        *self = text.into();
    }
}

fn cut<T: Text>(field: &mut T, limit: usize) {
    let text = field.text();
    if text.len() > limit {
        let kept = &text[..text.floor_char_boundary(limit)];
        field.set(format!("{kept}… ({} bytes in all)", text.len()));
    }
}

/// Free text.
fn told(field: &mut Option<String>) {
    if let Some(field) = field {
        cut(field, TEXT_MAX);
    }
}

/// What identifies.
struct Names {
    /// Whether too long is shortened instead of refused.
    cut: bool,
}

impl Names {
    fn name<T: Text>(&self, name: &'static str, field: &mut T, limit: usize) -> Result<(), FieldError> {
        let length = field.text().len();
        if length > limit && !self.cut {
            return Err(FieldError::TooLong { field: name, length, limit });
        }
        cut(field, limit);
        Ok(())
    }

    fn option<T: Text>(&self, name: &'static str, field: &mut Option<T>, limit: usize) -> Result<(), FieldError> {
        field.as_mut().map_or(Ok(()), |field| self.name(name, field, limit))
    }

    fn list<T>(&self, name: &'static str, field: &mut Vec<T>, limit: usize) -> Result<(), FieldError> {
        let length = field.len();
        if length > limit && !self.cut {
            return Err(FieldError::TooLong { field: name, length, limit });
        }
        field.truncate(limit);
        Ok(())
    }

    fn identity(&self, shared: &mut Arc<super::Identity>) -> Result<(), FieldError> {
        let fits = shared.issuer.len() <= NAME_MAX
            && shared.subject.len() <= NAME_MAX
            && shared.kind.len() <= ID_MAX
            && shared.sponsor.as_deref().is_none_or(|sponsor| sponsor.len() <= NAME_MAX)
            && shared.groups.len() <= GROUPS_MAX
            && shared.groups.iter().all(|group| group.len() <= NAME_MAX);
        if fits {
            // The usual case copies nothing.
            return Ok(());
        }
        let identity = Arc::make_mut(shared);
        self.name("identity.issuer", &mut identity.issuer, NAME_MAX)?;
        self.name("identity.subject", &mut identity.subject, NAME_MAX)?;
        self.name("identity.kind", &mut identity.kind, ID_MAX)?;
        self.option("identity.sponsor", &mut identity.sponsor, NAME_MAX)?;
        self.list("identity.groups", &mut identity.groups, GROUPS_MAX)?;
        identity.groups.iter_mut().try_for_each(|group| self.name("identity.groups[]", group, NAME_MAX))
    }

    fn request(&self, request: &mut super::Request) -> Result<(), FieldError> {
        self.name("request.verb", &mut request.verb, ID_MAX)?;
        self.name("request.group", &mut request.group, NAME_MAX)?;
        self.name("request.version", &mut request.version, NAME_MAX)?;
        self.name("request.resource", &mut request.resource, NAME_MAX)?;
        // What follows the name in a proxy's path is a subresource too.
        self.option("request.subresource", &mut request.subresource, PATH_MAX)?;
        self.option("request.namespace", &mut request.namespace, NAME_MAX)?;
        self.option("request.name", &mut request.name, NAME_MAX)?;
        self.name("request.path", &mut request.path, PATH_MAX)?;
        self.option("request.query", &mut request.query, PATH_MAX)?;
        self.name("request.hash", &mut request.hash, ID_MAX)?;
        self.option("request.method", &mut request.method, ID_MAX)?;
        self.option("request.content_type", &mut request.content_type, NAME_MAX)
    }

    fn by(&self, by: &mut super::By) -> Result<(), FieldError> {
        self.name("by[].plugin", &mut by.plugin, NAME_MAX)?;
        self.name("by[].component", &mut by.component, ID_MAX)?;
        self.name("by[].configuration", &mut by.configuration, ID_MAX)?;
        self.name("by[].verdict", &mut by.verdict, ID_MAX)?;
        self.option("by[].mode", &mut by.mode, ID_MAX)?;
        self.option("by[].rule", &mut by.rule, NAME_MAX)
    }
}

/// Ids name spool files, so nothing in them may mean something to a file system.
pub(crate) fn check_id(id: &str) -> Result<(), FieldError> {
    let fits = (1..=ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if fits { Ok(()) } else { Err(FieldError::Id) }
}

impl Record {
    /// Cuts the free text and refuses what may not be cut.
    pub(crate) fn bound(&mut self) -> Result<(), FieldError> {
        check_id(&self.id)?;
        let names = Names { cut: self.decision == Some(Decision::Deny) };
        names.option("connection", &mut self.connection, NAME_MAX)?;
        names.option("session", &mut self.session, ID_MAX)?;
        names.option("approval", &mut self.approval, ID_MAX)?;
        self.identity.as_mut().map_or(Ok(()), |identity| names.identity(identity))?;
        if let Some(client) = &mut self.client {
            names.name("client.address", &mut client.address, NAME_MAX)?;
            told(&mut client.user_agent);
        }
        self.request.as_mut().map_or(Ok(()), |request| names.request(request))?;
        if let Some(command) = &mut self.command {
            cut(&mut command.rendered, TEXT_MAX);
            told(&mut command.claimed);
            told(&mut command.claimed_session);
        }
        names.list("by", &mut self.by, BY_MAX)?;
        self.by.iter_mut().try_for_each(|by| names.by(by))?;
        if let Some(response) = &mut self.response {
            names.option("response.content_type", &mut response.content_type, NAME_MAX)?;
            told(&mut response.interrupted);
        }
        if let Some(refusal) = &mut self.refusal {
            names.name("refusal.cause", &mut refusal.cause, ID_MAX)?;
            cut(&mut refusal.message, TEXT_MAX);
        }
        if let Some(frame) = &mut self.frame {
            names.name("frame.channel", &mut frame.channel, ID_MAX)?;
        }
        told(&mut self.message);
        Ok(())
    }
}
