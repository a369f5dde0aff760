//! Logging in to the pages: OIDC authorization code with PKCE, and a cookie that only the server understands.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::{digest, rand};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use identity::Identity;
use kube_request::Refusal;
use parking_lot::Mutex;
use serde::Deserialize;

use crate::Shared;
use crate::answer::{Answer, Refused, malformed};

/// The cookie's name. `__Host-` makes browsers insist on HTTPS and on this host alone.
const COOKIE: &str = "__Host-portcullis";
/// The cookie that ties a login under way to the browser that began it.
const FLOW_COOKIE: &str = "__Host-portcullis-login";
/// A login ends so long after it began, whatever the token says.
const LOGIN_TTL: Duration = Duration::from_secs(8 * 3600);
/// How long somebody may take at the issuer's page.
const FLOW_TTL: Duration = Duration::from_secs(600);
/// Logins, and flows under way; the oldest go first.
const KEPT_MAX: usize = 10_000;
/// How long the issuer may take.
const ISSUER_LIMIT: Duration = Duration::from_secs(10);

/// A page's login.
#[derive(Clone)]
pub struct PageLogin {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// Every form must carry this word (against requests that another site makes).
    pub form_word: Arc<str>,
    until: Instant,
}

struct Flow {
    browser: String,
    issuer: usize,
    verifier: String,
    back: String,
    until: Instant,
}

/// The logins that are alive. A restart ends them: logging in again is one click.
pub struct Logins {
    issuers: Vec<(String, String)>,
    logins: Mutex<HashMap<String, PageLogin>>,
    flows: Mutex<HashMap<String, Flow>>,
}

impl Logins {
    /// None yet.
    pub fn new(issuers: Vec<(String, String)>) -> Self {
        Self { issuers, logins: Mutex::default(), flows: Mutex::default() }
    }

    /// The issuers, and what clients are called there.
    pub fn issuers(&self) -> &[(String, String)] {
        &self.issuers
    }

    /// Whose cookie it is.
    pub fn of(&self, headers: &HeaderMap) -> Option<PageLogin> {
        let word = cookie(headers, COOKIE)?;
        let mut logins = self.logins.lock();
        let login = logins.get(&name(word))?;
        if login.until < Instant::now() {
            logins.remove(&name(word));
            return None;
        }
        Some(login.clone())
    }
}

/// Words are kept by their hash, so that a copy of the memory is no key.
fn name(word: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, word.as_bytes()))
}

fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

