//! Gzip (RFC 1952), both ways: an answer that comes so although it was asked for plain, and a large one for a client that
//! asked for it.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, MultiGzDecoder};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use super::screen::Unreadable;
use crate::upstream::PooledBody;

/// Compressed bytes that are looked at in one go: deflate makes at most 1,032 bytes of one (`zlib.net/zlib_tech.html`),
/// so nothing that comes makes more than 1 MiB at a time.
const BITE: usize = 1024;

/// Why an answer's bytes end before the answer does.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection broke.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// What came is not gzip, or is cut off.
    #[error("its gzip coding is broken: {0}")]
    Gzip(#[from] std::io::Error),
}

/// An answer's bytes as they are without their content coding.
pub struct PlainBody {
    body: PooledBody,
    gunzip: Option<Gunzip>,
}

impl PlainBody {
    /// By the answer's headers.
    ///
    /// # Errors
    /// When the coding is one that was not asked for and is not gzip.
    pub fn new(body: PooledBody, headers: &HeaderMap) -> Result<Self, Unreadable> {
        Ok(Self { body, gunzip: gunzip(headers)? })
    }

    /// The API server's own size hint; nothing is known of what a compressed answer comes to.
    pub fn announced(&self) -> Option<u64> {
        use hyper::body::Body as _;
        if self.gunzip.is_some() { None } else { self.body.size_hint().exact() }
    }

    /// The next bytes, or nothing at the end. Trailers are passed over: the API server sends none, and nothing may pass
    /// unread.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        loop {
            if let Some(gunzip) = &mut self.gunzip {
                match gunzip.bite() {
                    Ok(Some(plain)) => return Some(Ok(plain)),
                    Ok(None) => {}
                    Err(error) => return Some(Err(error.into())),
                }
            }
            let chunk = match self.body.frame().await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => chunk,
                    Err(_) => continue,
                },
                Some(Err(error)) => return Some(Err(error.into())),
                None => return self.gunzip.take()?.end().err().map(|error| Err(error.into())),
            };
            match &mut self.gunzip {
                None => return Some(Ok(chunk)),
                Some(gunzip) => gunzip.input = chunk,
            }
        }
    }
}

fn gunzip(headers: &HeaderMap) -> Result<Option<Gunzip>, Unreadable> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    match (codings.next().map(|coding| coding.as_bytes()), codings.next()) {
        (None, _) | (Some(b"identity"), None) => Ok(None),
        (Some(b"gzip"), None) => Ok(Some(Gunzip::default())),
        _ => Err(Unreadable("its content coding is neither gzip nor none, though the gateway asked for it plain".to_owned())),
    }
}

/// Takes gzip apart: any number of members one after another (RFC 1952 section 2.2), which is how Kubernetes 1.37 sends a
/// watch, a member for each flush. What a member's bytes say is there as soon as they are.
pub struct Gunzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    input: Bytes,
    began: bool,
}

impl Default for Gunzip {
    fn default() -> Self {
        Self { decoder: MultiGzDecoder::new(Vec::new()), input: Bytes::new(), began: false }
    }
}

impl Gunzip {
    /// What the next bytes of the input come to, at most 1 MiB; nothing when the input is used up.
    fn bite(&mut self) -> std::io::Result<Option<Bytes>> {
        while !self.input.is_empty() {
            let bite = self.input.split_to(self.input.len().min(BITE));
            self.began = true;
            self.decoder.write_all(&bite)?;
            self.decoder.flush()?;
            let plain = std::mem::take(self.decoder.get_mut());
            if !plain.is_empty() {
                return Ok(Some(plain.into()));
            }
        }
        Ok(None)
    }

    /// The end of the input, which must be that of a member.
    fn end(mut self) -> std::io::Result<()> {
        if self.began { self.decoder.try_finish() } else { Ok(()) }
    }
}

/// Compresses an answer on its way out. What it holds back is bounded by deflate's own window, some 300 KiB.
pub struct Gzip(GzEncoder<Vec<u8>>);

impl Gzip {
    /// At the level of the API server's own writer, the fastest (`endpoints/handlers/responsewriters/writers.go`).
    pub fn new() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::fast()))
    }

    /// Takes the next bytes, and gives what is ready; often nothing.
    pub fn push(&mut self, plain: &[u8]) -> Vec<u8> {
        // Writing to a vector does not fail.
        let _ = self.0.write_all(plain);
        std::mem::take(self.0.get_mut())
    }

    /// The rest.
    pub fn finish(self) -> Vec<u8> {
        self.0.finish().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
