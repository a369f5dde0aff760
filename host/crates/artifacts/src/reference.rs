//! `oci://HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]`.

use std::fmt;
use std::str::FromStr;

/// What a reference begins with.
const SCHEME: &str = "oci://";

/// Why a text is no reference.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Another scheme, or none.
    #[error("`{0}` is no reference to an artifact; write it as oci://registry.example/team/policies:v1")]
    Scheme(String),
    /// The registry is not named.
    #[error("`{0}` does not name its registry; write it as oci://registry.example/team/policies:v1")]
    Registry(String),
    /// Neither tag nor digest.
    #[error("`{0}` has neither a tag nor a digest; add :v1 to follow a tag, or @sha256:… for exactly one artifact")]
    Which(String),
    /// Anything else.
    #[error("`{text}` is no reference to an artifact ({why}); write it as oci://registry.example/team/policies:v1")]
    Malformed {
        /// It.
        text: String,
        /// The parser's word.
        why: String,
    },
}

/// An artifact in a registry, by a tag or by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(pub(crate) oci_client::Reference);

impl Reference {
    /// Whether a text means an artifact rather than a folder.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// The registry's host, and its port when one is given.
    pub fn registry(&self) -> &str {
        self.0.registry()
    }

    /// The digest, when the reference is pinned: it then names the same bytes for ever.
    pub fn digest(&self) -> Option<&str> {
        self.0.digest()
    }

    /// The same repository, at this digest.
    #[must_use]
    pub fn pinned(&self, digest: &str) -> Reference {
        let r = &self.0;
        Reference(oci_client::Reference::with_digest(r.registry().to_owned(), r.repository().to_owned(), digest.to_owned()))
    }

    /// The same repository, at this tag.
    pub(crate) fn tagged(&self, tag: &str) -> Reference {
        let r = &self.0;
        Reference(oci_client::Reference::with_tag(r.registry().to_owned(), r.repository().to_owned(), tag.to_owned()))
    }

    /// Whether the registry is on this machine, where plain HTTP shows nothing to anybody.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.registry();
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name);
        name == "localhost" || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| ReferenceError::Scheme(text.to_owned()))?;
        // Without this a bare name would mean a public registry that nobody wrote.
        let host = rest.split('/').next().unwrap_or_default();
        if !rest.contains('/') || !(host.contains(['.', ':']) || host == "localhost") {
            return Err(ReferenceError::Registry(text.to_owned()));
        }
        let last = rest.rsplit('/').next().unwrap_or_default();
        if !last.contains(':') && !last.contains('@') {
            return Err(ReferenceError::Which(text.to_owned()));
        }
        let parsed = oci_client::Reference::try_from(rest).map_err(|e| ReferenceError::Malformed { text: text.to_owned(), why: e.to_string() })?;
        if parsed.digest().is_some_and(|digest| !digest.starts_with("sha256:")) {
            return Err(ReferenceError::Malformed { text: text.to_owned(), why: "only sha256 digests are known".to_owned() });
        }
        Ok(Reference(parsed))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.0.whole())
    }
}

#[cfg(test)]
mod tests;
