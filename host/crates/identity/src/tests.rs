//! The verifier against a real issuer on this machine.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::testing::{Issuer, Key, seconds};
use crate::*;

/// Asks again at once, and never by itself during a test.
fn eager() -> VerifierOptions {
    VerifierOptions {
        ask_again_after: Duration::ZERO,
        refresh_every: Duration::from_secs(3600),
        ..VerifierOptions::default()
    }
}

fn verifier(issuer: &Issuer) -> Verifier {
    Verifier::new(vec![IssuerConfig::new(&issuer.url, "portcullis")], eager()).unwrap()
}

/// Claims with some replaced; `null` removes one.
fn with(mut claims: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

#[tokio::test]
async fn good_tokens_of_each_algorithm_say_who() {
    let keys = vec![Key::es256("e"), Key::eddsa("d"), Key::rs256("r")];
    let issuer = Issuer::start(keys.clone()).await;
    let verifier = verifier(&issuer);
    for key in &keys {
        let identity = verifier.verify(&key.token(&issuer.claims())).await.unwrap();
        assert_eq!(identity.issuer, issuer.url);
        assert_eq!(identity.subject, "devin");
        assert_eq!(identity.kind, Kind::Agent);
        assert_eq!(identity.groups, ["robots"]);
        assert_eq!(identity.expires, identity.issued + 600_000_000);
    }
    assert_eq!(issuer.asked_for_keys.load(Ordering::SeqCst), 1, "one key set serves them all");
}

#[tokio::test]
async fn good_tokens_come_in_many_shapes() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    let verifier = verifier(&issuer);
    let now = seconds();
    for changes in [
        json!({"aud": ["somebody", "portcullis"]}),
        json!({"nbf": now - 1}),
        // Within the clocks' allowed difference of 60 s.
        json!({"exp": now - 30}),
        json!({"nbf": now + 30, "iat": now + 30}),
        json!({"exp": now as f64 + 60.5}),
        json!({"nonce": "of a browser's log-in"}),
        json!({"groups": null}),
        json!({"groups": "one"}),
        json!({"email": "devin@example.com", "email_verified": true, "kubernetes.io": {"namespace": "ci"}}),
    ] {
        let token = key.token(&with(issuer.claims(), changes.clone()));
        assert!(verifier.verify(&token).await.is_ok(), "{changes}: {:?}", verifier.verify(&token).await);
    }
    for header in [
        json!({"alg": "ES256", "kid": "e"}),
        json!({"alg": "ES256", "kid": "e", "typ": "at+jwt"}),
        // One key only, so there is no doubt which.
        json!({"alg": "ES256"}),
    ] {
        let token = key.sign(&header, &issuer.claims());
        assert!(verifier.verify(&token).await.is_ok(), "{header}: {:?}", verifier.verify(&token).await);
    }
}

