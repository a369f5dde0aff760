//! The gateway's own certificate, read again whenever its files change, so that renewal needs no restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// How often the files' times are looked at. Certificates are renewed weeks before they end.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {file}: {source}; give the gateway read access to its certificate and key")]
    Read {
        /// Which one.
        file: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{file} cannot be used: {why}; it must be PEM, and the key must fit the certificate")]
    Content {
        /// Which one.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// A certificate that follows its files.
#[derive(Debug)]
pub struct Certificate {
    chain_file: PathBuf,
    key_file: PathBuf,
    current: ArcSwap<CertifiedKey>,
}

impl Certificate {
    /// Reads the chain and the key, both PEM.
    ///
    /// # Errors
    /// When a file cannot be read, or the two do not fit.
    pub fn open(chain_file: &Path, key_file: &Path) -> Result<Arc<Self>, CertificateError> {
        let first = read(chain_file, key_file)?;
        Ok(Arc::new(Self {
            chain_file: chain_file.to_owned(),
            key_file: key_file.to_owned(),
            current: ArcSwap::from_pointee(first),
        }))
    }

    /// Follows the files until the last other handle is gone. A pair that does not fit (a renewal caught half-way)
    /// is tried again at the next look; meanwhile the old certificate serves.
    pub fn follow(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut seen = weak.upgrade().and_then(|c| c.stamp());
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let Some(certificate) = weak.upgrade() else { return };
                let stamp = certificate.stamp();
                if stamp == seen {
                    continue;
                }
                match read(&certificate.chain_file, &certificate.key_file) {
                    Ok(new) => {
                        certificate.current.store(Arc::new(new));
                        seen = stamp;
                        tracing::info!(file = %certificate.chain_file.display(), "serving the renewed certificate");
                    }
                    Err(error) => tracing::warn!(%error, "the renewed certificate is not served; the old one is"),
                }
            }
        });
    }

    fn stamp(&self) -> Option<(SystemTime, SystemTime)> {
        // Metadata follows symbolic links, so the swap of a mounted Secret is seen.
        let time = |file: &Path| std::fs::metadata(file).and_then(|m| m.modified()).ok();
        Some((time(&self.chain_file)?, time(&self.key_file)?))
    }

    /// TLS for the listener: 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// Never with the provider that is built in; the type is rustls'.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Resolver(self.clone())));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
        Ok(config)
    }
}

#[derive(Debug)]
struct Resolver(Arc<Certificate>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.current.load_full())
    }
}

fn read(chain_file: &Path, key_file: &Path) -> Result<CertifiedKey, CertificateError> {
    let bytes = |file: &Path| {
        std::fs::read(file).map_err(|source| CertificateError::Read { file: file.to_owned(), source })
    };
    let content = |file: &Path, why: String| CertificateError::Content { file: file.to_owned(), why };
    let chain = CertificateDer::pem_slice_iter(&bytes(chain_file)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| content(chain_file, e.to_string()))?;
    if chain.is_empty() {
        return Err(content(chain_file, "it holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&zeroize::Zeroizing::new(bytes(key_file)?))
        .map_err(|e| content(key_file, e.to_string()))?;
    CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider())
        .map_err(|e| content(key_file, e.to_string()))
}

#[cfg(test)]
mod tests;
