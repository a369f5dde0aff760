//! Tokens that are wrong in one way each, signed by the development issuer's own key unless that is the wrong.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// A key that signs tokens with ES256.
pub struct Signer {
    pair: EcdsaKeyPair,
    id: String,
}

impl Signer {
    /// The development issuer's of a gateway's folder.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn of(gateway: &Path) -> Self {
        Self::new(&std::fs::read(gateway.join("issuer/issuer-key.pk8")).expect("the issuer keeps its key"))
    }

    /// Somebody else's.
    ///
    /// # Panics
    /// When there is no randomness.
    #[must_use]
    pub fn stranger() -> Self {
        Self::new(EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key").as_ref())
    }

    /// The same key under another's name.
    #[must_use]
    pub fn named_as(self, other: &Self) -> Self {
        Self { id: other.id.clone(), ..self }
    }

    fn new(pkcs8: &[u8]) -> Self {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).expect("a P-256 key");
        // The RFC 7638 thumbprint of an uncompressed point: 0x04, x, y.
        let point = pair.public_key().as_ref();
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, b64(&point[1..33]), b64(&point[33..65]));
        let id = b64(digest(&SHA256, text.as_bytes()).as_ref());
        Self { pair, id }
    }

    /// Signs claims.
    ///
    /// # Panics
    /// When there is no randomness.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let message = message(&json!({ "alg": "ES256", "typ": "JWT", "kid": self.id }), claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        format!("{message}.{}", b64(signature.as_ref()))
    }
}

/// A token that nobody has signed.
#[must_use]
pub fn unsigned(claims: &Value) -> String {
    message(&json!({ "alg": "none", "typ": "JWT" }), claims) + "."
}

/// The claims of `devin` that are good for ten minutes, with others put over them.
#[must_use]
pub fn claims(issuer: &str, others: &Value) -> Value {
    let mut claims = json!({
        "iss": issuer, "sub": "devin", "aud": "portcullis", "kind": "agent", "sponsor": "bob", "groups": ["agents"],
        "iat": now(), "nbf": now(), "exp": now() + 600, "jti": "one",
    });
    if let (Some(claims), Some(others)) = (claims.as_object_mut(), others.as_object()) {
        claims.extend(Map::clone(others));
    }
    claims
}

/// Seconds since 1970.
///
/// # Panics
/// When the clock stands before it.
#[must_use]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set").as_secs().cast_signed()
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", b64(header.to_string().as_bytes()), b64(claims.to_string().as_bytes()))
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
