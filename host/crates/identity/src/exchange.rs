//! RFC 8693 token exchange: an issuer's token in, a session token out. Here is what it says on the wire; the handler
//! that verifies and opens is the gateway's.

use std::fmt;
use std::time::Duration;

use openidconnect::url::{Url, form_urlencoded};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::sessions::{Session, SessionToken};

/// The only grant type of this endpoint.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// What is given out: opaque, to be sent as a bearer token.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The types of subject token that are taken: an issuer's JWT, whatever it calls it.
const SUBJECT_TYPES: [&str; 3] =
    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt", ACCESS_TOKEN];

/// A body longer than this is refused: the largest token, and some names.
pub const LONGEST_BODY: usize = 20 * 1024;

/// A request for a session.
#[derive(PartialEq, Eq)]
pub struct ExchangeRequest {
    /// The issuer's token.
    subject_token: Zeroizing<String>,
    /// The connection that the session is for: `audience`, or the last segment of `resource`.
    pub connection: String,
    /// What it is for (`purpose`, an extension).
    pub purpose: Option<String>,
    /// For how long it is wanted (`ttl`, in seconds, an extension). The policies may give less.
    pub ttl: Option<Duration>,
}

impl ExchangeRequest {
    /// Read a form body (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// The answer to give, as RFC 6749, section 5.2 has it.
    pub fn parse(body: &[u8]) -> Result<Self, ExchangeError> {
        if body.len() > LONGEST_BODY {
            return Err(ExchangeError::invalid("the body is too long; send one token only"));
        }
        let mut form = Form::default();
        for (name, value) in form_urlencoded::parse(body) {
            form.take(&name, value.into_owned())?;
        }
        form.finish()
    }

    /// The token to verify.
    pub fn subject_token(&self) -> &str {
        &self.subject_token
    }
}

impl fmt::Debug for ExchangeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeRequest")
            .field("subject_token", &"…")
            .field("connection", &self.connection)
            .field("purpose", &self.purpose)
            .field("ttl", &self.ttl)
            .finish()
    }
}

#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    subject_token: Option<Zeroizing<String>>,
    subject_token_type: Option<String>,
    requested_token_type: Option<String>,
    audience: Option<String>,
    resource: Option<String>,
    purpose: Option<String>,
    ttl: Option<String>,
}

impl Form {
    fn take(&mut self, name: &str, value: String) -> Result<(), ExchangeError> {
        let place = match name {
            "subject_token" => {
                // RFC 6749, section 3.2: no parameter more than once.
                if self.subject_token.replace(Zeroizing::new(value)).is_some() {
                    return Err(ExchangeError::invalid("subject_token is given twice; send it once"));
                }
                return Ok(());
            }
            "grant_type" => &mut self.grant_type,
            "subject_token_type" => &mut self.subject_token_type,
            "requested_token_type" => &mut self.requested_token_type,
            "audience" => &mut self.audience,
            "resource" => &mut self.resource,
            "purpose" => &mut self.purpose,
            "ttl" => &mut self.ttl,
            "actor_token" | "actor_token_type" => {
                return Err(ExchangeError::invalid("actor tokens are not supported; leave actor_token out"));
            }
            // Section 3.2 again: unknown parameters are ignored (`scope`, `client_id`).
            _ => return Ok(()),
        };
        if place.replace(value).is_some() {
            return Err(ExchangeError::Invalid(format!("{name} is given twice; send it once")));
        }
        Ok(())
    }

