//! ES256 signing keys: made at start or read from a folder, rotated, published.

use super::b64;
use crate::StageError;
use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// A key file is 138 bytes; anything much longer is something else.
const MAX_KEY_FILE: u64 = 4096;

/// The current key and the one before it.
pub(super) struct KeyRing {
    dir: Option<PathBuf>,
    current: Key,
    previous: Option<Key>,
}

struct Key {
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
    /// The RFC 7638 thumbprint, so that a restart with the same key gives the same `kid`.
    id: String,
    jwk: Value,
}

impl KeyRing {
    /// Reads the keys in `dir`, or makes one (and writes it there).
    pub(super) fn open(dir: Option<PathBuf>) -> Result<Self, StageError> {
        let stored = match &dir {
            Some(dir) => (read(&current_file(dir))?, read(&previous_file(dir))?),
            None => (None, None),
        };
        let ring = match stored {
            (Some(current), previous) => {
                return Ok(Self {
                    dir,
                    current,
                    previous,
                });
            }
            (None, previous) => Self {
                dir,
                current: Key::generate()?,
                previous,
            },
        };
        ring.save()?;
        Ok(ring)
    }

    pub(super) fn rotate(&mut self) -> Result<(), StageError> {
        let fresh = Key::generate()?;
        self.previous = Some(std::mem::replace(&mut self.current, fresh));
        self.save()
    }

    pub(super) fn retire(&mut self) -> Result<(), StageError> {
        self.previous = None;
        match self
            .dir
            .as_deref()
            .map(|dir| (previous_file(dir), fs::remove_file(previous_file(dir))))
        {
            Some((path, Err(error))) if error.kind() != ErrorKind::NotFound => {
                Err(StageError::KeyFile {
                    path,
                    why: error.to_string(),
                })
            }
            _ => Ok(()),
        }
    }

    /// The JWK set (RFC 7517).
    pub(super) fn jwks(&self) -> Value {
        let keys: Vec<_> = std::iter::once(&self.current)
            .chain(&self.previous)
            .map(|key| &key.jwk)
            .collect();
        json!({ "keys": keys })
    }

    /// A compact JWS (RFC 7515) of `claims` by the current key.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, StageError> {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.current.id});
        let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let signature = self
            .current
            .pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .map_err(|_| StageError::Crypto("sign a token"))?;
        Ok(format!("{message}.{}", b64(signature)))
    }

    fn save(&self) -> Result<(), StageError> {
        let Some(dir) = &self.dir else { return Ok(()) };
        if let Some(previous) = &self.previous {
            write(&previous_file(dir), &previous.pkcs8)?;
        }
        write(&current_file(dir), &self.current.pkcs8)
    }
}

impl Key {
    fn generate() -> Result<Self, StageError> {
        let failed = |_| StageError::Crypto("make a signing key");
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(failed)?;
        Self::read(document.as_ref()).ok_or(StageError::Crypto("read back the signing key it made"))
    }

    fn read(pkcs8: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
        // An uncompressed point: 0x04, x, y.
        let point = pair.public_key().as_ref();
        let (x, y) = (b64(point.get(1..33)?), b64(point.get(33..65)?));
        // RFC 7638 section 3: the required members only, in lexicographic order, no white space.
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let id = b64(digest::digest(&digest::SHA256, thumbprint.as_bytes()));
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": id});
        Some(Self {
            pair,
            pkcs8: pkcs8.to_vec(),
            id,
            jwk,
        })
    }
}

fn current_file(dir: &Path) -> PathBuf {
    dir.join("issuer-key.pk8")
}

fn previous_file(dir: &Path) -> PathBuf {
    dir.join("issuer-key.previous.pk8")
}

fn read(path: &Path) -> Result<Option<Key>, StageError> {
    let failed = |why: String| StageError::KeyFile {
        path: path.to_owned(),
        why,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
        Ok(metadata) if metadata.len() > MAX_KEY_FILE => {
            return Err(failed("it is too long for a key".to_owned()));
        }
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    Key::read(&bytes)
        .map(Some)
        .ok_or_else(|| failed("it is no P-256 key in PKCS #8".to_owned()))
}

/// Writes beside the file and renames, so that a crash leaves the old key or the new one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), StageError> {
    let attempt = || -> std::io::Result<()> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        let draft = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    attempt().map_err(|error| StageError::KeyFile {
        path: path.to_owned(),
        why: error.to_string(),
    })
}
