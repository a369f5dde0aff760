//! A certificate authority that lives as long as the process, and one server certificate below it.

use crate::StageError;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{net::IpAddr, sync::Arc};

/// A fresh authority and the server configuration that it vouches for.
pub(crate) struct Authority {
    /// The authority's certificate, PEM: what clients are told to trust.
    pub(crate) ca_pem: String,
    /// TLS 1.2 and 1.3, offering `h2` and `http/1.1`.
    pub(crate) server: Arc<ServerConfig>,
}

impl Authority {
    /// Makes an authority called `name` and a certificate for `localhost`, the loopback addresses and `ip`.
    pub(crate) fn new(name: &str, ip: IpAddr) -> Result<Self, StageError> {
        let mut ca = CertificateParams::new(Vec::<String>::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.distinguished_name.push(DnType::CommonName, name);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_key = KeyPair::generate()?;
        let ca_certificate = ca.self_signed(&ca_key)?;

        let names = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
            ip.to_string(),
        ];
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name
            .push(DnType::CommonName, "localhost");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let leaf_key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&leaf_key, &Issuer::new(ca, ca_key))?;

        // The provider is named here, not taken from the process: the stage must not depend on who starts first.
        let mut server =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(
                    vec![certificate.der().clone()],
                    PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der())),
                )?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            ca_pem: ca_certificate.pem(),
            server: Arc::new(server),
        })
    }
}
