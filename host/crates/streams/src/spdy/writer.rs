//! Frames to bytes.

use super::frame::{FLAG_CLEAR, FLAG_FIN, FLAG_UNIDIRECTIONAL};
use super::zlib::Compressor;
use super::{Error, Frame, FrameType, Headers, StreamId};

/// The most bytes in one data frame that is written. More than that goes out as several: what the other
/// side has to hold at once is then what `io.Copy` on its end would have sent.
pub const MAX_DATA: usize = 32 << 10;

/// Writes the frames of one direction of a connection.
///
/// Memory: about 20 KiB for the compression's window and tables.
pub struct Writer {
    headers: Compressor,
}

impl Writer {
    /// At the beginning of a connection.
    pub fn new() -> Result<Self, Error> {
        Ok(Self { headers: Compressor::new()? })
    }

    /// Append `frame`.
    pub fn write(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<(), Error> {
        match frame {
            Frame::SynStream { stream, associated, priority, headers, fin, unidirectional } => {
                let mut body = [0; 10];
                body[..4].copy_from_slice(&stream.get().to_be_bytes());
                body[4..8].copy_from_slice(&associated.to_be_bytes());
                body[8] = priority << 5;
                let flags = flag(*fin, FLAG_FIN) | flag(*unidirectional, FLAG_UNIDIRECTIONAL);
                self.with_headers(FrameType::SynStream, flags, &body, headers, out)?;
            }
            Frame::SynReply { stream, headers, fin } => {
                self.with_headers(FrameType::SynReply, flag(*fin, FLAG_FIN), &stream.get().to_be_bytes(), headers, out)?;
            }
            Frame::Headers { stream, headers, fin } => {
                self.with_headers(FrameType::Headers, flag(*fin, FLAG_FIN), &stream.get().to_be_bytes(), headers, out)?;
            }
            Frame::RstStream { stream, status } => numbers(FrameType::RstStream, 0, &[stream.get(), status.get()], out),
            Frame::Settings { clear, settings } => {
                let settings = settings.as_slice();
                let mut body = vec![settings.len() as u32];
                body.extend(settings.iter().flat_map(|one| [u32::from(one.flags) << 24 | one.id, one.value]));
                numbers(FrameType::Settings, flag(*clear, FLAG_CLEAR), &body, out);
            }
            Frame::Ping { id } => numbers(FrameType::Ping, 0, &[*id], out),
            Frame::GoAway { last_good, status } => numbers(FrameType::GoAway, 0, &[*last_good, status.0], out),
            Frame::WindowUpdate { stream, delta } => numbers(FrameType::WindowUpdate, 0, &[*stream, *delta], out),
            Frame::Data { stream, data, fin } => write_data(*stream, data, *fin, out),
        }
        Ok(())
    }

    /// The length is known only once the block is compressed, so it is filled in afterwards.
    fn with_headers(&mut self, frame: FrameType, flags: u8, body: &[u8], headers: &Headers, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        head(frame, flags, 0, out);
        let begin = out.len();
        out.extend_from_slice(body);
        self.headers.block(&headers.encode(), out)?;
        let length = (out.len() - begin) as u32;
        out[start + 5..start + 8].copy_from_slice(&length.to_be_bytes()[1..]);
        Ok(())
    }
}

/// Append `data` as one frame or more. It needs no compression, so no [`Writer`] either.
pub(super) fn write_data(stream: StreamId, data: &[u8], fin: bool, out: &mut Vec<u8>) {
    let (whole, rest) = data.split_at(data.len().saturating_sub(1) / MAX_DATA * MAX_DATA);
    out.reserve(data.len() + 8 * (whole.len() / MAX_DATA + 1));
    let mut one = |piece: &[u8], fin: bool| {
        out.extend_from_slice(&stream.get().to_be_bytes());
        out.extend_from_slice(&(u32::from(flag(fin, FLAG_FIN)) << 24 | piece.len() as u32).to_be_bytes());
        out.extend_from_slice(piece);
    };
    whole.chunks(MAX_DATA).for_each(|piece| one(piece, false));
    one(rest, fin);
}

fn flag(set: bool, flag: u8) -> u8 {
    if set { flag } else { 0 }
}

fn head(frame: FrameType, flags: u8, length: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&0x8003_u16.to_be_bytes());
    out.extend_from_slice(&frame.number().to_be_bytes());
    out.extend_from_slice(&(u32::from(flags) << 24 | length).to_be_bytes());
}

fn numbers(frame: FrameType, flags: u8, body: &[u32], out: &mut Vec<u8>) {
    head(frame, flags, body.len() as u32 * 4, out);
    body.iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
}

#[cfg(test)]
mod tests;
