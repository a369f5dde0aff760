//! TLS towards an API server, from its kubeconfig's cluster and user entries.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use secrecy::ExposeSecret;
use tokio_rustls::TlsConnector;

use super::SetupError;

/// The two ways to connect: they differ only in what ALPN offers, and share the session cache.
pub struct Connectors {
    pub http1: TlsConnector,
    pub http2: TlsConnector,
    pub name: ServerName<'static>,
}

pub fn connectors(config: &kube::Config, host: &str) -> Result<Connectors, SetupError> {
    let name = config.tls_server_name.as_deref().unwrap_or(host).to_owned();
    let name = ServerName::try_from(name.clone())
        .map_err(|_| fault("server name", &format!("`{name}` is no DNS name and no address")))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| fault("TLS versions", &e.to_string()))?;
    let builder = if config.accept_invalid_certs {
        tracing::warn!(server = %config.cluster_url, "the kubeconfig says insecure-skip-tls-verify: the API server is not verified");
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
    } else {
        builder.with_root_certificates(roots(config)?)
    };
    let mut http1 = match client_certificate(config)? {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|e| fault("client certificate", &e.to_string()))?,
        None => builder.with_no_client_auth(),
    };
    http1.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut http2 = http1.clone();
    http2.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Connectors { http1: Arc::new(http1).into(), http2: Arc::new(http2).into(), name })
}

fn fault(what: &'static str, why: &str) -> SetupError {
    SetupError::Tls { what, why: why.to_owned() }
}

fn roots(config: &kube::Config) -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    let given = match (&config.root_cert_file, &config.root_cert) {
        (Some(file), _) => {
            let pem = std::fs::read(file).map_err(|e| fault("certificate authority", &e.to_string()))?;
            CertificateDer::pem_slice_iter(&pem)
                .map(|c| c.map(|c| c.to_vec()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| fault("certificate authority", &e.to_string()))?
        }
        (None, Some(ders)) => ders.clone(),
        (None, None) => Vec::new(),
    };
    for der in given {
        store.add(CertificateDer::from(der)).map_err(|e| fault("certificate authority", &e.to_string()))?;
    }
    if store.is_empty() && config.cluster_url.scheme_str() == Some("https") {
        return Err(fault(
            "certificate authority",
            "there is none; give the cluster's `certificate-authority` in the kubeconfig",
        ));
    }
    Ok(store)
}

type Certified = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_certificate(config: &kube::Config) -> Result<Option<Certified>, SetupError> {
    use base64::Engine;
    let user = &config.auth_info;
    let decode = |text: &str| {
        base64::engine::general_purpose::STANDARD.decode(text).map_err(|e| fault("client certificate", &e.to_string()))
    };
    let read = |file: &str| std::fs::read(file).map_err(|e| fault("client certificate", &format!("{file}: {e}")));
    let certificate = match (&user.client_certificate_data, &user.client_certificate) {
        (Some(data), _) => decode(data)?,
        (None, Some(file)) => read(file)?,
        (None, None) => return Ok(None),
    };
    let key = match (&user.client_key_data, &user.client_key) {
        (Some(data), _) => decode(data.expose_secret())?,
        (None, Some(file)) => read(file)?,
        (None, None) => return Err(fault("client certificate", "it has no key; give `client-key` beside it")),
    };
    let chain = CertificateDer::pem_slice_iter(&certificate)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| fault("client certificate", &e.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(&zeroize::Zeroizing::new(key)).map_err(|e| fault("client key", &e.to_string()))?;
    Ok(Some((chain, key)))
}

/// `insecure-skip-tls-verify`: the operator's own, warned-of choice.
#[derive(Debug)]
struct Unverified(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