/// Everything that a caller can get wrong, or try, and what they are told.
#[tokio::test]
async fn bad_tokens_are_refused_with_the_reason() {
    let key = Key::es256("e");
    let rsa = Key::rs256("r");
    let stranger = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone(), rsa.clone()]).await;
    let verifier = verifier(&issuer);
    let good = key.token(&issuer.claims());
    let now = seconds();
    let parts: Vec<&str> = good.split('.').collect();
    let claims = |changes: Value| key.token(&with(issuer.claims(), changes));
    let header = |header: Value| key.sign(&header, &issuer.claims());
    let swapped = key.token(&with(issuer.claims(), json!({"sub": "admin"})));
    let swapped: Vec<&str> = swapped.split('.').collect();

    let cases: Vec<(&str, String, &str)> = vec![
        ("nothing", String::new(), "malformed: it has not three parts"),
        ("a word", "hunter2".into(), "malformed: it has not three parts"),
        ("two parts", format!("{}.{}", parts[0], parts[1]), "malformed: it has not three parts"),
        ("four parts", format!("{good}.x"), "malformed: it has not three parts"),
        ("dots", "..".into(), "malformed: its header"),
        ("a header that is no base64url", format!("+/=.{}.{}", parts[1], parts[2]), "malformed: its header is not base64url"),
        ("a payload that is no base64url", format!("{}.*.{}", parts[0], parts[2]), "malformed: its payload is not base64url"),
        ("a payload that is no object", key.token(&json!("text")), "malformed: its payload is no JSON object"),
        ("a header that is no object", key.sign(&json!([1]), &issuer.claims()), "malformed: its header is no JSON object"),
        ("too large", "x".repeat(16 * 1024 + 1), "16385 bytes long, 16384 are allowed"),
        ("huge", "x".repeat(10_000_000), "10000000 bytes long"),
        ("alg none", format!("{}.{}.", b64(r#"{"alg":"none"}"#), parts[1]), "the token is unsigned"),
        ("alg None, signed", header(json!({"alg": "None", "kid": "e"})), "the token is unsigned"),
        ("alg NONE, signature kept", format!("{}.{}.{}", b64(r#"{"alg":"NONE"}"#), parts[1], parts[2]), "the token is unsigned"),
        ("no signature", format!("{}.{}.", parts[0], parts[1]), "the token is unsigned"),
        ("HMAC", header(json!({"alg": "HS256", "kid": "e"})), "signed with HS256, which is not accepted"),
        ("an unknown algorithm", header(json!({"alg": "ES256K", "kid": "e"})), "signed with ES256K, which is not accepted"),
        ("the algorithm of another key", header(json!({"alg": "RS256", "kid": "e"})), "\"e\", which"),
        ("somebody else's key of that name", stranger.token(&issuer.claims()), "signature is wrong"),
        ("claims of another token", format!("{}.{}.{}", parts[0], swapped[1], parts[2]), "signature is wrong"),
        ("a broken signature", format!("{}.{}.{}", parts[0], parts[1], b64("short")), "signature is wrong"),
        ("a signature that is no base64", format!("{}.{}.***", parts[0], parts[1]), "malformed"),
        ("an unknown key", header(json!({"alg": "ES256", "kid": "nobody's"})), "with the key \"nobody's\", which"),
        ("a key that comes along", header(json!({"alg": "ES256", "kid": "x", "jwk": {"kty": "EC"}})), "does not publish"),
        ("an extension that must be understood", header(json!({"alg": "ES256", "kid": "e", "crit": ["b64"], "b64": false})), "malformed: its header asks"),
        ("a token in a token", header(json!({"alg": "ES256", "kid": "e", "cty": "JWT"})), "malformed: its header asks"),
        ("a log-out token", header(json!({"alg": "ES256", "kid": "e", "typ": "logout+jwt"})), "malformed: its header asks"),
        ("an unknown issuer", claims(json!({"iss": "https://evil.example"})), "issuer \"https://evil.example\" is not known here; known are http://127.0.0.1"),
        ("almost the issuer", claims(json!({"iss": format!("{}/", issuer.url)})), "is not known here"),
        ("no issuer", claims(json!({"iss": null})), "malformed: it names no issuer"),
        ("an issuer that is a list", claims(json!({"iss": [issuer.url]})), "malformed: it names no issuer"),
        ("another audience", claims(json!({"aud": "kubernetes"})), "for the audience kubernetes, expected is portcullis"),
        ("other audiences", claims(json!({"aud": ["a", "b"]})), "for the audience a, b, expected is portcullis"),
        ("almost the audience", claims(json!({"aud": "Portcullis"})), "expected is portcullis"),
        ("no audience", claims(json!({"aud": []})), "for the audience (none), expected"),
        ("expired", claims(json!({"exp": now - 3600})), "the token expired at 20"),
        ("expired by more than the clocks differ", claims(json!({"exp": now - 62})), "the token expired at 20"),
        ("never expires", claims(json!({"exp": null})), "malformed: it does not say when it expires"),
        ("expires in words", claims(json!({"exp": "tomorrow"})), "malformed: a time in its claims"),
        ("expires beyond all numbers", claims(json!({"exp": 1e300})), "malformed: a time in its claims"),
        ("not yet valid", claims(json!({"nbf": now + 3600})), "not valid before 20"),
        ("issued tomorrow", claims(json!({"iat": now + 3600})), "not valid before 20"),
        ("never issued", claims(json!({"iat": null})), "malformed: it does not say when it was issued"),
        ("no subject", claims(json!({"sub": null})), "malformed"),
        ("an empty subject", claims(json!({"sub": ""})), "no usable claim \"sub\""),
        ("groups that are numbers", claims(json!({"groups": [1]})), "no usable claim \"groups\""),
        ("groups that are an object", claims(json!({"groups": {"a": true}})), "no usable claim \"groups\""),
    ];
    for (name, token, expected) in cases {
        let error = verifier.verify(&token).await.expect_err(name).to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(error.len() < 600, "{name}: {error}");
        // What was sent is not repeated: no signature, no payload.
        assert!(!error.contains(parts[1]) && !error.contains(parts[2]), "{name}: {error}");
        // Nor does trying again help.
        assert!(verifier.verify(&token).await.is_err(), "{name}, again");
    }
    assert!(verifier.verify(&good).await.is_ok());
}

fn b64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[tokio::test]
async fn text_from_a_token_is_made_harmless() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    let verifier = verifier(&issuer);
    let nasty = format!("https://evil.example/\u{1b}[2J\n{}", "x".repeat(5000));
    let error = verifier.verify(&key.token(&with(issuer.claims(), json!({"iss": nasty})))).await.unwrap_err().to_string();
    assert!(!error.contains('\u{1b}') && !error.contains('\n') && error.len() < 600, "{error}");
}

#[tokio::test]
async fn a_verified_token_is_remembered_until_it_expires() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    let mut config = IssuerConfig::new(&issuer.url, "portcullis");
    config.clock_skew_seconds = 0;
    let verifier = Verifier::new(vec![config], eager()).unwrap();
    let token = key.token(&with(issuer.claims(), json!({"exp": seconds() + 2})));
    let first = verifier.verify(&token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &verifier.verify(&token).await.unwrap()));
    let begun = Instant::now();
    let error = loop {
        match verifier.verify(&token).await {
            Ok(_) if begun.elapsed() < Duration::from_secs(5) => tokio::time::sleep(Duration::from_millis(20)).await,
            Ok(_) => panic!("a token outlives its expiry"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, TokenError::Expired { .. }), "{error}");
}

#[tokio::test]
async fn rotation_brings_new_keys_and_takes_old_ones() {
    let (old, new) = (Key::es256("old"), Key::eddsa("new"));
    let issuer = Issuer::start(vec![old.clone()]).await;
    let verifier = verifier(&issuer);
    let by_old = old.token(&issuer.claims());
    let by_new = new.token(&issuer.claims());
    verifier.verify(&by_old).await.unwrap();
    assert!(matches!(verifier.verify(&by_new).await, Err(TokenError::UnknownKey { .. })));

    issuer.change(|answers| answers.keys = vec![old.clone(), new.clone()]);
    verifier.verify(&by_new).await.unwrap();
    verifier.verify(&by_old).await.unwrap();

    // The old key is withdrawn; whoever brings the next one makes the gateway notice.
    let newest = Key::es256("newest");
    issuer.change(|answers| answers.keys = vec![newest.clone(), new.clone()]);
    verifier.verify(&newest.token(&issuer.claims())).await.unwrap();
    let error = verifier.verify(&by_old).await.unwrap_err();
    assert!(matches!(error, TokenError::UnknownKey { .. }), "remembered beyond its key: {error}");
    verifier.verify(&by_new).await.unwrap();
}

/// A key withdrawn without a successor is noticed by the refresh in the background.
#[tokio::test]
async fn a_withdrawn_key_is_noticed_though_nobody_brings_another() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    let options = VerifierOptions { refresh_every: Duration::from_millis(20), ..eager() };
    let verifier = Verifier::new(vec![IssuerConfig::new(&issuer.url, "portcullis")], options).unwrap();
    let token = key.token(&issuer.claims());
    verifier.verify(&token).await.unwrap();
    issuer.change(|answers| answers.keys = vec![Key::es256("other")]);
    let begun = Instant::now();
    while verifier.verify(&token).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn made_up_keys_do_not_make_the_gateway_ask_and_ask() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    let options = VerifierOptions { ask_again_after: Duration::from_secs(3600), ..eager() };
    let verifier = Verifier::new(vec![IssuerConfig::new(&issuer.url, "portcullis")], options).unwrap();
    for n in 0..100 {
        let header = json!({"alg": "ES256", "kid": format!("made up {n}")});
        assert!(verifier.verify(&key.sign(&header, &issuer.claims())).await.is_err());
    }
    assert!(verifier.verify(&key.token(&issuer.claims())).await.is_ok());
    assert_eq!(issuer.asked_for_keys.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_at_once_ask_once() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    issuer.change(|answers| answers.delay = Duration::from_millis(100));
    let verifier = verifier(&issuer);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let token = key.token(&with(issuer.claims(), json!({"jti": n})));
        let verifier = verifier.clone();
        tasks.spawn(async move { verifier.verify(&token).await.map(|_| ()) });
    }
    for outcome in tasks.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(issuer.asked_for_keys.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_issuer_that_is_down_is_named_and_tried_again() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    issuer.change(|answers| answers.status = 503);
    let verifier = verifier(&issuer);
    let token = key.token(&issuer.claims());
    let error = verifier.verify(&token).await.unwrap_err();
    assert!(matches!(&error, TokenError::IssuerUnavailable { .. }), "{error}");
    assert!(error.to_string().contains("answers 503"), "{error}");
    assert!(verifier.status().await[0].failure.as_ref().unwrap().contains("503"));

    issuer.change(|answers| answers.status = 200);
    verifier.verify(&token).await.unwrap();
    let status = &verifier.status().await[0];
    assert_eq!((status.keys, &status.failure), (1, &None));

    // And when it goes down again, what is known still serves.
    issuer.change(|answers| answers.status = 503);
    verifier.verify(&key.token(&with(issuer.claims(), json!({"sub": "alice"})))).await.unwrap();
}

#[tokio::test]
async fn nobody_at_the_issuers_address_is_said_in_words() {
    // Bound, so that nobody else gets the port, but not listening: refused.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let verifier = Verifier::new(vec![IssuerConfig::new(&url, "portcullis")], eager()).unwrap();
    let now = seconds();
    let token = Key::es256("e").token(&json!({"iss": url, "aud": "portcullis", "sub": "x", "iat": now, "exp": now + 60}));
    let error = verifier.verify(&token).await.unwrap_err().to_string();
    assert!(error.contains("cannot be reached") && error.to_lowercase().contains("refused"), "{error}");
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_costs_bounded_time() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    issuer.change(|answers| answers.delay = Duration::from_secs(60));
    let options = VerifierOptions { timeout: Duration::from_millis(200), ..eager() };
    let verifier = Verifier::new(vec![IssuerConfig::new(&issuer.url, "portcullis")], options).unwrap();
    let begun = Instant::now();
    let error = verifier.verify(&key.token(&issuer.claims())).await.unwrap_err();
    assert!(matches!(error, TokenError::IssuerUnavailable { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn keys_that_cannot_be_confirmed_for_long_are_given_up() {
    let key = Key::es256("e");
    let issuer = Issuer::start(vec![key.clone()]).await;
    let options = VerifierOptions { keys_stale_after: Duration::ZERO, ..eager() };
    let verifier = Verifier::new(vec![IssuerConfig::new(&issuer.url, "portcullis")], options).unwrap();
    let token = key.token(&issuer.claims());
    verifier.verify(&token).await.unwrap();
    issuer.change(|answers| answers.status = 500);
    let header = json!({"alg": "ES256", "kid": "another"});
    assert!(verifier.verify(&key.sign(&header, &issuer.claims())).await.is_err());
    assert!(matches!(verifier.verify(&token).await, Err(TokenError::IssuerUnavailable { .. })));
}

#[tokio::test]
async fn documents_that_cannot_be_trusted_are_not() {
    let key = Key::es256("e");
    let other = Issuer::start(vec![key.clone()]).await;
    let cases: Vec<(&str, Box<dyn Fn(&mut crate::testing::Answers)>)> = vec![
        ("another issuer", Box::new(|answers| answers.issuer = Some("https://evil.example".into()))),
        ("not served over https", Box::new(|answers| answers.jwks_uri = Some("http://keys.example/keys".into()))),
        ("no discovery document", Box::new(|answers| answers.document = Some("<html>".into()))),
        ("no discovery document", Box::new(|answers| answers.document = Some("{}".into()))),
        ("larger than", Box::new(|answers| answers.document = Some(vec![b' '; 600 * 1024].into()))),
        ("answers 302", Box::new(move |answers| {
            answers.status = 302;
            answers.location = Some(format!("{}/.well-known/openid-configuration", other.url));
        })),
    ];
    for (expected, change) in cases {
        let issuer = Issuer::start(vec![key.clone()]).await;
        issuer.change(change);
        let error = verifier(&issuer).verify(&key.token(&issuer.claims())).await.unwrap_err();
        assert!(matches!(error, TokenError::IssuerUnavailable { .. }), "{expected}: {error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
}

#[tokio::test]
async fn an_issuer_with_its_own_certificate_authority() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key_der = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key_der)
        .unwrap();
    let key = Key::es256("e");
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let issuer = Issuer::start_with(vec![key.clone()], Some(tls)).await;
    let token = key.token(&issuer.claims());

    let error = verifier(&issuer).verify(&token).await.unwrap_err().to_string();
    assert!(error.to_lowercase().contains("certificate"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, certified.cert.pem()).unwrap();
    let mut config = IssuerConfig::new(&issuer.url, "portcullis");
    config.ca_file = Some(path.clone());
    let trusting = Verifier::new(vec![config.clone()], eager()).unwrap();
    trusting.verify(&token).await.unwrap();

    for wrong in ["", "not PEM"] {
        std::fs::write(&path, wrong).unwrap();
        assert!(matches!(Verifier::new(vec![config.clone()], eager()), Err(ConfigError::CaFile { .. })), "{wrong:?}");
    }
    config.ca_file = Some("/nonexistent.pem".into());
    let error = Verifier::new(vec![config], eager()).unwrap_err().to_string();
    assert!(error.contains("/nonexistent.pem"), "{error}");
}

#[tokio::test]
async fn wrong_configurations_are_refused_with_the_fix() {
    let good = || IssuerConfig::new("https://issuer.example", "portcullis");
    type Change = fn(&mut IssuerConfig);
    let cases: [(&str, Change); 9] = [
        ("not a URL", |config| config.issuer = "issuer".into()),
        ("not https", |config| config.issuer = "http://issuer.example".into()),
        ("not https", |config| config.issuer = "http://localhost.evil.example".into()),
        ("not https", |config| config.issuer = "file:///etc/passwd".into()),
        ("query", |config| config.issuer = "https://issuer.example?a".into()),
        ("fragment", |config| config.issuer = "https://issuer.example#a".into()),
        ("no audiences", |config| config.audiences.clear()),
        ("clock skew", |config| config.clock_skew_seconds = 601),
        ("empty list of algorithms", |config| config.algorithms.clear()),
    ];
    good().check().unwrap();
    for (expected, change) in cases {
        let mut config = good();
        change(&mut config);
        let error = Verifier::new(vec![config], eager()).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    assert!(matches!(Verifier::new(vec![good(), good()], eager()), Err(ConfigError::Twice { .. })));
    // Neither can be written in a configuration.
    for algorithm in ["none", "HS256"] {
        let text = json!({"issuer": "https://i", "audiences": ["a"], "algorithms": [algorithm]}).to_string();
        assert!(serde_json::from_str::<IssuerConfig>(&text).is_err());
    }
    let least = json!({"issuer": "https://issuer.example", "audiences": ["portcullis"]}).to_string();
    assert_eq!(serde_json::from_str::<IssuerConfig>(&least).unwrap(), good());
}

/// What the design's figures rest on: a remembered token costs about a microsecond. The bound is generous for a
/// machine under load; the figure is printed.
#[tokio::test]
async fn a_remembered_token_is_cheap() {
    let key = Key::rs256("r");
    let issuer = Issuer::start(vec![key.clone()]).await;
    let verifier = verifier(&issuer);
    let token = key.token(&issuer.claims());
    verifier.verify(&token).await.unwrap();
    const TIMES: u32 = 20_000;
    let begun = Instant::now();
    for _ in 0..TIMES {
        verifier.verify(&token).await.unwrap();
    }
    let each = begun.elapsed() / TIMES;
    println!("a remembered token of {} bytes: {each:?}", token.len());
    assert!(each < Duration::from_micros(50), "{each:?}");
}
