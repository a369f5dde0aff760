//! A certificate authority of this folder's own, and a certificate for loopback by it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::folder::write_private;

/// Where they are.
pub struct Files {
    /// The gateway's chain.
    pub chain: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Makes them at the first start, and keeps them. The authority's key is not kept: it signs once.
///
/// # Errors
/// When they cannot be written.
pub fn ensure(folder: &Path) -> Result<Files> {
    let files = Files { chain: folder.join("tls.crt"), key: folder.join("tls.key") };
    let authority = folder.join("ca.crt");
    if authority.exists() && files.chain.exists() && files.key.exists() {
        return Ok(files);
    }
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    ca.distinguished_name.push(DnType::CommonName, "Portcullis quickstart");
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);

    let mut leaf = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()])?;
    leaf.distinguished_name.push(DnType::CommonName, "portcullis");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf_key = KeyPair::generate()?;
    let leaf_certificate = leaf.signed_by(&leaf_key, &issuer)?;

    write_private(&files.key, leaf_key.serialize_pem().as_bytes())?;
    write_private(&files.chain, leaf_certificate.pem().as_bytes())?;
    write_private(&authority, ca_certificate.pem().as_bytes())?;
    Ok(files)
}
