//! The next token of a kept login, when the one that it has is over.

use std::path::Path;

use jiff::Timestamp;

use super::issuer::{Issuer, TokenError, Tokens, claims};
use crate::commands::failure::Failure;
use crate::commands::gateway::read_token;
use crate::login_store::{Login, LoginStore, Method};

/// A token with less than this left, in seconds, is renewed: a request may take a while.
const LEFT_MIN: i64 = 30;

/// A token that is good now.
///
/// # Errors
/// When the login is over for good.
pub async fn token(store: &LoginStore, mut login: Login) -> Result<String, Failure> {
    if let Method::TokenFile { file } = &login.method {
        return read_token(file);
    }
    if let Some(token) = good(&login) {
        return Ok(token);
    }
    match renewed(&login).await {
        Ok(tokens) => {
            take(&mut login, tokens)?;
            store.renew(&login)?;
        }
        Err(failure) => {
            // Another process may have renewed it meanwhile, and a refresh token is often good for one use only.
            let again = store.login(&login.gateway)?;
            return again.as_ref().and_then(good).ok_or(failure);
        }
    }
    login.token.ok_or_else(|| over(&login.gateway))
}

fn good(login: &Login) -> Option<String> {
    let left = login.expires.is_none_or(|expires| expires - Timestamp::now().as_second() > LEFT_MIN);
    login.token.clone().filter(|_| left)
}

fn over(gateway: &str) -> Failure {
    Failure::NotLoggedIn(format!("your login at {gateway} is over; run `portcullis login --gateway {gateway}`"))
}

async fn renewed(login: &Login) -> Result<Tokens, Failure> {
    let authority = login.ca_file.as_deref();
    match &login.method {
        Method::Person { issuer, client_id, refresh_token: Some(refresh_token) } => {
            let issuer = Issuer::discover(issuer, authority).await?;
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", client_id)];
            issuer.token(&form, None).await.map_err(|error| match error {
                TokenError::Refused { .. } => over(&login.gateway),
                other => other.into(),
            })
        }
        Method::ClientCredentials { issuer, client_id, secret_file, audience } => {
            client_credentials(issuer, authority, client_id, secret_file, audience.as_deref()).await
        }
        Method::Person { .. } | Method::TokenFile { .. } => Err(over(&login.gateway)),
    }
}

/// Asks for a token with a program's own secret.
///
/// # Errors
/// When the issuer does not know it.
pub async fn client_credentials(
    issuer: &str,
    authority: Option<&Path>,
    client_id: &str,
    secret_file: &Path,
    audience: Option<&str>,
) -> Result<Tokens, Failure> {
    let secret = std::fs::read_to_string(secret_file).map_err(|e| {
        Failure::NotLoggedIn(format!("cannot read the secret in {}: {e}; give it with --client-secret-file", secret_file.display()))
    })?;
    let issuer = Issuer::discover(issuer, authority).await?;
    let mut form = vec![("grant_type", "client_credentials")];
    if let Some(audience) = audience {
        form.push(("audience", audience));
    }
    Ok(issuer.token(&form, Some((client_id, secret.trim()))).await?)
}

/// Puts new tokens into a login.
///
/// # Errors
/// When the issuer gave none that a gateway could verify.
pub fn take(login: &mut Login, tokens: Tokens) -> Result<(), Failure> {
    // A person's ID token is made for this client. A program has none: its access token must be a JWT for the gateway.
    let token = match &login.method {
        Method::ClientCredentials { .. } => tokens.access_token.or(tokens.id_token),
        _ => tokens.id_token,
    };
    let token = token.ok_or_else(|| Failure::No("the issuer gave no ID token; have its operator allow the scope openid".to_owned()))?;
    let claimed = claims(&token).and_then(|claims| claims.get("exp")?.as_i64());
    login.expires = claimed.or_else(|| tokens.expires_in.map(|seconds| Timestamp::now().as_second() + seconds));
    login.token = Some(token);
    if let Method::Person { refresh_token, .. } = &mut login.method
        && tokens.refresh_token.is_some()
    {
        *refresh_token = tokens.refresh_token;
    }
    Ok(())
}
