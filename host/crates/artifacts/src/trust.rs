//! Which bundles may be loaded: the operator's keys against a bundle's signatures.

use crate::{Files, NoteError, Origin, OriginError, PublicKey, Reference, ReferenceError, note, origin};

/// What the operator trusts.
#[derive(Clone, Debug)]
pub struct Trust {
    /// A bundle without a good signature is refused. Otherwise it may come unsigned, but what it has must still be true of its files.
    pub require: bool,
    /// Whose signature is good.
    pub keys: Vec<PublicKey>,
}

/// What was found out about a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// The names of the trusted keys that signed it.
    pub signers: Vec<String>,
}

/// Why a bundle is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Nobody signed it.
    #[error("it is not signed, and the gateway's `trust` requires it; sign it with `portcullis bundle sign`, or `cosign sign` in a registry")]
    Unsigned,
    /// Somebody else signed it.
    #[error("it is signed, but by none of the keys that the gateway trusts ({keys}); have it signed with one of them, or add the key to `trust.keys`")]
    Stranger {
        /// The names of the trusted keys.
        keys: String,
    },
    /// The folder's signature is not good.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The artifact is not what it was.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// A component that the bundle names by its reference is not trusted.
    #[error("the component {reference}: {source}")]
    Component {
        /// Which.
        reference: String,
        /// Why not.
        source: Box<TrustError>,
    },
    /// It is named by something else.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// It is not proved to be the one that is named.
    #[error("nothing proves that it is what its digest says; load the bundle again")]
    Unproved,
}

impl Trust {
    /// Judges the very bytes that are about to be loaded, with [`note::FILE`] and the origin of a pulled bundle among them. A component that is named by a
    /// reference stands under it, and its origin under the reference, a `#` and [`Origin::FILE`]; it needs a signature of its own.
    ///
    /// # Errors
    /// When a signature or a digest is not true of the files, or a required signature is missing.
    pub fn check(&self, files: &Files) -> Result<Trusted, TrustError> {
        let trusted = self.check_bundle(files)?;
        for (reference, wasm) in files.iter().filter(|(path, _)| Reference::is_meant(path) && !origin::is_proof(path)) {
            let checked = self.check_component(reference, wasm, files.get(&origin::of_component(reference)));
            checked.map_err(|source| TrustError::Component { reference: reference.clone(), source: Box::new(source) })?;
        }
        Ok(trusted)
    }

    pub(crate) fn check_component(&self, reference: &str, wasm: &[u8], proof: Option<&Vec<u8>>) -> Result<(), TrustError> {
        let origin = Origin::read(proof.ok_or(TrustError::Unproved)?)?;
        let reference: Reference = reference.parse()?;
        if reference.digest() != Some(&origin.digest) {
            return Err(TrustError::Unproved);
        }
        origin.holds_component(wasm)?;
        self.check_origin(&origin).map(|_| ())
    }

    /// Judges an artifact by the signatures that its registry had, whatever its files are.
    pub(crate) fn check_origin(&self, origin: &Origin) -> Result<Trusted, TrustError> {
        self.judged(origin.signers(&self.keys), origin.is_signed())
    }

    fn check_bundle(&self, files: &Files) -> Result<Trusted, TrustError> {
        let mut signers = Vec::new();
        let mut signed = false;
        if let Some(text) = files.get(origin::FILE) {
            let origin = Origin::read(text)?;
            origin.holds(files)?;
            signed |= origin.is_signed();
            signers.extend(origin.signers(&self.keys));
        }
        if let Some(text) = files.get(note::FILE) {
            signed = true;
            signers.extend(note::verify(text, files, &self.keys)?);
        }
        signers.dedup();
        self.judged(signers, signed)
    }

    fn judged(&self, signers: Vec<String>, signed: bool) -> Result<Trusted, TrustError> {
        match (signers.is_empty(), signed) {
            (true, true) if self.require => Err(TrustError::Stranger { keys: self.names() }),
            (true, false) if self.require => Err(TrustError::Unsigned),
            _ => Ok(Trusted { signers }),
        }
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.keys.iter().map(|key| key.name.as_str()).collect();
        if names.is_empty() { "it trusts none".to_owned() } else { names.join(", ") }
    }
}

#[cfg(test)]
mod tests;