fn random_word() -> Result<String, Refused> {
    let mut bytes = [0u8; 32];
    rand::fill(&mut bytes).map_err(|_| Refused(Refusal::new(503, kube_request::Cause::PolicyFailed, "login", "the system gives no randomness; try again")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn make_room<T>(map: &mut HashMap<String, T>, until: impl Fn(&T) -> Instant) {
    let now = Instant::now();
    map.retain(|_, one| until(one) > now);
    while map.len() >= KEPT_MAX {
        let Some(oldest) = map.iter().min_by_key(|(_, one)| until(one)).map(|(key, _)| key.clone()) else { return };
        map.remove(&oldest);
    }
}

#[derive(Deserialize)]
pub struct Begin {
    /// Where to go afterwards, on this gateway.
    #[serde(default)]
    back: Option<String>,
    /// Which of several issuers.
    #[serde(default)]
    issuer: usize,
}

/// Sends the browser to the issuer.
pub async fn begin(State(shared): State<Shared>, Query(begin): Query<Begin>) -> Answer<Response> {
    let logins = &shared.logins;
    let (issuer, client) = logins.issuers.get(begin.issuer).ok_or_else(|| malformed("issuer", "no such issuer"))?;
    let endpoints = endpoints(issuer).await?;
    let (state, verifier, browser) = (random_word()?, random_word()?, random_word()?);
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    let back = begin.back.filter(|back| back.len() <= 256 && back.starts_with('/') && !back.starts_with("//") && !back.contains('\\'));
    let flow = Flow {
        browser: name(&browser),
        issuer: begin.issuer,
        verifier,
        back: back.unwrap_or_else(|| "/".to_owned()),
        until: Instant::now() + FLOW_TTL,
    };
    let query = form(&[
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", &redirect_uri(&shared)),
        ("scope", "openid profile email groups"),
        ("state", &state),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    {
        let mut flows = logins.flows.lock();
        make_room(&mut flows, |flow: &Flow| flow.until);
        flows.insert(state, flow);
    }
    let separator = if endpoints.authorization_endpoint.contains('?') { '&' } else { '?' };
    let mut response = Redirect::to(&format!("{}{separator}{query}", endpoints.authorization_endpoint)).into_response();
    set_cookie(&mut response, &format!("{FLOW_COOKIE}={browser}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", FLOW_TTL.as_secs()));
    Ok(response)
}

#[derive(Deserialize)]
pub struct Finish {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Takes the code that the browser brings back, and the identity that the issuer gives for it.
pub async fn finish(State(shared): State<Shared>, headers: HeaderMap, Query(finish): Query<Finish>) -> Answer<Response> {
    if let Some(error) = finish.error {
        let why = finish.error_description.unwrap_or(error);
        return Err(Refusal::unauthenticated(format!("the issuer did not log you in: {why}; try again")).into());
    }
    let again = || Refused(Refusal::unauthenticated("this login was not begun here or took too long; open the page again"));
    let (code, state) = finish.code.zip(finish.state).ok_or_else(again)?;
    let flow = shared.logins.flows.lock().remove(&state).filter(|flow| flow.until > Instant::now()).ok_or_else(again)?;
    // Otherwise somebody could be made to look at the gateway as somebody else.
    if cookie(&headers, FLOW_COOKIE).map(name) != Some(flow.browser.clone()) {
        return Err(again());
    }
    let (issuer, client) = shared.logins.issuers.get(flow.issuer).ok_or_else(again)?;
    let token = redeemed(&shared, issuer, client, &code, &flow.verifier).await?;
    let identity =
        shared.gateway.verifier.verify(&token).await.map_err(|e| Refusal::unauthenticated(e.to_string()))?;
    let word = random_word()?;
    let login = PageLogin { identity, form_word: random_word()?.into(), until: Instant::now() + LOGIN_TTL };
    {
        let mut logins = shared.logins.logins.lock();
        make_room(&mut logins, |login: &PageLogin| login.until);
        logins.insert(name(&word), login);
    }
    // The browser comes from another site, so a strict cookie would not be sent at once: lax, and forms carry a word.
    let mut response = Redirect::to(&flow.back).into_response();
    set_cookie(&mut response, &format!("{COOKIE}={word}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", LOGIN_TTL.as_secs()));
    Ok(response)
}

/// Forgets the login.
pub async fn end(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(word) = cookie(&headers, COOKIE) {
        shared.logins.logins.lock().remove(&name(word));
    }
    let mut response = Redirect::to("/").into_response();
    set_cookie(&mut response, &format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"));
    response
}

fn set_cookie(response: &mut Response, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}

fn redirect_uri(shared: &Shared) -> String {
    format!("{}/login/callback", shared.gateway.public_url)
}

#[derive(Deserialize)]
struct Endpoints {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
}

fn client() -> Result<reqwest::Client, Refused> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ISSUER_LIMIT)
        .build()
        .map_err(|e| unreachable_issuer(&e))
}

fn unreachable_issuer(error: &dyn std::error::Error) -> Refused {
    tracing::warn!(%error, "the issuer did not answer a login");
    Refusal::new(503, kube_request::Cause::Unauthenticated, "issuer", "the issuer does not answer; try again").into()
}

async fn endpoints(issuer: &str) -> Result<Endpoints, Refused> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let answer = client()?.get(url).send().await.map_err(|e| unreachable_issuer(&e))?;
    let found: Endpoints = answer.json().await.map_err(|e| unreachable_issuer(&e))?;
    if found.issuer != issuer {
        return Err(Refusal::unauthenticated("the issuer calls itself by another name; check the gateway's configuration").into());
    }
    Ok(found)
}

async fn redeemed(shared: &Shared, issuer: &str, id: &str, code: &str, verifier: &str) -> Result<String, Refused> {
    #[derive(Deserialize)]
    struct Tokens {
        id_token: String,
    }
    let endpoints = endpoints(issuer).await?;
    let redirect = redirect_uri(shared);
    let asked = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect.as_str()),
        ("client_id", id),
        ("code_verifier", verifier),
    ];
    let answer = client()?.post(endpoints.token_endpoint).form(&asked).send().await.map_err(|e| unreachable_issuer(&e))?;
    if !answer.status().is_success() {
        return Err(Refusal::unauthenticated("the issuer did not accept the login's code; open the page again").into());
    }
    let tokens: Tokens = answer.json().await.map_err(|e| unreachable_issuer(&e))?;
    Ok(tokens.id_token)
}

/// `application/x-www-form-urlencoded`.
fn form(pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (key, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(key);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}
