//! The issuer's HTTP: discovery (OpenID Connect Discovery 1.0), authorization code with PKCE (RFC 7636), device grant
//! (RFC 8628) and client credentials (RFC 6749 section 4.4).

use super::{
    Provider, b64,
    flows::{Asked, DEVICE_LIFETIME, DeviceAnswer, POLL_INTERVAL, Poll},
    pages,
};
use crate::{
    query::{encode, first, parse},
    serve::{Body, Handler, answer, read_body},
};
use aws_lc_rs::{constant_time, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use serde_json::{Map, Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Forms here are a few hundred bytes.
const MAX_FORM: usize = 16 * 1024;
/// Of every token that a flow gives out.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

type Form = Vec<(String, String)>;

impl Handler for Provider {
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let query = parse(head.uri.query().unwrap_or_default());
        let mut response = match (&head.method, head.uri.path()) {
            (&Method::GET, "/") => html(StatusCode::OK, pages::home(&self.url, &self.people)),
            (&Method::GET, "/.well-known/openid-configuration") => {
                json_answer(StatusCode::OK, &self.discovery())
            }
            (&Method::GET, "/jwks") => json_answer(StatusCode::OK, &self.keys.read().jwks()),
            (&Method::GET, "/authorize") => self.authorize(&query),
            (&Method::GET, "/device") => html(
                StatusCode::OK,
                pages::device(
                    first(&query, "user_code").unwrap_or_default(),
                    &self.people,
                    None,
                ),
            ),
            (
                &Method::POST,
                path @ ("/authorize" | "/device" | "/token" | "/device_authorization"),
            ) => {
                let path = path.to_owned();
                let Ok(bytes) = read_body(body, MAX_FORM).await else {
                    return oauth_error(
                        "invalid_request",
                        "the body is longer than 16 KiB or was cut off",
                    );
                };
                let form = parse(&String::from_utf8_lossy(&bytes));
                match path.as_str() {
                    "/authorize" => self.chosen(&form),
                    "/device" => self.device_answered(&form),
                    "/token" => self.token(&form, head.headers.get(header::AUTHORIZATION)),
                    _ => self.device_asked(&form),
                }
            }
            _ => html(
                StatusCode::NOT_FOUND,
                pages::message("Nothing here", "This issuer has no such page."),
            ),
        };
        let headers = response.headers_mut();
        // Tokens and codes are not for caches (RFC 6749 section 5.1); the pages run nothing and are framed by nobody.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
        response
    }
}

impl Provider {
    fn discovery(&self) -> Value {
        let url = &self.url;
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "device_authorization_endpoint": format!("{url}/device_authorization"),
            "jwks_uri": format!("{url}/jwks"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "scopes_supported": ["openid", "profile", "groups"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nbf", "name", "groups", "kind", "sponsor"],
            "development_only": "this issuer asks for no password; never trust it with a cluster that matters",
        })
    }

    fn authorize(&self, query: &Form) -> Response<Body> {
        let refuse = |text: &str| {
            html(
                StatusCode::BAD_REQUEST,
                pages::message("This request is not complete", text),
            )
        };
        let (Some(client), Some(redirect)) =
            (first(query, "client_id"), first(query, "redirect_uri"))
        else {
            return refuse(
                "It needs client_id and redirect_uri; start the login again from the program.",
            );
        };
        // An open redirector would hand codes to anybody, so only this machine is redirected to (RFC 8252 section 7.3).
        if !is_loopback(redirect) {
            return refuse(
                "redirect_uri has to be an http or https address on 127.0.0.1, [::1] or localhost.",
            );
        }
        if first(query, "response_type") != Some("code") {
            return refuse("response_type has to be code.");
        }
        let challenge = first(query, "code_challenge").unwrap_or_default();
        if first(query, "code_challenge_method") != Some("S256") || challenge.len() != 43 {
            return refuse("It needs a PKCE code_challenge with code_challenge_method=S256.");
        }
        let asked = Asked {
            client: client.to_owned(),
            redirect: redirect.to_owned(),
            state: first(query, "state").map(str::to_owned),
            nonce: first(query, "nonce").map(str::to_owned),
            challenge: challenge.to_owned(),
        };
        match self.flows.lock().ask(asked) {
            Ok(request) => html(
                StatusCode::OK,
                pages::choose(&request, client, &self.people),
            ),
            Err(_) => failed(),
        }
    }

    fn chosen(&self, form: &Form) -> Response<Body> {
        let subject = first(form, "who").unwrap_or_default();
        if self.person(subject).is_none() {
            return html(
                StatusCode::BAD_REQUEST,
                pages::message(
                    "Nobody of that name",
                    "Go back and choose one of the people.",
                ),
            );
        }
        let chosen = self
            .flows
            .lock()
            .choose(first(form, "request").unwrap_or_default(), subject);
        let (asked, code) = match chosen {
            Ok(Some(chosen)) => chosen,
            Ok(None) => {
                let text = "It was answered already, or waited longer than ten minutes; start the login again.";
                return html(
                    StatusCode::BAD_REQUEST,
                    pages::message("This login is over", text),
                );
            }
            Err(_) => return failed(),
        };
        let joint = if asked.redirect.contains('?') {
            '&'
        } else {
            '?'
        };
        let mut target = format!(
            "{}{joint}code={}&iss={}",
            asked.redirect,
            encode(&code),
            encode(&self.url)
        );
        if let Some(state) = &asked.state {
            target.push_str(&format!("&state={}", encode(state)));
        }
        let Ok(location) = HeaderValue::from_str(&target) else {
            return html(
                StatusCode::BAD_REQUEST,
                pages::message("This login cannot go on", "redirect_uri is no address."),
            );
        };
        let mut response = html(
            StatusCode::SEE_OTHER,
            pages::message("Done", "Go back to the program."),
        );
        response.headers_mut().insert(header::LOCATION, location);
        response
    }

    fn device_asked(&self, form: &Form) -> Response<Body> {
        let Some(client) = first(form, "client_id") else {
            return oauth_error("invalid_request", "client_id is missing");
        };
        let Ok((device_code, user_code)) = self.flows.lock().device(client.to_owned()) else {
            return failed();
        };
        let page = format!("{}/device", self.url);
        json_answer(
            StatusCode::OK,
            &json!({
                "device_code": device_code,
                "verification_uri_complete": format!("{page}?user_code={user_code}"),
                "user_code": user_code,
                "verification_uri": page,
                "expires_in": DEVICE_LIFETIME.as_secs(),
                "interval": POLL_INTERVAL.as_secs(),
            }),
        )
    }

    fn device_answered(&self, form: &Form) -> Response<Body> {
        let (code, who) = (
            first(form, "user_code").unwrap_or_default(),
            first(form, "who").unwrap_or_default(),
        );
        let verdict = match who {
            "" => DeviceAnswer::Denied,
            subject if self.person(subject).is_some() => DeviceAnswer::Granted(subject.to_owned()),
            _ => {
                return html(
                    StatusCode::BAD_REQUEST,
                    pages::device(code, &self.people, Some("Nobody of that name.")),
                );
            }
        };
        if self.flows.lock().answer_device(code, verdict) {
            html(
                StatusCode::OK,
                pages::message("Done", "Go back to the device."),
            )
        } else {
            let problem = Some(
                "No device waits with this code: it was answered already, or is older than ten minutes.",
            );
            html(
                StatusCode::BAD_REQUEST,
                pages::device(code, &self.people, problem),
            )
        }
    }

    fn token(&self, form: &Form, authorization: Option<&HeaderValue>) -> Response<Body> {
        match first(form, "grant_type") {
            Some("client_credentials") => self.client_credentials(form, authorization),
            Some("authorization_code") => self.authorization_code(form),
            Some("urn:ietf:params:oauth:grant-type:device_code") => self.device_code(form),
            _ => oauth_error(
                "unsupported_grant_type",
                "use authorization_code, client_credentials or the device grant",
            ),
        }
    }

    fn client_credentials(
        &self,
        form: &Form,
        authorization: Option<&HeaderValue>,
    ) -> Response<Body> {
        let basic = authorization.and_then(basic_credentials);
        let (client, secret) = basic.unwrap_or_else(|| {
            let take = |key| first(form, key).unwrap_or_default().to_owned();
            (take("client_id"), take("client_secret"))
        });
        let known = self.secrets.get(&client).is_some_and(|expected| {
            constant_time::verify_slices_are_equal(expected.as_bytes(), secret.as_bytes()).is_ok()
        });
        if !known {
            return oauth_error(
                "invalid_client",
                "no agent has this client_id and client_secret",
            );
        }
        let with_id_token =
            first(form, "scope").is_some_and(|scope| scope.split(' ').any(|it| it == "openid"));
        self.tokens(&client, None, None, with_id_token)
    }

    fn authorization_code(&self, form: &Form) -> Response<Body> {
        let Some(granted) = self
            .flows
            .lock()
            .redeem(first(form, "code").unwrap_or_default())
        else {
            return oauth_error(
                "invalid_grant",
                "the code is unknown, was used, or is older than a minute",
            );
        };
        let verifier = first(form, "code_verifier").unwrap_or_default();
        let challenge = b64(digest::digest(&digest::SHA256, verifier.as_bytes()));
        // RFC 7636 section 4.1: 43 to 128 characters.
        if !(43..=128).contains(&verifier.len()) || challenge != granted.asked.challenge {
            return oauth_error(
                "invalid_grant",
                "code_verifier does not fit the code_challenge",
            );
        }
        if first(form, "redirect_uri") != Some(granted.asked.redirect.as_str()) {
            return oauth_error(
                "invalid_grant",
                "redirect_uri is not the one that the code was asked for with",
            );
        }
        if first(form, "client_id") != Some(granted.asked.client.as_str()) {
            return oauth_error(
                "invalid_grant",
                "client_id is not the one that the code was asked for with",
            );
        }
        self.tokens(
            &granted.subject,
            Some(&granted.asked.client),
            granted.asked.nonce.as_deref(),
            true,
        )
    }

    fn device_code(&self, form: &Form) -> Response<Body> {
        let polled = self.flows.lock().poll_device(
            first(form, "device_code").unwrap_or_default(),
            Instant::now(),
        );
        match polled {
            Poll::Pending => oauth_error(
                "authorization_pending",
                "nobody has answered yet; ask again",
            ),
            Poll::SlowDown => oauth_error("slow_down", "ask again less often"),
            Poll::Denied => oauth_error("access_denied", "the person refused"),
            Poll::Gone => oauth_error(
                "expired_token",
                "the device code is unknown, was used, or is too old; start again",
            ),
            Poll::Granted { subject, client } => self.tokens(&subject, Some(&client), None, true),
        }
    }

    /// The token response. Access and ID token are both JWTs; the ID token names the client too (OpenID Connect Core 2).
    fn tokens(
        &self,
        subject: &str,
        client: Option<&str>,
        nonce: Option<&str>,
        with_id_token: bool,
    ) -> Response<Body> {
        let mut claims = Map::new();
        if let Some(client) = client.filter(|client| *client != self.audience) {
            claims.insert("aud".into(), json!([self.audience, client]));
            claims.insert("azp".into(), json!(client));
        }
        if let Some(nonce) = nonce {
            claims.insert("nonce".into(), json!(nonce));
        }
        let Ok(access) = self.mint(subject, Map::new(), TOKEN_LIFETIME) else {
            return failed();
        };
        let mut body = json!({"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME.as_secs()});
        if with_id_token {
            let Ok(id_token) = self.mint(subject, claims, TOKEN_LIFETIME) else {
                return failed();
            };
            body["id_token"] = json!(id_token);
        }
        json_answer(StatusCode::OK, &body)
    }
}

fn is_loopback(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else {
        return false;
    };
    let plain =
        !address.contains(['@', '#', '\\']) && matches!(uri.scheme_str(), Some("http" | "https"));
    plain && matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

fn basic_credentials(value: &HeaderValue) -> Option<(String, String)> {
    let text = value.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (client, secret) = text.split_once(':')?;
    // RFC 6749 section 2.3.1: both are form-encoded first.
    Some((
        crate::query::decode(client, true),
        crate::query::decode(secret, true),
    ))
}

fn html(status: StatusCode, page: String) -> Response<Body> {
    let mut response = answer(status, "text/html; charset=utf-8", page);
    // No `form-action`: browsers apply it to the redirect after the post as well, which leads to the program.
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn json_answer(status: StatusCode, body: &Value) -> Response<Body> {
    answer(status, "application/json", body.to_string())
}

fn oauth_error(error: &str, description: &str) -> Response<Body> {
    let status = if error == "invalid_client" {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::BAD_REQUEST
    };
    json_answer(
        status,
        &json!({"error": error, "error_description": description}),
    )
}

fn failed() -> Response<Body> {
    json_answer(
        StatusCode::INTERNAL_SERVER_ERROR,
        &json!({"error": "server_error", "error_description": "the cryptographic library failed; try again"}),
    )
}
