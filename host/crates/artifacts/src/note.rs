//! The signature of a folder: a signed note (C2SP `signed-note`) beside `bundle.yaml`.
//!
//! Its text names every file of the bundle with its SHA-256, as `sha256sum` would; then an empty line, and a line for each signature:
//!
//! ```text
//! portcullis.dev/bundle/v1
//! sha256:4f0c…  bundle.yaml
//! sha256:99a1…  deny-list.wasm
//!
//! — release 3vXz5u…
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Files, KeyError, PublicKey, Reference, SigningKey, is_plain, origin, sha256};

/// The file's name.
pub const FILE: &str = "bundle.sig";

/// The first line, which tells this note from any other that the key may sign.
const HEADER: &str = "portcullis.dev/bundle/v1";

/// What begins a signature: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// Bytes of a note.
const NOTE_BYTES: usize = 256 << 10;

/// Signatures that are looked at.
const SIGNATURES: usize = 16;

/// Why a note is not good.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// It has another form.
    #[error("{FILE} is no signed note of a bundle; sign the folder again with `portcullis bundle sign`")]
    Malformed,
    /// The files are not those that were signed.
    #[error("{FILE} was made for other files: {0}; sign the folder again with `portcullis bundle sign`, or restore what was signed")]
    Differs(String),
    /// A file's name cannot stand in a note.
    #[error("the path {0:?} cannot be signed; give the file a plain name below the bundle's folder")]
    Path(String),
    /// A name that no signature may have.
    #[error("the key's name {0:?} is empty, too long, or has a space or a plus sign; choose another with --name")]
    Name(String),
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The text that is signed for these files.
fn text(files: &Files) -> Result<String, NoteError> {
    let mut lines: Vec<_> = files.iter().filter(|(path, _)| !origin::is_proof(path) && !Reference::is_meant(path)).collect();
    lines.sort_by_key(|(path, _)| path.as_str());
    let mut text = format!("{HEADER}\n");
    for (path, bytes) in lines {
        if !is_plain(path) {
            return Err(NoteError::Path(path.clone()));
        }
        text.push_str(&format!("{}  {path}\n", sha256(bytes)));
    }
    Ok(text)
}

/// The note for these files, with one signature: the content of [`FILE`].
///
/// # Errors
/// When a path or the name cannot stand in a note, or the key cannot sign.
pub fn sign(files: &Files, name: &str, key: &SigningKey) -> Result<String, NoteError> {
    if name.is_empty() || name.len() > 255 || name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
        return Err(NoteError::Name(name.to_owned()));
    }
    let text = text(files)?;
    let signature = key.sign(text.as_bytes())?;
    let mut line = key.public(name).note_id(name).to_vec();
    line.extend_from_slice(&signature);
    Ok(format!("{text}\n{DASH}{name} {}\n", STANDARD.encode(line)))
}

/// The names of the trusted keys that signed exactly these files.
///
/// # Errors
/// When the note has another form, or is about other files.
pub fn verify(note: &[u8], files: &Files, keys: &[PublicKey]) -> Result<Vec<String>, NoteError> {
    let note = std::str::from_utf8(note).ok().filter(|note| note.len() <= NOTE_BYTES).ok_or(NoteError::Malformed)?;
    let (signed, signatures) = note.split_once("\n\n").ok_or(NoteError::Malformed)?;
    let signed = format!("{signed}\n");
    if !signed.starts_with(HEADER) {
        return Err(NoteError::Malformed);
    }
    let now = text(files)?;
    if signed != now {
        return Err(NoteError::Differs(difference(&signed, &now)));
    }
    let mut signers = Vec::new();
    for line in signatures.lines().take(SIGNATURES) {
        let (name, encoded) = line.strip_prefix(DASH).and_then(|line| line.split_once(' ')).ok_or(NoteError::Malformed)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
        let by = keys.iter().find(|key| key.note_id(name) == *id && key.verifies(signed.as_bytes(), signature));
        signers.extend(by.map(|key| key.name.clone()));
    }
    signers.dedup();
    Ok(signers)
}

/// Which file is the first that is not as it was.
fn difference(signed: &str, now: &str) -> String {
    let path = |line: &str| line.split_once("  ").map_or_else(|| line.to_owned(), |(_, path)| path.to_owned());
    let missing = |line: &&str, other: &str| !other.lines().any(|one| one == *line);
    let (gone, new) = (signed.lines().find(|line| missing(line, now)), now.lines().find(|line| missing(line, signed)));
    match (gone, new) {
        (Some(gone), Some(new)) if path(gone) == path(new) => format!("{:?} has changed since", path(new)),
        (_, Some(new)) => format!("{:?} is not among them", path(new)),
        (Some(gone), None) => format!("{:?} is missing", path(gone)),
        (None, None) => "their order differs".to_owned(),
    }
}

#[cfg(test)]
mod tests;
