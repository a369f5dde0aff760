//! Bodies, by the hash of their content.
//!
//! A small body is a line of the segment that refers to it, once for each segment. A large one is written to a
//! spool file while it passes and becomes a file of its own, `bodies/<2 hex>/<hash of the file>.zst`; a `blob` line in
//! the segment ties the content's hash to the file's, so that `sha256sum` checks the file and no byte of it can change unseen.

mod writer;

use std::cell::RefCell;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::line::Content;
use crate::merkle::{Hash, sha256};

pub use writer::{BodyWriter, Side};
pub(crate) use writer::{Spool, WINDOW_LOG, spool_path};

/// Bodies up to this many bytes are lines of the segment. Larger ones would crowd out the records.
pub const INLINE_MAX: usize = 16 * 1024;
/// Below this many bytes compression costs more than it saves, and plain text can be searched with grep.
const PLAIN_MAX: usize = 2 * 1024;
/// zstd's fastest ordinary level: the ledger is on the path of every response.
const LEVEL: i32 = 1;

/// The bodies that go with a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bodies<'a> {
    /// What the client sent, masked; kept as `request.body`.
    pub request: Option<Body<'a>>,
    /// What the client was given, masked; kept as `response.body` and `response.bytes`.
    pub response: Option<Body<'a>>,
}

impl Bodies<'_> {
    /// A record without bodies.
    pub const NONE: Bodies<'static> = Bodies { request: None, response: None };
}

/// One body.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// All of it. Above [`INLINE_MAX`] bytes it is stored as a file.
    Bytes(&'a [u8]),
    /// Written with a [`BodyWriter`] before.
    Stored(&'a StoredBody),
}

/// A body that a [`BodyWriter`] has written.
#[derive(Clone, Debug)]
pub struct StoredBody {
    pub(crate) hash: Hash,
    pub(crate) bytes: u64,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Inline(Vec<u8>),
    Blob { file: Hash, size: u64 },
}

impl StoredBody {
    /// `sha256:…` of the content.
    #[must_use]
    pub fn hash(&self) -> String {
        name(&self.hash)
    }

    /// Bytes of the content.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// `sha256:…`
pub(crate) fn name(hash: &Hash) -> String {
    const PREFIX: usize = "sha256:".len();
    let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
    // The lengths are constants that fit.
    let _ = hex::encode_to_slice(hash, &mut text[PREFIX..]);
    String::from_utf8_lossy(&text).into_owned()
}

/// `sha256:…` of bytes, as records refer to bodies.
#[must_use]
pub fn content_hash(bytes: &[u8]) -> String {
    name(&sha256(bytes))
}

/// The payload of a `body` line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inline {
    pub(crate) hash: String,
    pub(crate) bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) zstd: Option<String>,
}

/// The payload of a `blob` line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blob {
    pub(crate) hash: String,
    pub(crate) bytes: u64,
    /// SHA-256 of the compressed file, which is its name.
    pub(crate) file: String,
    /// Bytes of the compressed file.
    pub(crate) size: u64,
}

/// Where the file of a blob is, from the ledger's folder.
pub(crate) fn blob_path(file: &str) -> String {
    format!("bodies/{}/{file}.zst", file.get(..2).unwrap_or("xx"))
}

thread_local! {
    /// A context costs more to make than a small body takes to compress.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// Text as it is when it is short UTF-8, otherwise base64 of a zstd frame: (text, zstd), one of them set.
pub(crate) fn encode(bytes: &[u8]) -> std::io::Result<(Option<String>, Option<String>)> {
    if bytes.len() <= PLAIN_MAX
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Ok((Some(text.to_owned()), None));
    }
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(zstd::bulk::Compressor::new(LEVEL)?),
        };
        Ok((None, Some(STANDARD.encode(compressor.compress(bytes)?))))
    })
}

/// The bytes of what [`encode`] gave; none when they are not `bytes` many or not decodable.
pub(crate) fn decode(text: Option<String>, zstd: Option<&str>, bytes: u64) -> Option<Vec<u8>> {
    let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= INLINE_MAX)?;
    let content = match (text, zstd) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(zstd)) => zstd::bulk::decompress(&STANDARD.decode(zstd).ok()?, bytes).ok()?,
        _ => return None,
    };
    (content.len() == bytes).then_some(content)
}

/// A body that is ready to become a line.
pub(crate) struct Prepared<'a> {
    pub(crate) hash: Hash,
    pub(crate) bytes: u64,
    pub(crate) source: Source<'a>,
    /// The line's payload, made outside the lock when it will probably be needed.
    pub(crate) payload: Option<Vec<u8>>,
}

#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    Inline(&'a [u8]),
    Blob { file: &'a Hash, size: u64 },
}

impl Prepared<'_> {
    pub(crate) fn content(&self) -> Content {
        match self.source {
            Source::Inline(_) => Content::Body,
            Source::Blob { .. } => Content::Blob,
        }
    }

    /// The line's payload.
    pub(crate) fn render(&self) -> std::io::Result<Vec<u8>> {
        let (hash, bytes) = (name(&self.hash), self.bytes);
        Ok(match self.source {
            Source::Inline(content) => {
                let (text, zstd) = encode(content)?;
                serde_json::to_vec(&Inline { hash, bytes, text, zstd })?
            }
            Source::Blob { file, size } => serde_json::to_vec(&Blob { hash, bytes, file: hex::encode(file), size })?,
        })
    }
}

impl<'a> Prepared<'a> {
    pub(crate) fn inline(content: &'a [u8]) -> Prepared<'a> {
        Prepared { hash: sha256(content), bytes: content.len() as u64, source: Source::Inline(content), payload: None }
    }

    pub(crate) fn stored(stored: &'a StoredBody) -> Prepared<'a> {
        let source = match &stored.place {
            Place::Inline(content) => Source::Inline(content),
            Place::Blob { file, size } => Source::Blob { file, size: *size },
        };
        Prepared { hash: stored.hash, bytes: stored.bytes, source, payload: None }
    }
}

#[cfg(test)]
mod tests;
