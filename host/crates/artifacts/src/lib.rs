//! Policy bundles away from home: in OCI registries, signed, and checked against what the operator trusts.
//!
//! A bundle is a handful of [`Files`]. Pushed, it is one OCI artifact ([`layout`] says of what form); pulled, it is a folder again, written
//! whole or not at all. One component can be an artifact too, as `wkg` knows it, and a bundle can name it by its digest. `BUNDLE.md` beside the crate `policy` says it for people.
//!
//! What this crate promises:
//!
//! - **Bytes that are not what a digest says are never given out.** Every layer is checked, and again when a kept copy is loaded.
//! - **A name in an artifact cannot leave the folder.** Paths are plain names below it, whatever the registry says.
//! - **What is required to be signed is checked on the very bytes that are loaded** ([`Trust::check`]), not on a file that may change afterwards.
//! - **Every wait ends and every answer is bounded**, but for a manifest, which the registry client reads whole; the wait for it ends.
//!
//! ```
//! use artifacts::{Files, SigningKey, Trust, note};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::generate()?;
//! let mut files = Files::from([("bundle.yaml".to_owned(), b"apiVersion: portcullis.dev/v1".to_vec())]);
//! let trust = Trust { require: true, keys: vec![key.public("release")] };
//! assert!(trust.check(&files).is_err(), "nobody has signed it");
//!
//! let signature = note::sign(&files, "release", &key)?;
//! files.insert(note::FILE.to_owned(), signature.into_bytes());
//! assert_eq!(trust.check(&files)?.signers, ["release"]);
//! # Ok(())
//! # }
//! ```

mod component;
mod components;
mod cosign;
mod credentials;
mod folder;
mod follow;
mod key;
pub mod layout;
pub mod note;
mod origin;
mod reference;
mod registry;
mod trust;

use std::collections::HashMap;

pub use component::{COMPONENT_FILE, Told};
pub use components::{Component, Components, ComponentsError};
pub use credentials::{Credentials, CredentialsError};
pub use folder::{FolderError, write};
pub use follow::{FollowError, Follower, Seen};
pub use key::{KeyError, PublicKey, SigningKey};
pub use layout::LayoutError;
pub use note::NoteError;
pub use origin::{Origin, OriginError};
pub use reference::{Reference, ReferenceError};
pub use registry::{Registry, RegistryError, RegistryOptions};
pub use trust::{Trust, TrustError, Trusted};

/// A bundle's files by their path below its folder, which has `/` between its parts.
pub type Files = HashMap<String, Vec<u8>>;

/// `sha256:…` of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)))
}

/// Whether a path is plain names below a folder: what is written or signed has no other.
pub(crate) fn is_plain(path: &str) -> bool {
    (1..=255).contains(&path.len())
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && !path.chars().any(|c| c.is_control() || c == '\\')
}
