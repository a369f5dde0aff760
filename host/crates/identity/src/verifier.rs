use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{ClaimsVerificationError, ClientId, IssuerUrl, JsonWebTokenType, Nonce, SignatureVerificationError};
use quick_cache::sync::Cache;
use serde::Deserialize;
use store::now_micros;

use crate::claims::{self, Claims};
use crate::config::{Algorithm, ConfigError, IssuerConfig};
use crate::fingerprint::Fingerprint;
use crate::identity::Identity;
use crate::keys::{Issuer, IssuerStatus};
use crate::token_error::{TokenError, shown};

/// The longest token that is looked at, in bytes. Kubernetes' own limit for headers leaves room for
/// little more; real tokens with hundreds of groups have 8 KiB.
const LONGEST: usize = 16 * 1024;

/// How many verified tokens are remembered: some 5 MB at most.
const REMEMBERED: usize = 10_000;

/// How [`Verifier`] treats issuers.
#[derive(Clone, Debug)]
pub struct VerifierOptions {
    /// How long one request to an issuer may take. 5 s by default.
    pub timeout: Duration,
    /// The least time between two requests to one issuer. 5 s by default.
    pub ask_again_after: Duration,
    /// How often keys are fetched anew though nobody met an unknown one, so that a withdrawn key is
    /// noticed. 5 minutes by default.
    pub refresh_every: Duration,
    /// After how long without an answer the keys are not trusted any more. 24 hours by default.
    pub keys_stale_after: Duration,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        VerifierOptions {
            timeout: Duration::from_secs(5),
            ask_again_after: Duration::from_secs(5),
            refresh_every: Duration::from_secs(300),
            keys_stale_after: Duration::from_secs(24 * 3600),
        }
    }
}

/// Verifies bearer tokens of the configured issuers. Clones share everything.
#[derive(Clone, Debug)]
pub struct Verifier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    issuers: HashMap<String, Arc<Issuer>>,
    remembered: Cache<Fingerprint, Remembered>,
}

#[derive(Clone, Debug)]
struct Remembered {
    identity: Arc<Identity>,
    issuer: Arc<Issuer>,
    epoch: u64,
    /// When it expires, the clocks' difference added, in microseconds.
    until: i64,
}

/// The parts of a token that are read before anything is verified, to know what to verify it with.
struct Unverified {
    algorithm: String,
    key: Option<String>,
    claims: Claims,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
}

impl Verifier {
    /// Check the configuration, and begin to fetch the issuers' keys in the background. Must be called within a
    /// tokio runtime. The background task ends with the last clone.
    ///
    /// # Errors
    /// What is wrong with the configuration. An issuer that does not answer is no error.
    pub fn new(issuers: Vec<IssuerConfig>, options: VerifierOptions) -> Result<Verifier, ConfigError> {
        let mut known = HashMap::new();
        for config in issuers {
            let name = config.issuer.clone();
            if known.insert(name.clone(), Arc::new(Issuer::new(config, options.clone())?)).is_some() {
                return Err(ConfigError::Twice { issuer: name });
            }
        }
        for issuer in known.values() {
            let issuer = Arc::downgrade(issuer);
            let options = options.clone();
            tokio::spawn(async move {
                loop {
                    let Some(issuer) = issuer.upgrade() else { return };
                    let pause = match issuer.refresh().await {
                        Ok(()) => options.refresh_every,
                        Err(_) => options.ask_again_after,
                    };
                    drop(issuer);
                    tokio::time::sleep(pause).await;
                }
            });
        }
        Ok(Verifier(Arc::new(Inner { issuers: known, remembered: Cache::new(REMEMBERED) })))
    }

