//! The compression of header blocks: one zlib stream for each direction of a connection, flushed after each block.

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateError, InflateFlush, Status};

use super::dictionary::{ID, dictionary};
use super::{Error, MAX_HEADER_BLOCK};

/// What a block grows by at a time.
const STEP: usize = 2 << 10;

/// Reads the blocks of one direction.
pub(super) struct Decompressor {
    zlib: Inflate,
}

impl Decompressor {
    pub(super) fn new() -> Self {
        Self { zlib: Inflate::new(true, 15) }
    }

    /// One block, decompressed: what all of `block` gives, and never more than [`MAX_HEADER_BLOCK`].
    pub(super) fn block(&mut self, mut block: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        loop {
            let written = out.len();
            // One byte more than is allowed, so that a block that is too large shows.
            out.resize((written + STEP).min(MAX_HEADER_BLOCK + 1), 0);
            let (read_before, written_before) = (self.zlib.total_in(), self.zlib.total_out());
            let status = self.zlib.decompress(block, &mut out[written..], InflateFlush::SyncFlush);
            let read = (self.zlib.total_in() - read_before) as usize;
            out.truncate(written + (self.zlib.total_out() - written_before) as usize);
            block = block.get(read..).ok_or(Error::Compression)?;
            match status {
                // The connection's one context must last as long as the connection.
                Ok(Status::StreamEnd) => return Err(Error::Compression),
                Ok(_) if out.len() > MAX_HEADER_BLOCK => return Err(Error::HeaderBlock),
                // The output had room left, so everything that was to be had has come out.
                Ok(_) if out.len() < (written + STEP).min(MAX_HEADER_BLOCK + 1) => {
                    return if block.is_empty() { Ok(out) } else { Err(Error::Compression) };
                }
                Ok(_) => {}
                Err(InflateError::NeedDict { dict_id: ID }) => {
                    self.zlib.set_dictionary(&dictionary()).map_err(|_| Error::Compression)?;
                }
                Err(_) => return Err(Error::Compression),
            }
        }
    }
}

/// Writes the blocks of one direction.
pub(super) struct Compressor {
    zlib: Deflate,
}

impl Compressor {
    pub(super) fn new() -> Result<Self, Error> {
        // A window of 2 KiB holds the dictionary and a few blocks; zlib's usual 32 KiB would cost a quarter
        // of a megabyte for each connection, to save a few bytes for each stream.
        let mut zlib = Deflate::new_with_config(DeflateConfig { window_bits: 11, mem_level: 4, ..DeflateConfig::default() });
        zlib.set_dictionary(&dictionary()).map_err(|_| Error::Compression)?;
        Ok(Self { zlib })
    }

    /// Append one block, compressed.
    pub(super) fn block(&mut self, mut block: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        loop {
            let written = out.len();
            out.resize(written + STEP, 0);
            let (read_before, written_before) = (self.zlib.total_in(), self.zlib.total_out());
            let status = self.zlib.compress(block, &mut out[written..], DeflateFlush::SyncFlush);
            let read = (self.zlib.total_in() - read_before) as usize;
            let full = self.zlib.total_out() - written_before == STEP as u64;
            out.truncate(written + (self.zlib.total_out() - written_before) as usize);
            block = block.get(read..).ok_or(Error::Compression)?;
            match status {
                Ok(Status::Ok | Status::BufError) if full => {}
                Ok(Status::Ok | Status::BufError) => return if block.is_empty() { Ok(()) } else { Err(Error::Compression) },
                Ok(Status::StreamEnd) | Err(_) => return Err(Error::Compression),
            }
        }
    }
}

#[cfg(test)]
mod tests;
