//! A body with two lengths, `Content-Length` and `Transfer-Encoding`: found before hyper reads it.
//!
//! hyper goes by the chunks, drops the length, and tells nobody (RFC 9112 section 6.1 lets it). Here such a connection
//! ends at once, with a record. What is read here decides nothing else: hyper's own reading is the one that counts.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is looked at of a line: the two names, and any length that fits a number.
const LINE: usize = 64;

/// Two lengths for one body.
#[derive(Debug, thiserror::Error)]
#[error("{}", Self::TEXT)]
pub struct TwoLengths;

impl TwoLengths {
    /// What is wrong.
    pub const TEXT: &str = "the request has both Content-Length and Transfer-Encoding";
}

/// A connection of HTTP/1.1 whose requests have one length at most.
pub struct OneLength<S, F> {
    stream: S,
    requests: Requests,
    found: F,
}

impl<S, F> OneLength<S, F> {
    /// Calls `found` when a request has two, and then fails: to hyper a connection that fails between requests is one that
    /// ended, and nobody would be told.
    pub fn new(stream: S, found: F) -> Self {
        Self { stream, requests: Requests::default(), found }
    }

    /// Behind an answer that switches protocols come no further requests.
    fn answered(&mut self, bytes: &[u8]) {
        if bytes.starts_with(b"HTTP/1.1 101") {
            self.requests.next = Next::Other;
        }
    }
}

impl<S: AsyncRead + Unpin, F: FnMut(&TwoLengths) + Unpin> AsyncRead for OneLength<S, F> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        Poll::Ready(match self.requests.read(&buf.filled()[before..]) {
            Ok(()) => Ok(()),
            Err(two) => {
                (self.found)(&two);
                Err(io::Error::new(io::ErrorKind::InvalidData, two))
            }
        })
    }
}

impl<S: AsyncWrite + Unpin, F: Unpin> AsyncWrite for OneLength<S, F> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.answered(buf);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.answered(bufs.first().map_or(&[], |first| first));
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What comes next on the connection.
#[derive(Clone, Copy, Default)]
enum Next {
    /// A line of a request's head.
    #[default]
    Head,
    /// So many bytes of a body, and then a head.
    Body(u64),
    /// The size of a chunk, or the line end behind one.
    Chunk,
    /// So many bytes of a chunk.
    InChunk(u64),
    /// A line behind the last chunk.
    Trailer,
    /// Something else than requests: another protocol, or what hyper is about to refuse.
    Other,
}

/// Follows requests from one to the next.
#[derive(Default)]
struct Requests {
    next: Next,
    /// The beginning of the line under way.
    line: Vec<u8>,
    /// Whether the head's first line has passed.
    begun: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Requests {
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), TwoLengths> {
        while !bytes.is_empty() {
            let left = match self.next {
                Next::Other => return Ok(()),
                Next::Body(left) | Next::InChunk(left) => left,
                Next::Head | Next::Chunk | Next::Trailer => {
                    let end = memchr::memchr(b'\n', bytes);
                    let part = &bytes[..end.unwrap_or(bytes.len())];
                    self.line.extend_from_slice(&part[..part.len().min(LINE - self.line.len())]);
                    bytes = &bytes[end.map_or(bytes.len(), |end| end + 1)..];
                    if end.is_some() {
                        self.end_line()?;
                    }
                    continue;
                }
            };
            let passed = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            bytes = &bytes[passed..];
            let left = left - passed as u64;
            self.next = match self.next {
                Next::Body(_) if left == 0 => Next::Head,
                Next::Body(_) => Next::Body(left),
                _ if left == 0 => Next::Chunk,
                _ => Next::InChunk(left),
            };
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), TwoLengths> {
        let line = std::mem::take(&mut self.line);
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        match self.next {
            Next::Head if text.is_empty() && self.begun => {
                self.next = match (self.chunked, self.length) {
                    (true, _) => Next::Chunk,
                    (false, Some(length)) if length > 0 => Next::Body(length),
                    _ => Next::Head,
                };
                (self.begun, self.chunked, self.length) = (false, false, None);
            }
            Next::Head if text.is_empty() => {}
            Next::Head if !self.begun => self.begun = true,
            Next::Head => self.field(text)?,
            Next::Chunk if text.is_empty() => {}
            Next::Chunk => {
                let size = text.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
                self.next = match std::str::from_utf8(size).ok().and_then(|size| u64::from_str_radix(size, 16).ok()) {
                    Some(0) => Next::Trailer,
                    Some(size) => Next::InChunk(size),
                    None => Next::Other,
                };
            }
            Next::Trailer if text.is_empty() => self.next = Next::Head,
            _ => {}
        }
        // Its room serves the next line.
        self.line = line;
        self.line.clear();
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), TwoLengths> {
        let Some(colon) = memchr::memchr(b':', line) else { return Ok(()) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            match std::str::from_utf8(value).ok().and_then(|value| value.parse().ok()) {
                Some(length) => self.length = Some(length),
                None => self.next = Next::Other,
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.chunked = true;
        }
        if self.chunked && self.length.is_some() { Err(TwoLengths) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