    /// Who sent this token. At once (a hash and a look-up) for a token that was verified before; otherwise it may ask
    /// the issuer for its keys, within the options' limits.
    ///
    /// # Errors
    /// Why it is refused.
    pub async fn verify(&self, token: &str) -> Result<Arc<Identity>, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::TooLarge { size: token.len(), limit: LONGEST });
        }
        let name = Fingerprint::of(token.as_bytes());
        if let Some(known) = self.0.remembered.get(&name) {
            if now_micros() < known.until && known.epoch == known.issuer.epoch() {
                return Ok(known.identity);
            }
            self.0.remembered.remove(&name);
        }
        self.verify_anew(token, name).await
    }

    async fn verify_anew(&self, token: &str, name: Fingerprint) -> Result<Arc<Identity>, TokenError> {
        let unverified = Unverified::read(token)?;
        let issuer = self.issuer_of(&unverified.claims)?;
        issuer.accepts(&unverified.algorithm)?;
        if !issuer.knows(unverified.key.as_deref()) {
            let asked = issuer.refresh().await;
            if issuer.keys().is_none() {
                let why = asked.err().unwrap_or_else(|| "its keys are not known yet".to_owned());
                return Err(TokenError::IssuerUnavailable { issuer: issuer.config.issuer.clone(), why });
            }
        }
        // The epoch before the keys: should they change in between, the token is only verified once more.
        let epoch = issuer.epoch();
        let keys = issuer.keys().ok_or_else(|| TokenError::IssuerUnavailable {
            issuer: issuer.config.issuer.clone(),
            why: "its keys are not known yet".to_owned(),
        })?;
        let (identity, until) = issuer.verify_with(token, &unverified, &keys)?;
        let identity = Arc::new(identity);
        self.0.remembered.insert(name, Remembered { identity: identity.clone(), issuer: issuer.clone(), epoch, until });
        Ok(identity)
    }

    fn issuer_of(&self, claims: &Claims) -> Result<&Arc<Issuer>, TokenError> {
        let found = claims
            .get("iss")
            .and_then(|issuer| issuer.as_str())
            .ok_or(TokenError::Malformed { why: "it names no issuer (iss)" })?;
        self.0.issuers.get(found).ok_or_else(|| {
            let mut known: Vec<&str> = self.0.issuers.keys().map(String::as_str).collect();
            known.sort_unstable();
            TokenError::WrongIssuer { found: shown(found), known: known.join(", ") }
        })
    }

    /// How the gateway stands with each issuer, sorted by name.
    pub async fn status(&self) -> Vec<IssuerStatus> {
        let mut all = Vec::new();
        for issuer in self.0.issuers.values() {
            all.push(issuer.status().await);
        }
        all.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        all
    }
}

impl Unverified {
    fn read(token: &str) -> Result<Self, TokenError> {
        let malformed = |why| TokenError::Malformed { why };
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("it has not three parts separated by dots"));
        };
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| malformed("its header is not base64url"))?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| malformed("its header is no JSON object"))?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| malformed("its payload is not base64url"))?;
        let claims: Claims =
            serde_json::from_slice(&payload).map_err(|_| malformed("its payload is no JSON object"))?;
        // RFC 8725, section 3.1: in every spelling.
        if header.alg.eq_ignore_ascii_case("none") || signature.is_empty() {
            return Err(TokenError::Unsigned);
        }
        Ok(Unverified { algorithm: header.alg, key: header.kid, claims })
    }
}

impl Issuer {
    fn accepts(&self, algorithm: &str) -> Result<(), TokenError> {
        let accepted = &self.config.algorithms;
        if accepted.iter().any(|one| one.as_str() == algorithm) {
            return Ok(());
        }
        let names: Vec<&str> = accepted.iter().map(|one| one.as_str()).collect();
        Err(TokenError::Algorithm { algorithm: shown(algorithm), accepted: names.join(", ") })
    }

