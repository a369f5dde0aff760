//! Who uses the console or the API: by a bearer token, or by the page's login.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use identity::{Identity, Kind};
use kube_request::Refusal;
use proxy::gateway::person;

use crate::Shared;
use crate::answer::Refused;
use crate::login;

/// A verified identity.
pub struct Who {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// Set when the page's cookie said so: then a form must carry this word back.
    pub page: Option<login::PageLogin>,
    operator: bool,
    auditor: bool,
    by_session: bool,
}

impl Who {
    /// May see and end everyone's sessions.
    pub fn is_operator(&self) -> bool {
        self.operator
    }

    /// May read everyone's log.
    pub fn is_auditor(&self) -> bool {
        self.auditor || self.operator
    }

    /// It is theirs, or their agent's.
    pub fn owns(&self, subject: &str, issuer: &str, sponsor: Option<&str>) -> bool {
        let own = self.identity.subject == subject && self.identity.issuer == issuer;
        own || (self.identity.kind == Kind::Human && sponsor.is_some_and(|sponsor| person(&self.identity).is_called(sponsor)))
    }
}

impl Who {
    /// Refuses what a session's own token may not do: it is for requests to its cluster, so that it ends when it ends
    /// and cannot be handed to an agent as its owner's power to decide.
    pub fn in_person(&self, what: &str) -> Result<(), Refused> {
        if self.by_session {
            let message = format!("a session's token cannot {what}; log in with `portcullis login` and try again");
            return Err(Refusal::denied("session", message).into());
        }
        Ok(())
    }

    fn of(shared: &Shared, identity: Arc<Identity>, page: Option<login::PageLogin>, by_session: bool) -> Self {
        let any = |groups: &[String]| identity.groups.iter().any(|group| groups.contains(group));
        Self { operator: any(&shared.access.operators), auditor: any(&shared.access.auditors), identity, page, by_session }
    }
}

/// The API takes bearer tokens only: a browser sends a cookie by itself, also when another site asks it to.
impl FromRequestParts<Shared> for Who {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Refused> {
        let bearer = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let Some(token) = bearer else {
            return Err(Refusal::unauthenticated("there is no bearer token; run `portcullis login`").into());
        };
        if token.starts_with("pcs_") {
            let session = shared.gateway.sessions.resolve_or_explain(token).await;
            let session = session.map_err(|e| Refusal::unauthenticated(e.to_string()))?;
            return Ok(Self::of(shared, session.identity.clone(), None, true));
        }
        let identity = shared.gateway.verifier.verify(token).await;
        Ok(Self::of(shared, identity.map_err(|e| Refusal::unauthenticated(e.to_string()))?, None, false))
    }
}

/// Who looks at a page: by the page's own login. Its forms carry a word that no other site knows.
pub struct Visitor(pub Who);

impl FromRequestParts<Shared> for Visitor {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Refused> {
        let login = shared.logins.of(&parts.headers).ok_or_else(|| Refusal::unauthenticated("log in first"))?;
        Ok(Self(Who::of(shared, login.identity.clone(), Some(login), false)))
    }
}
