//! The development issuer, as OpenID Connect clients meet it.

use crate::{PATIENCE, answer, trusting};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use demo::{Issuer, IssuerOptions};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, CsrfToken, IssuerUrl, Nonce,
    PkceCodeChallenge, RedirectUrl, TokenResponse,
    core::{
        CoreClient, CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
        CoreProviderMetadata, CoreResponseType,
    },
};
use reqwest::Client;
use serde_json::{Map, Value, json};
use std::{str::FromStr, time::Duration};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn browser() -> Client {
    trusting(None).timeout(PATIENCE).build().unwrap()
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn metadata(issuer: &Issuer) -> CoreProviderMetadata {
    let url = IssuerUrl::new(issuer.url().to_owned()).unwrap();
    CoreProviderMetadata::discover_async(url, &fetch)
        .await
        .unwrap()
}

/// The HTTP client that openidconnect wants.
async fn fetch(
    request: openidconnect::HttpRequest,
) -> Result<openidconnect::HttpResponse, reqwest::Error> {
    let (head, body) = request.into_parts();
    let response = browser()
        .request(head.method, head.uri.to_string())
        .headers(head.headers)
        .body(body)
        .send()
        .await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut answer = http::Response::new(response.bytes().await?.to_vec());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// What openidconnect says of a token for the audience `portcullis`.
async fn verdict(issuer: &Issuer, keys: &CoreJsonWebKeySet, token: &str) -> Result<(), String> {
    let url = IssuerUrl::new(issuer.url().to_owned()).unwrap();
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new("portcullis".to_owned()),
        url,
        keys.clone(),
    );
    let verifier = verifier.set_allowed_algs([CoreJwsSigningAlgorithm::EcdsaP256Sha256]);
    let token = CoreIdToken::from_str(token).map_err(|error| error.to_string())?;
    token
        .claims(&verifier, |_: Option<&Nonce>| Ok(()))
        .map(|_| ())
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn minted_tokens_verify_and_say_who() {
    let issuer = Issuer::start(IssuerOptions::default()).await.unwrap();
    let keys = metadata(&issuer).await.jwks().clone();
    let token = issuer
        .mint("devin", Map::new(), Duration::from_secs(60))
        .unwrap();
    verdict(&issuer, &keys, &token).await.unwrap();
    let claims = claims(&token);
    for (claim, expected) in [
        ("iss", json!(issuer.url())),
        ("sub", json!("devin")),
        ("aud", json!("portcullis")),
        ("kind", json!("agent")),
        ("sponsor", json!("bob")),
        ("groups", json!(["agents"])),
    ] {
        assert_eq!(claims[claim], expected, "{claim}");
    }
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        60
    );
    assert_eq!(claims["nbf"], claims["iat"]);
}

#[tokio::test]
async fn wrong_tokens_can_be_minted() {
    let issuer = Issuer::start(IssuerOptions::default()).await.unwrap();
    let keys = metadata(&issuer).await.jwks().clone();
    for (claim, value, why) in [
        ("aud", json!("other"), "audience"),
        ("iss", json!("http://other"), "issuer"),
        ("exp", json!(1), "expired"),
    ] {
        let claims = Map::from_iter([(claim.to_owned(), value)]);
        let token = issuer
            .mint("devin", claims, Duration::from_secs(60))
            .unwrap();
        let error = verdict(&issuer, &keys, &token).await.unwrap_err();
        assert!(error.to_lowercase().contains(why), "{claim}: {error}");
    }
}

#[tokio::test]
async fn keys_rotate_retire_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let options = || IssuerOptions {
        keys_dir: Some(dir.path().to_owned()),
        ..IssuerOptions::default()
    };
    let issuer = Issuer::start(options()).await.unwrap();
    let old = issuer
        .mint("bob", Map::new(), Duration::from_secs(60))
        .unwrap();
    issuer.rotate().unwrap();
    let new = issuer
        .mint("bob", Map::new(), Duration::from_secs(60))
        .unwrap();
    let keys = metadata(&issuer).await.jwks().clone();
    verdict(&issuer, &keys, &old).await.unwrap();
    verdict(&issuer, &keys, &new).await.unwrap();
    issuer.retire_old_keys().unwrap();
    let keys = metadata(&issuer).await.jwks().clone();
    assert!(verdict(&issuer, &keys, &old).await.is_err());
    verdict(&issuer, &keys, &new).await.unwrap();

    drop(issuer);
    let again = Issuer::start(options()).await.unwrap();
    assert_eq!(metadata(&again).await.jwks(), &keys);
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(dir.path().join("issuer-key.pk8"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(dir.path().join("issuer-key.pk8"), "rubbish").unwrap();
    let error = Issuer::start(options()).await.unwrap_err().to_string();
    assert!(
        error.contains("issuer-key.pk8") && error.contains("remove it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_browser_login_with_pkce_gives_an_id_token() {
    let issuer = Issuer::start(IssuerOptions::default()).await.unwrap();
    let redirect = RedirectUrl::new("http://127.0.0.1:1/callback".to_owned()).unwrap();
    let client = CoreClient::from_provider_metadata(
        metadata(&issuer).await,
        ClientId::new("portcullis".to_owned()),
        None,
    )
    .set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .set_pkce_challenge(challenge)
        .url();

    let http = browser();
    let page = http.get(url.as_str()).send().await.unwrap();
    assert!(page.headers().contains_key("content-security-policy"));
    let page = page.text().await.unwrap();
    assert!(page.contains("For development only") && page.contains("value=\"alice\""));
    let request = page
        .split("name=\"request\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let choice = [("request", request), ("who", "alice")];
    let response = http
        .post(format!("{}/authorize", issuer.url()))
        .form(&choice)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 303);
    let location = url_of(response.headers()["location"].to_str().unwrap());
    let parameter = |name: &str| {
        location
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(parameter("state").as_deref(), Some(state.secret().as_str()));
    assert_eq!(parameter("iss").as_deref(), Some(issuer.url()));

    let code = AuthorizationCode::new(parameter("code").unwrap());
    let tokens = client
        .exchange_code(code)
        .unwrap()
        .set_pkce_verifier(verifier)
        .request_async(&fetch)
        .await
        .unwrap();
    let id_token = tokens.id_token().unwrap();
    assert_eq!(
        id_token
            .claims(&client.id_token_verifier(), &nonce)
            .unwrap()
            .subject()
            .as_str(),
        "alice"
    );
    // A choice and a code are good once.
    assert_eq!(
        http.post(format!("{}/authorize", issuer.url()))
            .form(&choice)
            .send()
            .await
            .unwrap()
            .status(),
        400
    );
    let again = [
        ("grant_type", "authorization_code"),
        ("code", &parameter("code").unwrap()),
    ];
    let (status, error) = answer(
        http.post(format!("{}/token", issuer.url()))
            .form(&again)
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!((status, &error["error"]), (400, &json!("invalid_grant")));
}

fn url_of(text: &str) -> reqwest::Url {
    reqwest::Url::parse(text).unwrap()
}

#[tokio::test]
async fn a_code_without_its_verifier_is_worthless() {
    let issuer = Issuer::start(IssuerOptions::default()).await.unwrap();
    let http = browser();
    let authorize = |query: String| {
        http.get(format!("{}/authorize?{query}", issuer.url()))
            .send()
    };
    let challenge = "x".repeat(43);
    let redirect = "redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb";
    let complete = format!(
        "client_id=c&{redirect}&response_type=code&code_challenge={challenge}&code_challenge_method=S256"
    );
    for wrong in [
        format!("client_id=c&{redirect}&response_type=code"),
        complete.replace("S256", "plain"),
        complete.replace("127.0.0.1", "evil.example"),
        complete.replace("127.0.0.1", "127.0.0.1%40evil.example"),
        complete.replace("response_type=code", "response_type=token"),
    ] {
        assert_eq!(
            authorize(wrong.clone()).await.unwrap().status(),
            400,
            "{wrong}"
        );
    }
    let page = authorize(complete).await.unwrap().text().await.unwrap();
    let request = page
        .split("name=\"request\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let response = http
        .post(format!("{}/authorize", issuer.url()))
        .form(&[("request", request), ("who", "bob")])
        .send()
        .await
        .unwrap();
    let location = url_of(response.headers()["location"].to_str().unwrap());
    let code = location
        .query_pairs()
        .find(|(key, _)| key == "code")
        .unwrap()
        .1
        .into_owned();
    let guess = "y".repeat(43);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("client_id", "c"),
        ("redirect_uri", "http://127.0.0.1:1/cb"),
        ("code_verifier", guess.as_str()),
    ];
    let (status, error) = answer(
        http.post(format!("{}/token", issuer.url()))
            .form(&form)
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!((status, &error["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn an_agent_logs_in_with_its_secret() {
    let issuer = Issuer::start(IssuerOptions::default()).await.unwrap();
    assert!(issuer.client_secret("alice").is_none());
    let secret = issuer.client_secret("devin").unwrap();
    let token = format!("{}/token", issuer.url());
    let form = [("grant_type", "client_credentials")];
    let (status, body) = answer(
        browser()
            .post(&token)
            .basic_auth("devin", Some(secret))
            .form(&form)
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        claims(body["access_token"].as_str().unwrap())["sub"],
        "devin"
    );
    assert!(body.get("id_token").is_none());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "devin"),
        ("client_secret", secret),
        ("scope", "openid"),
    ];
    let (_, body) = answer(browser().post(&token).form(&form).send().await.unwrap()).await;
    let keys = metadata(&issuer).await.jwks().clone();
    verdict(&issuer, &keys, body["id_token"].as_str().unwrap())
        .await
        .unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "devin"),
        ("client_secret", "guess"),
    ];
    let (status, error) = answer(browser().post(&token).form(&form).send().await.unwrap()).await;
    assert_eq!((status, &error["error"]), (401, &json!("invalid_client")));
}

#[tokio::test]
async fn a_device_waits_for_its_person() {
    let issuer = Issuer::start(IssuerOptions::default()).await.unwrap();
    let http = browser();
    let post = async |path: &str, form: &[(&str, &str)]| {
        answer(
            http.post(format!("{}{path}", issuer.url()))
                .form(form)
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    for (who, expected) in [("bob", "bob"), ("", "access_denied")] {
        let (_, device) = post("/device_authorization", &[("client_id", "portcullis")]).await;
        let (code, user_code) = (
            device["device_code"].as_str().unwrap(),
            device["user_code"].as_str().unwrap(),
        );
        let poll = [("grant_type", DEVICE_GRANT), ("device_code", code)];
        assert_eq!(
            post("/token", &poll).await.1["error"],
            "authorization_pending"
        );
        assert_eq!(post("/token", &poll).await.1["error"], "slow_down");
        let page = http
            .get(device["verification_uri_complete"].as_str().unwrap())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(page.contains(user_code) && page.contains("For development only"));
        let typed = user_code.to_lowercase();
        assert_eq!(
            post("/device", &[("user_code", &typed), ("who", who)])
                .await
                .0,
            200
        );
        let (_, body) = post("/token", &poll).await;
        match body["id_token"].as_str() {
            Some(token) => assert_eq!(claims(token)["sub"], expected),
            None => assert_eq!(body["error"], expected),
        }
    }
    assert_eq!(
        post("/device", &[("user_code", "BCDF-GHJK"), ("who", "bob")])
            .await
            .0,
        400
    );
    assert_eq!(
        post(
            "/token",
            &[("grant_type", DEVICE_GRANT), ("device_code", "x")]
        )
        .await
        .1["error"],
        "expired_token"
    );
    assert_eq!(
        post("/token", &[("grant_type", "password")]).await.1["error"],
        "unsupported_grant_type"
    );
    let long = "x".repeat(20_000);
    assert_eq!(
        post("/token", &[("grant_type", &long)]).await.1["error"],
        "invalid_request"
    );
}

#[tokio::test]
async fn it_serves_tls_when_asked_and_says_what_it_is_for() {
    let issuer = Issuer::start(IssuerOptions {
        tls: true,
        ..IssuerOptions::default()
    })
    .await
    .unwrap();
    assert!(issuer.url().starts_with("https://127.0.0.1:"));
    let http = trusting(issuer.ca_pem()).build().unwrap();
    let url = format!("{}/.well-known/openid-configuration", issuer.url());
    let (_, discovery) = answer(http.get(url).send().await.unwrap()).await;
    assert!(
        discovery["development_only"]
            .as_str()
            .unwrap()
            .contains("never trust it")
    );
    let page = http
        .get(issuer.url())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("For development only"));
}

#[tokio::test]
async fn what_a_client_sends_is_shown_harmless() {
    let issuer = Issuer::start(IssuerOptions::default()).await.unwrap();
    let url = format!(
        "{}/device?user_code=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        issuer.url()
    );
    let page = browser()
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
}
