use serde::Serialize;
use store::{SessionRow, rfc3339};

use super::session::Session;

/// A session as `portcullis session list --output json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the interface's description")]
pub struct SessionView {
    pub id: String,
    /// `live`, `expired`, `idle`, `revoked` or `finished`.
    pub state: String,
    pub connection: String,
    pub identity: IdentityView,
    pub purpose: Option<String>,
    pub opened: String,
    pub expires: String,
    pub last_used: String,
    pub requests: u64,
    /// How many requests it may make.
    pub request_limit: Option<u64>,
    /// When it ended.
    pub ended: Option<String>,
    /// Who ended it.
    pub ended_by: Option<String>,
}

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the interface's description")]
pub struct IdentityView {
    pub issuer: String,
    pub subject: String,
    pub kind: String,
    pub sponsor: Option<String>,
    pub groups: Vec<String>,
}

impl SessionView {
    /// `live` knows better than the store how it was used last.
    pub(crate) fn new(row: &SessionRow, live: Option<&Session>) -> Self {
        let requests = live.map_or(u64::try_from(row.requests).unwrap_or(0), Session::requests);
        SessionView {
            id: row.id.clone(),
            state: row.ended_why.clone().unwrap_or_else(|| "live".to_owned()),
            connection: row.connection.clone(),
            identity: IdentityView {
                issuer: row.issuer.clone(),
                subject: row.subject.clone(),
                kind: row.kind.clone(),
                sponsor: row.sponsor.clone(),
                groups: row.groups.clone(),
            },
            purpose: row.purpose.clone(),
            opened: rfc3339(row.opened),
            expires: rfc3339(row.expires),
            last_used: rfc3339(live.map_or(row.last_used, Session::last_used)),
            requests,
            request_limit: row.request_limit.and_then(|limit| u64::try_from(limit).ok()),
            ended: row.ended.map(rfc3339),
            ended_by: row.ended_by.clone(),
        }
    }
}