    fn finish(self) -> Result<ExchangeRequest, ExchangeError> {
        if self.grant_type.as_deref() != Some(GRANT_TYPE) {
            return Err(ExchangeError::GrantType);
        }
        let subject_token = self
            .subject_token
            .filter(|token| !token.is_empty())
            .ok_or_else(|| ExchangeError::invalid("subject_token is missing; send the issuer's token"))?;
        let kind = self.subject_token_type.unwrap_or_default();
        if !SUBJECT_TYPES.contains(&kind.as_str()) {
            return Err(ExchangeError::Invalid(format!("subject_token_type must be {}", SUBJECT_TYPES.join(" or "))));
        }
        if self.requested_token_type.is_some_and(|wanted| wanted != ACCESS_TOKEN) {
            return Err(ExchangeError::Invalid(format!("requested_token_type can only be {ACCESS_TOKEN}")));
        }
        let connection = match (self.audience, self.resource) {
            (Some(_), Some(_)) => {
                return Err(ExchangeError::Target("both audience and resource are given; send one".to_owned()));
            }
            (Some(audience), None) => audience,
            (None, Some(resource)) => connection_of(&resource)?,
            (None, None) => {
                return Err(ExchangeError::Target("name the connection as audience".to_owned()));
            }
        };
        if connection.is_empty() || connection.len() > 253 {
            return Err(ExchangeError::Target("audience is no connection's name; see `portcullis connection list`".to_owned()));
        }
        let ttl = match self.ttl {
            None => None,
            Some(text) => match text.parse::<u32>() {
                Ok(seconds) if seconds > 0 => Some(Duration::from_secs(u64::from(seconds))),
                _ => return Err(ExchangeError::invalid("ttl must be a number of seconds above 0")),
            },
        };
        Ok(ExchangeRequest {
            subject_token,
            connection,
            purpose: self.purpose.filter(|purpose| !purpose.is_empty()),
            ttl,
        })
    }
}

/// `https://gateway/clusters/staging` names the connection `staging`.
fn connection_of(resource: &str) -> Result<String, ExchangeError> {
    let wrong = || {
        ExchangeError::Target("resource must be the gateway's URL of a connection, …/clusters/NAME".to_owned())
    };
    let url = Url::parse(resource).map_err(|_| wrong())?;
    let mut segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    match (segments.pop(), segments.pop()) {
        (Some(name), Some("clusters")) if url.query().is_none() && url.fragment().is_none() => Ok(name.to_owned()),
        _ => Err(wrong()),
    }
}

/// Why there is no session token. `Display` is for logs; [`ExchangeError::answer`] is the body to send with [`ExchangeError::status`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Something is missing, given twice, or of the wrong type.
    #[error("{0}")]
    Invalid(String),
    /// Another grant.
    #[error("grant_type must be {GRANT_TYPE}")]
    GrantType,
    /// No such connection, or none named.
    #[error("{0}")]
    Target(String),
    /// The issuer's token is refused (RFC 8693, section 2.2.2: `invalid_request`), with its reason.
    #[error("{0}")]
    Token(String),
    /// A session policy refuses.
    #[error("{0}")]
    Refused(String),
    /// The store or the issuer fails.
    #[error("{0}")]
    Unavailable(String),
}

impl ExchangeError {
    fn invalid(why: &'static str) -> Self {
        ExchangeError::Invalid(why.to_owned())
    }

    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        match self {
            ExchangeError::Refused(_) => 403,
            ExchangeError::Unavailable(_) => 503,
            _ => 400,
        }
    }

    /// The `error` of RFC 6749, section 5.2 and RFC 8693, section 2.2.2.
    pub fn code(&self) -> &'static str {
        match self {
            ExchangeError::Invalid(_) | ExchangeError::Token(_) => "invalid_request",
            ExchangeError::GrantType => "unsupported_grant_type",
            ExchangeError::Target(_) => "invalid_target",
            ExchangeError::Refused(_) => "access_denied",
            ExchangeError::Unavailable(_) => "temporarily_unavailable",
        }
    }

    /// The JSON body.
    pub fn answer(&self) -> String {
        serde_json::json!({ "error": self.code(), "error_description": self.to_string() }).to_string()
    }
}

/// The successful answer. It holds the session token: send it with `Cache-Control: no-store`, and do not log it.
#[derive(Serialize)]
pub struct ExchangeAnswer<'t> {
    access_token: &'t str,
    issued_token_type: &'static str,
    token_type: &'static str,
    /// Seconds until the session expires.
    expires_in: i64,
    /// The session's id (an extension).
    session: &'t str,
}

impl<'t> ExchangeAnswer<'t> {
    /// For a session that was just opened.
    pub fn new(session: &'t Session, token: &'t SessionToken) -> Self {
        ExchangeAnswer {
            access_token: token.expose(),
            issued_token_type: ACCESS_TOKEN,
            token_type: "Bearer",
            expires_in: (session.expires - store::now_micros()).max(0) / 1_000_000,
            session: &session.id,
        }
    }

    /// The JSON body.
    pub fn body(&self) -> Zeroizing<String> {
        // Strings and a number always serialise.
        Zeroizing::new(serde_json::to_string(self).unwrap_or_default())
    }
}

impl fmt::Debug for ExchangeAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeAnswer").field("session", &self.session).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
