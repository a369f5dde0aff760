use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::Kind;

/// An issuer whose tokens the gateway accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The issuer's URL, exactly as in the `iss` claim. `https`, or `http` on a loopback address.
    pub issuer: String,
    /// A token must name at least one of these in its `aud` claim.
    pub audiences: Vec<String>,
    /// The claim that names the subject; one that the issuer never gives to somebody else. A JSON pointer when it
    /// begins with a slash.
    #[serde(default = "sub")]
    pub subject_claim: String,
    /// The claim that lists the groups (an array of strings, or one string). May be missing in a token.
    #[serde(default = "groups")]
    pub groups_claim: String,
    /// The claim that names the human on whose behalf the subject acts.
    #[serde(default)]
    pub sponsor_claim: Option<String>,
    /// Rules that say what kind of subject it is; the first that fits holds.
    #[serde(default)]
    pub kinds: Vec<KindRule>,
    /// The kind when no rule fits. Agents by default: they may do least (approve nothing).
    #[serde(default = "agent")]
    pub default_kind: Kind,
    /// By how many seconds the issuer's clock may differ from the gateway's, at most 600.
    #[serde(default = "skew")]
    pub clock_skew_seconds: u32,
    /// PEM file of the certificate authorities for the issuer's TLS certificate; then only these are trusted.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The signature algorithms to accept.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<Algorithm>,
}

fn sub() -> String {
    "sub".to_owned()
}

fn groups() -> String {
    "groups".to_owned()
}

fn agent() -> Kind {
    Kind::Agent
}

fn skew() -> u32 {
    60
}

fn algorithms() -> Vec<Algorithm> {
    use Algorithm::{Es256, Es384, EdDsa, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    vec![Es256, Es384, EdDsa, Rs256, Rs384, Rs512, Ps256, Ps384, Ps512]
}

/// "Whoever has this claim (of this value), or is in this group, is of this kind."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindRule {
    /// The kind.
    pub kind: Kind,
    /// A claim that must be there. A JSON pointer when it begins with a slash.
    #[serde(default)]
    pub claim: Option<String>,
    /// The string, number or boolean that the claim must be, or that an array must contain.
    #[serde(default)]
    pub value: Option<String>,
    /// A group that the subject must be in.
    #[serde(default)]
    pub group: Option<String>,
}

/// JWS signature algorithms (RFC 7518, RFC 8037) that can be accepted. `none` and the shared-secret ones are not here:
/// the gateway shares no secret with an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the RFCs")]
pub enum Algorithm {
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "ES384")]
    Es384,
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "RS384")]
    Rs384,
    #[serde(rename = "RS512")]
    Rs512,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "PS384")]
    Ps384,
    #[serde(rename = "PS512")]
    Ps512,
}

impl Algorithm {
    /// As in a token's header.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Rs512 => "RS512",
            Algorithm::Ps256 => "PS256",
            Algorithm::Ps384 => "PS384",
            Algorithm::Ps512 => "PS512",
        }
    }
}

/// What is wrong with an issuer's configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not a URL, or not one that discovery can be trusted on.
    #[error("issuer {issuer:?}: {why}; write the https URL of the token's iss claim, without query or fragment")]
    Issuer {
        /// What was written.
        issuer: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Named twice.
    #[error("issuer {issuer:?} is configured twice; keep one of the two")]
    Twice {
        /// The issuer.
        issuer: String,
    },
    /// No audience.
    #[error("issuer {issuer:?} has no audiences; name the client id that the gateway's users log in with")]
    NoAudience {
        /// The issuer.
        issuer: String,
    },
    /// No algorithm.
    #[error("issuer {issuer:?} has an empty list of algorithms; leave the key out to accept the usual ones")]
    NoAlgorithm {
        /// The issuer.
        issuer: String,
    },
    /// A difference of clocks that would make expiry meaningless.
    #[error("issuer {issuer:?} has a clock skew of {seconds} seconds; write at most 600")]
    Skew {
        /// The issuer.
        issuer: String,
        /// What was written.
        seconds: u32,
    },
    /// The certificate authorities cannot be read.
    #[error("issuer {issuer:?}: cannot read the CA file {}: {why}; write the path of a PEM file", path.display())]
    CaFile {
        /// The issuer.
        issuer: String,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// The HTTP client cannot be made.
    #[error("issuer {issuer:?}: cannot make an HTTP client: {why}; check the machine's certificate store")]
    Client {
        /// The issuer.
        issuer: String,
        /// What went wrong.
        why: String,
    },
}

impl IssuerConfig {
    /// An issuer with everything else as by default.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        IssuerConfig {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            subject_claim: sub(),
            groups_claim: groups(),
            sponsor_claim: None,
            kinds: Vec::new(),
            default_kind: agent(),
            clock_skew_seconds: skew(),
            ca_file: None,
            algorithms: algorithms(),
        }
    }

    /// Check what can be checked without asking the issuer.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let issuer = self.issuer.clone();
        let wrong = |why| ConfigError::Issuer { issuer: self.issuer.clone(), why };
        let url = openidconnect::url::Url::parse(&self.issuer).map_err(|_| wrong("not a URL"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has a query or a fragment"));
        }
        if !crate::fetch::trusted_scheme(&url) {
            return Err(wrong("it is not https"));
        }
        if self.audiences.iter().all(|audience| audience.is_empty()) {
            return Err(ConfigError::NoAudience { issuer });
        }
        if self.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithm { issuer });
        }
        if self.clock_skew_seconds > 600 {
            return Err(ConfigError::Skew { issuer, seconds: self.clock_skew_seconds });
        }
        Ok(())
    }
}
