use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};

use crate::identity::Kind;

/// A SHA-256: the key of a token, of an identity, of an identity on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::from(digest(&SHA256, bytes).as_ref())
    }

    /// Over the parts with their lengths, so that no two lists of parts run together.
    pub(crate) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        Self::from(context.finish().as_ref())
    }

    /// Everything that a policy may decide by: an identity that changes in any of it is another one.
    pub(crate) fn of_identity(
        issuer: &str,
        subject: &str,
        kind: Kind,
        sponsor: Option<&str>,
        groups: &[String],
    ) -> Self {
        let fixed = [issuer, subject, kind.as_str(), if sponsor.is_some() { "1" } else { "0" }, sponsor.unwrap_or("")];
        Self::of_parts(fixed.into_iter().chain(groups.iter().map(String::as_str)))
    }

    /// One of so many places, 256 at most, always the same.
    pub(crate) fn among(self, places: usize) -> usize {
        usize::from(self.0[0]) % places
    }

    pub(crate) fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    fn from(bytes: &[u8]) -> Self {
        let mut this = [0; 32];
        this.copy_from_slice(bytes);
        Self(this)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}…", self.0[0], self.0[1])
    }
}