    /// The identity, and until when (in microseconds) the token may be remembered.
    fn verify_with(
        &self,
        token: &str,
        unverified: &Unverified,
        keys: &CoreJsonWebKeySet,
    ) -> Result<(Identity, i64), TokenError> {
        let malformed = |why| TokenError::Malformed { why };
        let now = now_micros();
        let skew = i64::from(self.config.clock_skew_seconds) * 1_000_000;
        let claims = &unverified.claims;
        let expires = claims::numeric_date(claims, "exp")?.ok_or(malformed("it does not say when it expires (exp)"))?;
        let not_before = claims::numeric_date(claims, "nbf")?;
        let issued = claims::numeric_date(claims, "iat")?.ok_or(malformed("it does not say when it was issued (iat)"))?;

        let parsed = CoreIdToken::from_str(token).map_err(|_| malformed("its claims are not those of an OIDC token"))?;
        let issuer =
            IssuerUrl::new(self.config.issuer.clone()).map_err(|_| malformed("its issuer is no URL"))?;
        // Audiences are checked below, where any of several may fit and the refusal can name them.
        let verifier = CoreIdTokenVerifier::new_public_client(ClientId::new(String::new()), issuer, keys.clone())
            .require_audience_match(false)
            .set_allowed_algs(self.config.algorithms.iter().map(|one| jws(*one)))
            .set_allowed_jose_types(jose_types())
            // Expiry is checked below as well; here it must only not be stricter than the allowed difference.
            .set_time_fn(move || DateTime::from_timestamp_micros(now.saturating_sub(skew)).unwrap_or(DateTime::<Utc>::MAX_UTC));
        // The nonce binds a log-in to a browser; a bearer token's has done its work.
        parsed.claims(&verifier, |_: Option<&Nonce>| Ok(())).map_err(|error| self.explain(error, unverified, expires))?;

        // From here on the claims are the issuer's word: the bytes read above are those that were signed.
        let found = claims::audiences(claims);
        if !found.iter().any(|one| self.config.audiences.iter().any(|expected| !expected.is_empty() && expected == one)) {
            let found = if found.is_empty() { "(none)".to_owned() } else { shown(&found.join(", ")) };
            return Err(TokenError::WrongAudience { found, expected: self.config.audiences.join(" or ") });
        }
        let until = expires.saturating_add(skew);
        if now >= until {
            return Err(TokenError::Expired { at: expires });
        }
        for from in not_before.into_iter().chain([issued]) {
            if now < from.saturating_sub(skew) {
                return Err(TokenError::NotYetValid { from });
            }
        }
        Ok((claims::identity(&self.config, claims, issued, expires)?, until))
    }

    fn explain(&self, error: ClaimsVerificationError, unverified: &Unverified, expires: i64) -> TokenError {
        use ClaimsVerificationError as Claim;
        use SignatureVerificationError as Signature;
        match error {
            Claim::Expired(_) => TokenError::Expired { at: expires },
            Claim::SignatureVerification(Signature::NoSignature) => TokenError::Unsigned,
            Claim::SignatureVerification(Signature::NoMatchingKey | Signature::InvalidKey(_)) => TokenError::UnknownKey {
                key: shown(unverified.key.as_deref().unwrap_or("")),
                issuer: self.config.issuer.clone(),
            },
            Claim::SignatureVerification(Signature::AmbiguousKeyId(_)) => {
                TokenError::Malformed { why: "it does not say which of its issuer's keys signed it (kid)" }
            }
            Claim::SignatureVerification(_) => TokenError::BadSignature,
            Claim::Unsupported(_) => TokenError::Malformed { why: "its header asks for something that is not supported" },
            _ => TokenError::Malformed { why: "its claims are not acceptable" },
        }
    }
}

/// `typ` of plain JWTs and of RFC 9068 access tokens.
fn jose_types() -> Vec<openidconnect::NormalizedJsonWebTokenType> {
    ["JWT", "at+jwt", "application/jose"]
        .into_iter()
        .filter_map(|name| JsonWebTokenType::new(name.to_owned()).normalize().ok())
        .collect()
}

fn jws(algorithm: Algorithm) -> CoreJwsSigningAlgorithm {
    match algorithm {
        Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        Algorithm::Es384 => CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        Algorithm::EdDsa => CoreJwsSigningAlgorithm::EdDsa,
        Algorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::Rs384 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
        Algorithm::Rs512 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        Algorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        Algorithm::Ps384 => CoreJwsSigningAlgorithm::RsaSsaPssSha384,
        Algorithm::Ps512 => CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    }
}
