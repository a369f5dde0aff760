//! Whether a bundle may be loaded at all: asked before anything of it is compiled.

use std::collections::HashMap;

/// What lies beside a bundle's files and says something about them: a signature, and where the bundle was pulled from. Read with them, as one
/// picture; what it means is for an [`Admission`] to say.
pub(crate) const PROOFS: [&str; 2] = ["bundle.sig", ORIGIN];

/// Where a bundle was pulled from.
pub(crate) const ORIGIN: &str = "bundle.oci.json";

/// Whoever decides that. The gateway's operator requires signatures, or does not.
pub trait Admission: Send + Sync {
    /// Judges the very bytes that are about to be loaded: `bundle.yaml`, every file that it names, and the proofs that are there. A component that is named
    /// by a reference stands under that, and what proves its origin under the same with `#bundle.oci.json` behind it.
    ///
    /// # Errors
    /// With one sentence: what is wrong with the bundle, and what to do.
    fn admit(&self, files: &HashMap<String, Vec<u8>>) -> Result<(), String>;
}
