//! The device grant (RFC 8628): the person answers on another device.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::issuer::{Issuer, TokenError, Tokens};
use crate::commands::failure::Failure;

/// What the issuer says when a device asks.
#[derive(Deserialize)]
struct Asked {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    #[serde(default = "interval")]
    interval: u64,
}

/// RFC 8628, section 3.2.
fn interval() -> u64 {
    5
}

/// Nobody waits longer, whatever the issuer says.
const LONGEST: u64 = 1800;

/// What the person has to do: the page, the code, and the page with the code in it.
#[derive(Debug, Clone)]
pub struct Instructions {
    /// The page.
    pub page: String,
    /// What to type there.
    pub code: String,
    /// The page where nothing needs to be typed.
    pub complete: Option<String>,
}

/// Asks for a code, shows it, and waits for the person.
///
/// # Errors
/// When the person or the issuer says no, or takes too long.
pub async fn login(issuer: &Issuer, client_id: &str, show: impl FnOnce(&Instructions)) -> Result<Tokens, Failure> {
    let endpoint = issuer.endpoints.device_authorization_endpoint.as_deref().ok_or_else(|| {
        Failure::No("this issuer knows no device logins; log in without --device, or use --token-file".to_owned())
    })?;
    super::issuer::secure(endpoint)?;
    let scopes = issuer.scopes();
    let asked: Asked = issuer.post(endpoint, &[("client_id", client_id), ("scope", &scopes)], None).await?;
    show(&Instructions {
        page: asked.verification_uri.clone(),
        code: asked.user_code.clone(),
        complete: asked.verification_uri_complete.clone(),
    });
    let until = Instant::now() + Duration::from_secs(asked.expires_in.min(LONGEST));
    let mut pause = Duration::from_secs(asked.interval.clamp(1, 60));
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", asked.device_code.as_str()),
        ("client_id", client_id),
    ];
    while Instant::now() < until {
        sleep(pause).await;
        match issuer.token(&form, None).await {
            Ok(tokens) => return Ok(tokens),
            Err(TokenError::Refused { code, .. }) if code == "authorization_pending" => {}
            Err(TokenError::Refused { code, .. }) if code == "slow_down" => pause += Duration::from_secs(5),
            // RFC 8628, section 3.5: a lost connection is a reason to ask less often, not to give up.
            Err(TokenError::Unreachable { .. }) => pause = (pause * 2).min(Duration::from_secs(60)),
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Failure::NotLoggedIn("nobody answered in time; run `portcullis login --device` again".to_owned()))
}
