//! An OIDC issuer, as a program on the user's machine meets it: discovery and the token endpoint.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::{self, told};
use crate::commands::failure::Failure;

/// For one exchange.
const LIMIT: Duration = Duration::from_secs(20);
/// What the program would like to know of the person, where the issuer knows the words. `offline_access` asks for a refresh token.
const SCOPES: [&str; 5] = ["openid", "profile", "email", "groups", "offline_access"];

/// An issuer's own description (OpenID Connect Discovery 1.0, RFC 8414, RFC 8628).
#[derive(Debug, Deserialize)]
pub struct Endpoints {
    issuer: String,
    /// Where a browser goes.
    pub authorization_endpoint: Option<String>,
    token_endpoint: String,
    /// Where a device asks.
    pub device_authorization_endpoint: Option<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

/// A discovered issuer.
#[derive(Debug)]
pub struct Issuer {
    http: reqwest::Client,
    /// What it says of itself.
    pub endpoints: Endpoints,
}

/// What the token endpoint gives. No `Debug`: all of it is secret.
#[derive(Deserialize)]
pub struct Tokens {
    /// Who it is.
    pub id_token: Option<String>,
    /// What it may do.
    pub access_token: Option<String>,
    /// For the next time.
    pub refresh_token: Option<String>,
    /// Seconds.
    pub expires_in: Option<i64>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The issuer says no, in the words of RFC 6749.
    #[error("the issuer gives no token: {}", description.as_deref().unwrap_or(code))]
    Refused {
        /// `invalid_grant`, `authorization_pending`, …
        code: String,
        /// For people.
        description: Option<String>,
    },
    /// It does not answer.
    #[error("the issuer {issuer} cannot be reached: {why}; check the network, and --ca-file")]
    Unreachable {
        /// Which.
        issuer: String,
        /// What the system said.
        why: String,
    },
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused { .. } => Failure::NotLoggedIn(format!("{error}; run `portcullis login` again")),
            TokenError::Unreachable { .. } => Failure::Unreachable(error.to_string()),
        }
    }
}

impl Issuer {
    /// Reads what an issuer says of itself.
    ///
    /// # Errors
    /// When it does not answer, or is another issuer than was asked for.
    pub async fn discover(issuer: &str, authority: Option<&Path>) -> Result<Self, Failure> {
        let base = secure(issuer)?;
        let http = client::http(authority, &base)?;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let unreachable = |e: reqwest::Error| TokenError::Unreachable { issuer: issuer.to_owned(), why: told(&e) };
        let answer = http.get(url).timeout(LIMIT).send().await.map_err(unreachable)?;
        let answer = answer.error_for_status().map_err(unreachable)?;
        let endpoints: Endpoints = answer.json().await.map_err(unreachable)?;
        if endpoints.issuer != issuer {
            return Err(Failure::No(format!(
                "{issuer} calls itself {}; have the gateway's operator correct the issuer's address",
                endpoints.issuer
            )));
        }
        secure(&endpoints.token_endpoint)?;
        Ok(Self { http, endpoints })
    }

    /// Its identifier.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.endpoints.issuer
    }

    /// The scopes to ask for: those of ours that the issuer knows, or the common ones when it does not say.
    #[must_use]
    pub fn scopes(&self) -> String {
        let known = &self.endpoints.scopes_supported;
        if known.is_empty() {
            return "openid profile email".to_owned();
        }
        let asked = |scope: &&str| *scope == "openid" || known.iter().any(|one| one == scope);
        SCOPES.iter().filter(|scope| asked(scope)).copied().collect::<Vec<_>>().join(" ")
    }

    /// Asks for tokens.
    ///
    /// # Errors
    /// As [`TokenError`] says.
    pub async fn token(&self, form: &[(&str, &str)], secret: Option<(&str, &str)>) -> Result<Tokens, TokenError> {
        self.post(&self.endpoints.token_endpoint, form, secret).await
    }

    /// Posts a form and reads the JSON answer.
    ///
    /// # Errors
    /// As [`TokenError`] says.
    pub async fn post<T: serde::de::DeserializeOwned>(
        &self,
        url: &str,
        form: &[(&str, &str)],
        secret: Option<(&str, &str)>,
    ) -> Result<T, TokenError> {
        #[derive(Deserialize)]
        struct No {
            error: String,
            error_description: Option<String>,
        }
        let unreachable = |why: String| TokenError::Unreachable { issuer: self.endpoints.issuer.clone(), why };
        let mut request = self.http.post(url).form(form).timeout(LIMIT);
        if let Some((id, secret)) = secret {
            // RFC 6749, section 2.3.1: both are form-encoded first.
            request = request.basic_auth(encoded(id), Some(encoded(secret)));
        }
        let answer = request.send().await.map_err(|e| unreachable(told(&e)))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|e| unreachable(told(&e)))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|e| unreachable(format!("its answer cannot be read: {e}")));
        }
        match serde_json::from_slice::<No>(&body) {
            Ok(no) => Err(TokenError::Refused { code: no.error, description: no.error_description }),
            Err(_) => Err(unreachable(format!("it answered {status}"))),
        }
    }
}

/// `https`, or `http` to this machine: anything else would show tokens to the network.
///
/// # Errors
/// When it is neither.
pub fn secure(url: &str) -> Result<Url, Failure> {
    let parsed = Url::parse(url).ok().filter(|url| url.scheme() == "https" || (url.scheme() == "http" && client::is_loopback(url)));
    parsed.ok_or_else(|| Failure::No(format!("the issuer's address {url} is not https; have the issuer's operator correct it")))
}

/// A value as forms write it.
fn encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The claims of a JWT, unverified: the gateway verifies. Nothing when it is no JWT.
#[must_use]
pub fn claims(token: &str) -> Option<Map<String, Value>> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}
