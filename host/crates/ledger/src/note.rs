//! Signed notes and their keys: C2SP `signed-note`, with Ed25519 (signature type 1).
//!
//! A note is its text, an empty line and one line `— <key name> <base64 of key id and signature>`. The files hold the
//! encodings that other tools for signed notes read: `<name>+<id>+<base64>` for the public key,
//! `PRIVATE+KEY+<name>+<id>+<base64>` for the private one.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::merkle::sha256;

/// Signature type of Ed25519 in a key's encoding.
const ED25519_TYPE: u8 = 1;
/// What begins a signature line: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// A key file is one line; names end at 255 bytes.
const KEY_FILE_MAX: u64 = 1024;

/// Why a key cannot be had.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("key file {path}: {source}; make it accessible to the gateway alone")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no key.
    #[error("key file {path}: this is no signed-note key; restore it from a backup")]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// The private key can be read by others.
    #[error("key file {path}: others can read it (mode {mode:o}); run chmod 600 on it, and think of the key as known")]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The ledger has records, but its key is gone: with a new key its older checkpoints could not be verified.
    #[error("key file {path} is missing although the ledger has records; restore it from a backup")]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// A name that no key may have.
    #[error("the ledger's name {name:?} is empty, too long, or has a space or a plus sign; choose another")]
    Name {
        /// Which.
        name: String,
    },
    /// The operating system gave no randomness.
    #[error("no key could be generated; check the system's source of randomness")]
    Generate,
}

/// The public half: whoever has it can verify a copy of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: [u8; 32],
}

impl PublicKey {
    /// From `<name>+<id>+<base64>`; surrounding white space is ignored.
    #[must_use]
    pub fn parse(text: &str) -> Option<PublicKey> {
        let (name, key) = decode(text.trim())?;
        let public = PublicKey { name: name.to_owned(), key: *key };
        (text.trim() == public.encode()).then_some(public)
    }

    /// Reads a public key file.
    pub fn read(path: &Path) -> Result<PublicKey, KeyError> {
        let text = read(path)?;
        PublicKey::parse(&text).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
    }

    /// `<name>+<id>+<base64>`
    #[must_use]
    pub fn encode(&self) -> String {
        encode(&self.name, self.id(), &self.key)
    }

    /// The key's name, which is the checkpoints' origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of `SHA-256(name || "\n" || type || key)`.
    fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.clone().into_bytes();
        bytes.push(b'\n');
        bytes.push(ED25519_TYPE);
        bytes.extend_from_slice(&self.key);
        let hash = sha256(&bytes);
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Whether `line` (without its line feed) is this key's signature of `text`.
    pub(crate) fn verifies(&self, text: &str, line: &str) -> bool {
        let signature = line
            .strip_prefix(DASH)
            .and_then(|line| line.strip_prefix(&self.name))
            .and_then(|line| line.strip_prefix(' '))
            .and_then(|line| STANDARD.decode(line).ok());
        signature.as_deref().and_then(|bytes| bytes.split_first_chunk::<4>()).is_some_and(|(id, signature)| {
            *id == self.id() && UnparsedPublicKey::new(&ED25519, &self.key).verify(text.as_bytes(), signature).is_ok()
        })
    }
}

fn encode(name: &str, id: [u8; 4], key: &[u8; 32]) -> String {
    let mut bytes = Zeroizing::new(vec![ED25519_TYPE]);
    bytes.extend_from_slice(key);
    format!("{name}+{}+{}", hex::encode(id), STANDARD.encode(&*bytes))
}

fn decode(text: &str) -> Option<(&str, Zeroizing<[u8; 32]>)> {
    let (name, rest) = text.split_once('+')?;
    let (_, key) = rest.split_once('+')?;
    let bytes = Zeroizing::new(STANDARD.decode(key).ok()?);
    let key = Zeroizing::new(<[u8; 32]>::try_from(bytes.strip_prefix(&[ED25519_TYPE])?).ok()?);
    name_is_valid(name).then_some((name, key))
}

fn name_is_valid(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && !name.contains('+') && !name.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    use std::io::Read as _;
    let file = |source| KeyError::File { path: path.to_owned(), source };
    let mut text = Zeroizing::new(String::new());
    fs::File::open(path).map_err(file)?.take(KEY_FILE_MAX).read_to_string(&mut text).map_err(file)?;
    Ok(text)
}

/// The private half. It is wiped from memory with its last copy, and never printed.
pub(crate) struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    fn new(name: &str, seed: &[u8; 32]) -> Option<SigningKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let key = <[u8; 32]>::try_from(pair.public_key().as_ref()).ok()?;
        Some(SigningKey { public: PublicKey { name: name.to_owned(), key }, pair })
    }

    /// Reads the key file; makes one (mode 0600, durable before it is used) when there is none and `may_create`.
    pub(crate) fn open(path: &Path, name: &str, may_create: bool) -> Result<SigningKey, KeyError> {
        let malformed = || KeyError::Malformed { path: path.to_owned() };
        match fs::metadata(path) {
            Ok(metadata) => {
                let mode = metadata.permissions().mode() & 0o777;
                if mode & 0o077 != 0 {
                    return Err(KeyError::Exposed { path: path.to_owned(), mode });
                }
                let text = read(path)?;
                let (name, seed) = text.trim().strip_prefix("PRIVATE+KEY+").and_then(decode).ok_or_else(malformed)?;
                SigningKey::new(name, &seed).ok_or_else(malformed)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_create => SigningKey::create(path, name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeyError::Missing { path: path.to_owned() }),
            Err(source) => Err(KeyError::File { path: path.to_owned(), source }),
        }
    }

    fn create(path: &Path, name: &str) -> Result<SigningKey, KeyError> {
        if !name_is_valid(name) {
            return Err(KeyError::Name { name: name.to_owned() });
        }
        let mut seed = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *seed).map_err(|_| KeyError::Generate)?;
        let key = SigningKey::new(name, &seed).ok_or(KeyError::Generate)?;
        let text = Zeroizing::new(format!("PRIVATE+KEY+{}\n", encode(name, key.public.id(), &seed)));
        write_new(path, text.as_bytes(), 0o600).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
        Ok(key)
    }

    /// Writes the public key file unless it says the same already.
    pub(crate) fn publish(&self, path: &Path) -> Result<(), KeyError> {
        let text = format!("{}\n", self.public.encode());
        if fs::read(path).is_ok_and(|found| found == text.as_bytes()) {
            return Ok(());
        }
        write_new(path, text.as_bytes(), 0o644).map_err(|source| KeyError::File { path: path.to_owned(), source })
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature line of `text`, with its line feed.
    pub(crate) fn sign(&self, text: &str) -> String {
        let mut bytes = self.public.id().to_vec();
        bytes.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{DASH}{} {}\n", self.public.name, STANDARD.encode(bytes))
    }
}

/// Writes beside and renames, so that the file is there whole or not at all.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let _ = fs::remove_file(&temporary);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_directory(path.parent().unwrap_or(Path::new(".")))
}

/// Makes new names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests;
