use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use zeroize::Zeroizing;

use crate::fingerprint::Fingerprint;

/// So that secret scanners, and people, recognise one.
const PREFIX: &str = "pcs_";

/// Base64url of 32 bytes.
const LENGTH: usize = PREFIX.len() + 43;

/// A session's bearer token: 256 random bits. It is shown to its owner once; only its SHA-256 is kept, which needs no salt nor
/// slow hash, because nobody can guess 256 bits. Wiped from memory when dropped.
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    pub(crate) fn fresh() -> Self {
        let mut random = Zeroizing::new([0_u8; 32]);
        rand::rng().fill_bytes(random.as_mut());
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(random.as_ref(), &mut text);
        SessionToken(text)
    }

    /// The token itself, to hand to its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a bearer token looks like a session's rather than like an issuer's.
    pub fn is_one(token: &str) -> bool {
        token.starts_with(PREFIX)
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.0.as_bytes())
    }

    /// Nothing for what cannot be a token, before it is hashed.
    pub(crate) fn fingerprint_of(token: &str) -> Option<Fingerprint> {
        (token.len() == LENGTH && Self::is_one(token)).then(|| Fingerprint::of(token.as_bytes()))
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(pcs_…)")
    }
}
