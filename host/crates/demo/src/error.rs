//! What can keep the stage from being set.

use std::{net::SocketAddr, path::PathBuf};

/// Why the demo cluster or the development issuer could not start or sign.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The address is taken, or is not an address of this machine.
    #[error("cannot listen on {address}: {source}; choose another address or port 0")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}; this is a defect of the demo, report it")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused its own configuration.
    #[error("cannot set up TLS: {0}; this is a defect of the demo, report it")]
    Tls(#[from] rustls::Error),
    /// No random bytes, or a key that does not sign.
    #[error("cannot {0}: the cryptographic library failed; try again")]
    Crypto(&'static str),
    /// The issuer's key file exists and is not a key that it wrote.
    #[error("cannot use the key file {path}: {why}; remove it to have a new key made")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The story's objects did not fit into the store: a defect of the seed.
    #[error("cannot seed the demo cluster: {0}; this is a defect of the demo, report it")]
    Seed(String),
}
