//! The files of secrets, read as one consistent picture: as the files of a bundle are, and for the same reasons.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use secrecy::SecretString;

use super::{SecretError, SecretGrant};
use crate::bundle::read::{ATTEMPTS, PAUSE, Print};

/// Bytes of one secret: a key with its certificates has less.
const BYTES: u64 = 64 << 10;

/// Permissions that nobody but its owner should have.
const OTHERS: u32 = 0o077;

/// What a file may allow its group that the gateway can read by its group alone: Kubernetes mounts a Secret as root's, for the pod's `fsGroup`.
const GROUP_READS: u32 = 0o040;

pub(super) fn read(granted: &[&SecretGrant]) -> HashMap<String, Result<SecretString, SecretError>> {
    let print = || Print::of(granted.iter().map(|grant| grant.file.clone()));
    let mut found = HashMap::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        let before = print();
        found = granted.iter().map(|grant| (grant.name.clone(), read_one(grant))).collect();
        let after = print();
        // Whoever replaces a file by removing it first, or by writing into it, is in between.
        let comes = found.values().any(|read| matches!(read, Err(SecretError::Unreadable { .. } | SecretError::Empty { .. })));
        let whole = before == after && after.distinct();
        if whole && !comes {
            return found;
        }
        if !whole && attempt + 1 == ATTEMPTS {
            let unstable = |grant: &&SecretGrant| (grant.name.clone(), Err(unreadable(grant, "it kept changing while it was read")));
            return granted.iter().map(unstable).collect();
        }
    }
    found
}

fn read_one(grant: &SecretGrant) -> Result<SecretString, SecretError> {
    let SecretGrant { name, file, .. } = grant;
    let io = |error: std::io::Error| unreadable(grant, &error.to_string());
    // Looked at before it is opened: a pipe would wait for somebody to write.
    if !fs::metadata(file).map_err(io)?.is_file() {
        return Err(unreadable(grant, "it is no file"));
    }
    let opened = File::open(file).map_err(io)?;
    let metadata = opened.metadata().map_err(io)?;
    let mode = metadata.mode() & 0o777;
    let by_group = metadata.uid() != rustix::process::geteuid().as_raw();
    if mode & OTHERS & !(if by_group { GROUP_READS } else { 0 }) != 0 {
        return Err(SecretError::Open { name: name.clone(), file: file.clone(), mode });
    }
    let mut bytes = Vec::new();
    opened.take(BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > BYTES {
        return Err(unreadable(grant, &format!("it has more than {BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| unreadable(grant, "it is not UTF-8"))?;
    let value = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if value.is_empty() {
        return Err(SecretError::Empty { name: name.clone(), file: file.clone() });
    }
    Ok(SecretString::from(value))
}

fn unreadable(grant: &SecretGrant, why: &str) -> SecretError {
    SecretError::Unreadable { name: grant.name.clone(), file: grant.file.clone(), why: why.to_owned() }
}
