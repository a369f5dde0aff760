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
        let (identity, page) = match bearer {
            Some(token) if token.starts_with("pcs_") => {
                let session = shared
                    .gateway
                    .sessions
                    .resolve_or_explain(token)
                    .await
                    .map_err(|e| Refusal::unauthenticated(e.to_string()))?;
                (session.identity.clone(), None)
            }
            Some(token) => {
                let identity = shared
                    .gateway
                    .verifier
                    .verify(token)
                    .await
                    .map_err(|e| Refusal::unauthenticated(e.to_string()))?;
                (identity, None)
            }
            None => {
                let login = shared.logins.of(&parts.headers).ok_or_else(|| {
                    Refusal::unauthenticated("you are not logged in; run `portcullis login`, or open the gateway's page")
                })?;
                (login.identity.clone(), Some(login))
            }
        };
        let any = |groups: &[String]| identity.groups.iter().any(|group| groups.contains(group));
        Ok(Self { operator: any(&shared.access.operators), auditor: any(&shared.access.auditors), identity, page })
    }
}
