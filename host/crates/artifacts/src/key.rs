//! Keys that sign bundles: ECDSA on P-256, as cosign's are, or Ed25519. In PEM, as every tool writes them.

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{self, SectionKind};
use zeroize::Zeroizing;

/// What a SubjectPublicKeyInfo of a P-256 key begins with (RFC 5480); the point follows.
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
    0x42, 0x00,
];

/// What a SubjectPublicKeyInfo of an Ed25519 key begins with (RFC 8410); the key follows.
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Bytes of a key's file.
const FILE_BYTES: u64 = 64 << 10;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its file cannot be read.
    #[error("cannot read the key {path}: {source}; give the path of a PEM file", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// It is no key of a kind that is understood.
    #[error("{path} holds no public key; give PEM with `BEGIN PUBLIC KEY`, of ECDSA P-256 (as cosign makes them) or Ed25519", path = path.display())]
    NotPublic {
        /// The file.
        path: PathBuf,
    },
    /// It is no private key of a kind that is understood.
    #[error("{path} holds no private key; give unencrypted PEM with `BEGIN PRIVATE KEY`, of ECDSA P-256 or Ed25519, as `portcullis bundle keygen` writes it", path = path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
    },
    /// cosign encrypted it.
    #[error("{path} is encrypted by cosign; sign an artifact with `cosign sign --key {path}`, or give a key without a password", path = path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no randomness, or the library refused.
    #[error("no key could be made or used; check the system's source of randomness")]
    Library,
}

/// What verifies a signature.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What records and messages call it.
    pub name: String,
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.name).finish()
    }
}

impl PublicKey {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// When it cannot be read, or is no public key of P-256 or Ed25519.
    pub fn read(name: &str, path: &Path) -> Result<PublicKey, KeyError> {
        let der = section(path, &[SectionKind::PublicKey])?;
        der.and_then(|der| PublicKey::from_spki(name, &der)).ok_or_else(|| KeyError::NotPublic { path: path.to_owned() })
    }

    fn from_spki(name: &str, der: &[u8]) -> Option<PublicKey> {
        let kind = match (der.strip_prefix(&P256_SPKI), der.strip_prefix(&ED25519_SPKI)) {
            (Some(point), _) if point.len() == 65 && point[0] == 4 => Kind::P256(point.to_vec()),
            (_, Some(key)) if key.len() == 32 => Kind::Ed25519(key.to_vec()),
            _ => return None,
        };
        Some(PublicKey { name: name.to_owned(), kind })
    }

    fn spki(&self) -> Vec<u8> {
        match &self.kind {
            Kind::P256(point) => [&P256_SPKI[..], point].concat(),
            Kind::Ed25519(key) => [&ED25519_SPKI[..], key].concat(),
        }
    }

    /// As a PEM file.
    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki())
    }

    /// Whether this key made the signature: ASN.1 for P-256 over SHA-256, 64 bytes for Ed25519.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            Kind::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok(),
            Kind::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
        }
    }

    /// What cosign names a key by: base64 of the SHA-256 of its SubjectPublicKeyInfo.
    pub(crate) fn hint(&self) -> String {
        STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.spki()))
    }

    /// The key id of C2SP signed notes, for a key that a note calls `name`.
    pub(crate) fn note_id(&self, name: &str) -> [u8; 4] {
        let digest = |bytes: &[u8]| {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
            digest.as_ref().first_chunk().copied().unwrap_or_default()
        };
        match &self.kind {
            // Signature type 2, ECDSA, has an id of its own making.
            Kind::P256(_) => digest(&self.spki()),
            Kind::Ed25519(key) => digest(&[name.as_bytes(), b"\n", &[1], key].concat()),
        }
    }
}

/// What signs.
pub struct SigningKey(Pair);

enum Pair {
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// A new key of ECDSA P-256, which signs artifacts as cosign does and folders too.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<SigningKey, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| KeyError::Library)?;
        Ok(SigningKey(Pair::P256(Box::new(pair))))
    }

    /// Reads an unencrypted PEM file.
    ///
    /// # Errors
    /// When it cannot be read, is encrypted, or is no private key of P-256 or Ed25519.
    pub fn read(path: &Path) -> Result<SigningKey, KeyError> {
        let not_private = || KeyError::NotPrivate { path: path.to_owned() };
        let text = Zeroizing::new(text(path)?);
        if text.windows(9).any(|part| part == b"ENCRYPTED") {
            return Err(KeyError::Encrypted { path: path.to_owned() });
        }
        let found = section(path, &[SectionKind::PrivateKey, SectionKind::EcPrivateKey])?;
        let der = Zeroizing::new(found.ok_or_else(not_private)?);
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            return Ok(SigningKey(Pair::Ed25519(Box::new(pair))));
        }
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).map_err(|_| not_private())?;
        Ok(SigningKey(Pair::P256(Box::new(pair))))
    }

    /// As an unencrypted PEM file of PKCS #8.
    ///
    /// # Errors
    /// When the library cannot encode it.
    pub fn pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let der = match &self.0 {
            Pair::P256(pair) => pair.to_pkcs8v1().map_err(|_| KeyError::Library)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map_err(|_| KeyError::Library)?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(pem("PRIVATE KEY", &Zeroizing::new(der))))
    }

    /// Its public half.
    pub fn public(&self, name: &str) -> PublicKey {
        let kind = match &self.0 {
            Pair::P256(pair) => Kind::P256(pair.public_key().as_ref().to_vec()),
            Pair::Ed25519(pair) => Kind::Ed25519(pair.public_key().as_ref().to_vec()),
        };
        PublicKey { name: name.to_owned(), kind }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.0 {
            Pair::P256(pair) => Ok(pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Library)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

fn text(path: &Path) -> Result<Vec<u8>, KeyError> {
    use std::io::Read as _;
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES).read_to_end(&mut text));
    read.map(|_| text).map_err(|source| KeyError::Read { path: path.to_owned(), source })
}

/// The first section of one of these kinds.
fn section(path: &Path, kinds: &[SectionKind]) -> Result<Option<Vec<u8>>, KeyError> {
    let text = Zeroizing::new(text(path)?);
    let mut rest = &text[..];
    // What is no PEM at all ends the search as what is no key does.
    while let Ok(Some((kind, der))) = pem::from_buf(&mut rest) {
        if kinds.contains(&kind) {
            return Ok(Some(der));
        }
    }
    Ok(None)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = Zeroizing::new(STANDARD.encode(der));
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests;
