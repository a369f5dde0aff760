//! The authorization code flow with PKCE and a loopback redirect, as RFC 8252 has it for programs on a person's machine.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_lc_rs::digest;
use axum::extract::{Query, State};
use axum::response::Html;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::issuer::{Issuer, Tokens, claims, secure};
use crate::commands::failure::Failure;

/// How long a person may take.
const PERSON_LIMIT: Duration = Duration::from_secs(300);

/// What the browser brings back.
#[derive(Deserialize)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// 32 random bytes as a word.
fn word() -> Result<String, Failure> {
    let mut bytes = [0u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Failure::Other(anyhow::anyhow!("the system gives no randomness; try again")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Sends the person to the issuer and waits for what comes back. `show` gets the address to open.
///
/// # Errors
/// When the person or the issuer says no, or nobody comes back within five minutes.
pub async fn login(issuer: &Issuer, client_id: &str, show: impl FnOnce(&str)) -> Result<Tokens, Failure> {
    let endpoint = issuer.endpoints.authorization_endpoint.as_deref().ok_or_else(|| {
        Failure::No("this issuer has no page for browsers; try --device, --client-credentials or --token-file".to_owned())
    })?;
    let mut url = secure(endpoint)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(|e| Failure::Other(anyhow::anyhow!("cannot listen on this machine for the browser: {e}; try --device")))?;
    let redirect = format!("http://{}/callback", listener.local_addr()?);
    let (state, nonce, verifier) = (word()?, word()?, word()?);
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", &redirect),
        ("scope", &issuer.scopes()),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);

    let answer = wait(listener, state, || show(url.as_str())).await?;
    if let Some(error) = answer.error {
        let why = answer.error_description.unwrap_or(error);
        return Err(Failure::NotLoggedIn(format!("the issuer did not log you in: {why}; run `portcullis login` again")));
    }
    // RFC 9207: a code of one issuer must never be shown to another.
    if answer.iss.is_some_and(|iss| iss != issuer.name()) {
        return Err(Failure::NotLoggedIn("the answer came from another issuer; run `portcullis login` again".to_owned()));
    }
    let code = answer.code.ok_or_else(|| Failure::NotLoggedIn("the issuer sent no code; run `portcullis login` again".to_owned()))?;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &redirect),
        ("client_id", client_id),
        ("code_verifier", &verifier),
    ];
    let tokens = issuer.token(&form, None).await?;
    // The token came straight from the issuer over TLS, so its claims may be read (OpenID Connect Core, 3.1.3.7).
    let said = tokens.id_token.as_deref().and_then(claims);
    if said.is_some_and(|claims| claims.get("nonce").and_then(serde_json::Value::as_str) != Some(nonce.as_str())) {
        return Err(Failure::NotLoggedIn("the token was made for another login; run `portcullis login` again".to_owned()));
    }
    Ok(tokens)
}

type Mail = (String, mpsc::Sender<Answer>);

/// Serves the redirect until an answer with the right `state` comes; others are told so and change nothing.
async fn wait(listener: TcpListener, state: String, begin: impl FnOnce()) -> Result<Answer, Failure> {
    let (to, mut from) = mpsc::channel(1);
    let done = CancellationToken::new();
    let router = axum::Router::new().route("/callback", get(callback)).with_state((state, to));
    let served = axum::serve(listener, router).with_graceful_shutdown(done.clone().cancelled_owned());
    let server = tokio::spawn(async move { served.await });
    begin();
    let answer = tokio::time::timeout(PERSON_LIMIT, from.recv()).await;
    // The page that says so is on its way: let it leave, but do not wait for a browser that keeps the connection.
    done.cancel();
    tokio::time::timeout(Duration::from_millis(500), server).await.ok();
    answer
        .ok()
        .flatten()
        .ok_or_else(|| Failure::NotLoggedIn("nobody came back from the browser within five minutes; run `portcullis login` again".to_owned()))
}

async fn callback(State((state, to)): State<Mail>, Query(answer): Query<Answer>) -> Html<&'static str> {
    let page = |text| Html(text);
    if answer.state.as_deref() != Some(state.as_str()) {
        return page("<!doctype html><title>Portcullis</title><p>This is not the answer to the login that waits here.");
    }
    let good = answer.error.is_none();
    to.send(answer).await.ok();
    if good {
        page("<!doctype html><title>Portcullis</title><p>Done. Close this window and go back to the terminal.")
    } else {
        page("<!doctype html><title>Portcullis</title><p>You were not logged in. The terminal says why.")
    }
}

/// Opens the person's browser, if there is a way to.
pub fn open(url: &str) {
    let Ok(url) = Url::parse(url) else { return };
    let named = std::env::var("BROWSER").ok().filter(|name| !name.is_empty());
    let program = named.as_deref().unwrap_or(if cfg!(target_os = "macos") { "open" } else { "xdg-open" });
    let quiet = Command::new(program).arg(url.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = quiet {
        tracing::debug!(%error, program, "no browser could be opened");
    }
}
