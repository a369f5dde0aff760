use store::rfc3339;

/// Why a bearer token is refused. Each message is for the person or agent that sent it, and
/// holds nothing secret of the token: names from its claims at most, shortened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Refused before it was looked at.
    #[error("the token is {size} bytes long, {limit} are allowed; log in for a smaller one (fewer groups or claims)")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not a JSON Web Token that can be read.
    #[error("the token is malformed: {why}; log in again and send the issuer's token as it is")]
    Malformed {
        /// What does not fit.
        why: &'static str,
    },
    /// `alg: none`, or no signature.
    #[error("the token is unsigned; log in again for one that its issuer has signed")]
    Unsigned,
    /// An algorithm that is not accepted from this issuer.
    #[error("the token is signed with {algorithm}, which is not accepted; accepted are {accepted}")]
    Algorithm {
        /// What the token says.
        algorithm: String,
        /// What is configured.
        accepted: String,
    },
    /// From an issuer that is not configured.
    #[error("the token's issuer {found:?} is not known here; known are {known}; log in at one of them")]
    WrongIssuer {
        /// What the token says.
        found: String,
        /// What is configured.
        known: String,
    },
    /// For somebody else.
    #[error("the token is for the audience {found}, expected is {expected}; log in for that audience")]
    WrongAudience {
        /// What the token says.
        found: String,
        /// What is configured.
        expected: String,
    },
    /// Too late.
    #[error("the token expired at {}; log in again", rfc3339(*at))]
    Expired {
        /// The `exp` claim, in microseconds.
        at: i64,
    },
    /// Too early.
    #[error("the token is not valid before {}; check the clocks of the issuer and the gateway, or wait", rfc3339(*from))]
    NotYetValid {
        /// The `nbf` claim (or an `iat` in the future), in microseconds.
        from: i64,
    },
    /// The signature does not fit the issuer's key.
    #[error("the token's signature is wrong; log in again")]
    BadSignature,
    /// The issuer publishes no such key.
    #[error("the token is signed with the key {key:?}, which {issuer} does not publish; log in again")]
    UnknownKey {
        /// The `kid` of the header; empty when there is none.
        key: String,
        /// The issuer.
        issuer: String,
    },
    /// The issuer's keys cannot be had now.
    #[error("the issuer {issuer} cannot be reached, so its tokens cannot be verified: {why}; try again in a few seconds")]
    IssuerUnavailable {
        /// The issuer.
        issuer: String,
        /// What happened.
        why: String,
    },
    /// A claim that the configuration needs is missing or of another type.
    #[error("the token has no usable claim {claim:?}; have the issuer add it, or name another claim in the configuration")]
    MissingClaim {
        /// Its name.
        claim: String,
    },
}

/// The longest piece of a token's text that is shown.
const SHOWN: usize = 120;

/// Text from a token that nobody has vouched for, fit for a message: short, no control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut safe: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        safe.push('…');
    }
    safe
}
