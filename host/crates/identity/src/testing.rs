//! An OIDC issuer for tests: real keys, real signatures, real HTTP on a free port of this machine.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use store::now_micros;
use tokio::net::TcpListener;

/// A signing key of an issuer.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) kid: String,
    pair: Arc<Pair>,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Key {
    pub(crate) fn es256(kid: &str) -> Key {
        Key::of(kid, Pair::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()))
    }

    pub(crate) fn eddsa(kid: &str) -> Key {
        Key::of(kid, Pair::EdDsa(Ed25519KeyPair::generate().unwrap()))
    }

    pub(crate) fn rs256(kid: &str) -> Key {
        Key::of(kid, Pair::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    fn of(kid: &str, pair: Pair) -> Key {
        Key { kid: kid.to_owned(), pair: Arc::new(pair) }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match *self.pair {
            Pair::Es256(_) => "ES256",
            Pair::EdDsa(_) => "EdDSA",
            Pair::Rs256(_) => "RS256",
        }
    }

    fn jwk(&self) -> Value {
        let mut jwk = match &*self.pair {
            Pair::Es256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
            }
            Pair::EdDsa(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key())}),
            Pair::Rs256(pair) => {
                let public = pair.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                json!({
                    "kty": "RSA",
                    "n": b64(n.big_endian_without_leading_zero()),
                    "e": b64(e.big_endian_without_leading_zero()),
                })
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["alg"] = json!(self.algorithm());
        jwk["use"] = json!("sig");
        jwk
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let signature = match &*self.pair {
            Pair::Es256(pair) => pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{text}.{}", b64(signature))
    }

    /// The usual header.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm(), "kid": self.kid, "typ": "JWT"})
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }
}

pub(crate) fn seconds() -> i64 {
    now_micros() / 1_000_000
}

/// How the issuer answers.
#[derive(Clone)]
pub(crate) struct Answers {
    pub(crate) keys: Vec<Key>,
    /// Before each answer.
    pub(crate) delay: Duration,
    /// Instead of 200.
    pub(crate) status: u16,
    /// Instead of the issuer's own URL.
    pub(crate) issuer: Option<String>,
    /// Instead of the key set's own URL.
    pub(crate) jwks_uri: Option<String>,
    /// Instead of the discovery document.
    pub(crate) document: Option<Bytes>,
    /// A `Location` header.
    pub(crate) location: Option<String>,
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    answers: Mutex<Answers>,
    pub(crate) asked_for_keys: AtomicUsize,
}

impl Issuer {
    pub(crate) async fn start(keys: Vec<Key>) -> Arc<Issuer> {
        Self::start_with(keys, None).await
    }

    /// With TLS, when an acceptor is given.
    pub(crate) async fn start_with(keys: Vec<Key>, tls: Option<tokio_rustls::TlsAcceptor>) -> Arc<Issuer> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let answers = Answers {
            keys,
            delay: Duration::ZERO,
            status: 200,
            issuer: None,
            jwks_uri: None,
            document: None,
            location: None,
        };
        let issuer = Arc::new(Issuer {
            url: format!("{scheme}://127.0.0.1:{}", listener.local_addr().unwrap().port()),
            answers: Mutex::new(answers),
            asked_for_keys: AtomicUsize::new(0),
        });
        let this = issuer.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (this, tls) = (this.clone(), tls.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let this = this.clone();
                        async move { Ok::<_, Infallible>(this.answer(&request).await) }
                    });
                    let http = hyper::server::conn::http1::Builder::new();
                    let _ = match tls {
                        None => http.serve_connection(TokioIo::new(stream), service).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => http.serve_connection(TokioIo::new(stream), service).await,
                            Err(_) => Ok(()),
                        },
                    };
                });
            }
        });
        issuer
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock());
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let answers = self.answers.lock().clone();
        tokio::time::sleep(answers.delay).await;
        let mut response = Response::builder().status(answers.status).header("content-type", "application/json");
        if let Some(location) = &answers.location {
            response = response.header("location", location);
        }
        let body = match request.uri().path() {
            "/.well-known/openid-configuration" => answers.document.clone().unwrap_or_else(|| {
                let issuer = answers.issuer.as_ref().unwrap_or(&self.url);
                let keys = answers.jwks_uri.clone().unwrap_or_else(|| format!("{}/keys", self.url));
                // As small as Kubernetes' own for service accounts: no authorization endpoint.
                json!({"issuer": issuer, "jwks_uri": keys}).to_string().into()
            }),
            "/keys" => {
                self.asked_for_keys.fetch_add(1, Ordering::SeqCst);
                let keys: Vec<Value> = answers.keys.iter().map(Key::jwk).collect();
                json!({ "keys": keys }).to_string().into()
            }
            _ => {
                return Response::builder().status(404).body(Full::default()).unwrap();
            }
        };
        response.body(Full::new(body)).unwrap()
    }

    /// Claims as the verifier expects them by default.
    pub(crate) fn claims(&self) -> Value {
        let now = seconds();
        json!({"iss": self.url, "aud": "portcullis", "sub": "devin", "iat": now, "exp": now + 600, "groups": ["robots"]})
    }
}
