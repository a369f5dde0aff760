//! Bytes to frames.

use bytes::{Buf, Bytes};

use super::frame::{FLAG_CLEAR, FLAG_FIN, FLAG_UNIDIRECTIONAL};
use super::zlib::Decompressor;
use super::{Error, Frame, FrameType, GoAwayStatus, Headers, RstStatus, Setting, Settings, StreamId};

/// The longest control frame, in bytes, as it is sent. Only these are gathered; data passes as it comes.
pub const MAX_CONTROL: u32 = 16 << 10;

/// The head of every frame, in bytes.
const HEAD: usize = 8;

/// Reads the frames of one direction of a connection.
///
/// Memory: 40 KiB for the compression's window, and one control frame at most.
pub struct Reader {
    state: State,
    /// What has come of a head or a control frame.
    partial: Vec<u8>,
    headers: Decompressor,
}

#[derive(Clone, Copy)]
enum State {
    Head,
    Control { frame: FrameType, flags: u8, length: u32 },
    Data { stream: StreamId, left: u32, fin: bool },
    Failed(Error),
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// At the beginning of a connection.
    pub fn new() -> Self {
        Self { state: State::Head, partial: Vec::new(), headers: Decompressor::new() }
    }

    /// The next frame in `input`, which is consumed as far as it was read. `None` when all of it is.
    ///
    /// A data frame comes in the pieces that it arrived in: each is a [`Frame::Data`], and a slice of `input`.
    ///
    /// After an error, the same error comes again.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Frame>, Error> {
        self.advance(input).map_err(|error| self.fail(error))
    }

    /// Read nothing more: from now on there is only this error.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        self.state = State::Failed(error);
        self.partial = Vec::new();
        error
    }

    /// Whether the bytes so far end between two frames.
    pub fn is_between_frames(&self) -> bool {
        matches!(self.state, State::Head) && self.partial.is_empty()
    }

    fn advance(&mut self, input: &mut Bytes) -> Result<Option<Frame>, Error> {
        loop {
            match self.state {
                State::Failed(error) => return Err(error),
                State::Head => {
                    let Some(head) = self.gather(HEAD, input) else { return Ok(None) };
                    self.state = self.head(head)?;
                }
                State::Data { stream, left, fin } => {
                    if left > 0 && input.is_empty() {
                        return Ok(None);
                    }
                    let data = input.split_to(input.len().min(left as usize));
                    let left = left - data.len() as u32;
                    self.state = if left == 0 { State::Head } else { State::Data { stream, left, fin } };
                    return Ok(Some(Frame::Data { stream, data, fin: fin && left == 0 }));
                }
                State::Control { frame, flags, length } => {
                    let Some(body) = self.gather(length as usize, input) else { return Ok(None) };
                    self.state = State::Head;
                    return self.control(frame, flags, length, body).map(Some);
                }
            }
        }
    }

    /// `length` bytes in one piece, once they have come.
    fn gather(&mut self, length: usize, input: &mut Bytes) -> Option<Bytes> {
        if self.partial.is_empty() && input.len() >= length {
            return Some(input.split_to(length));
        }
        let missing = length.checked_sub(self.partial.len())?;
        self.partial.extend_from_slice(&input.split_to(input.len().min(missing)));
        (self.partial.len() == length).then(|| std::mem::take(&mut self.partial).into())
    }

    fn head(&self, mut head: Bytes) -> Result<State, Error> {
        let word = head.get_u32();
        let flags = head.get_u8();
        let length = u32::try_from(head.get_uint(3)).unwrap_or(u32::MAX);
        let (frame, state) = if word >> 31 == 0 {
            (FrameType::Data, State::Data { stream: StreamId::new(word)?, left: length, fin: flags & FLAG_FIN != 0 })
        } else {
            let version = (word >> 16) as u16 & 0x7fff;
            if version != 3 {
                return Err(Error::Version(version));
            }
            let frame = FrameType::from_number(word as u16)?;
            if length > MAX_CONTROL {
                return Err(Error::TooLong { frame, length });
            }
            (frame, State::Control { frame, flags, length })
        };
        if flags & !frame.flags() != 0 { Err(Error::Flags { frame, flags }) } else { Ok(state) }
    }

    fn control(&mut self, frame: FrameType, flags: u8, length: u32, mut body: Bytes) -> Result<Frame, Error> {
        let wrong_length = Error::Length { frame, length };
        let (shortest, exact) = match frame {
            FrameType::SynStream => (10, false),
            FrameType::SynReply | FrameType::Headers | FrameType::Settings => (4, false),
            FrameType::Ping => (4, true),
            FrameType::RstStream | FrameType::GoAway | FrameType::WindowUpdate | FrameType::Data => (8, true),
        };
        if length < shortest || exact && length != shortest {
            return Err(wrong_length);
        }
        let fin = flags & FLAG_FIN != 0;
        let number = body.get_u32();
        Ok(match frame {
            FrameType::SynStream => {
                let stream = StreamId::new(number)?;
                let associated = body.get_u32();
                // Three bits of priority; five unused bits and the slot of a client certificate are passed over.
                let priority = body.get_u8() >> 5;
                body.advance(1);
                let unidirectional = flags & FLAG_UNIDIRECTIONAL != 0;
                Frame::SynStream { stream, associated, priority, headers: self.headers(&body)?, fin, unidirectional }
            }
            FrameType::SynReply => Frame::SynReply { stream: StreamId::new(number)?, headers: self.headers(&body)?, fin },
            FrameType::Headers => Frame::Headers { stream: StreamId::new(number)?, headers: self.headers(&body)?, fin },
            FrameType::RstStream => {
                let status = RstStatus::new(body.get_u32()).ok_or(Error::Zero(frame))?;
                Frame::RstStream { stream: StreamId::new(number)?, status }
            }
            FrameType::Settings => {
                if u64::from(number) * 8 != body.len() as u64 {
                    return Err(wrong_length);
                }
                Frame::Settings { clear: flags & FLAG_CLEAR != 0, settings: settings(body)? }
            }
            FrameType::Ping if number == 0 => return Err(Error::Zero(frame)),
            FrameType::Ping => Frame::Ping { id: number },
            FrameType::GoAway => Frame::GoAway { last_good: number, status: GoAwayStatus(body.get_u32()) },
            FrameType::WindowUpdate | FrameType::Data => Frame::WindowUpdate { stream: number, delta: body.get_u32() },
        })
    }

    fn headers(&mut self, block: &[u8]) -> Result<Headers, Error> {
        Headers::decode(&self.headers.block(block)?)
    }
}

fn settings(mut body: Bytes) -> Result<Settings, Error> {
    let count = body.len() / 8;
    if count > Settings::MAX {
        return Err(Error::TooManySettings(count));
    }
    let each = (0..count).map(|_| {
        let word = body.get_u32();
        Setting { flags: (word >> 24) as u8, id: word & 0x00ff_ffff, value: body.get_u32() }
    });
    Settings::new(each.collect())
}

#[cfg(test)]
mod tests;
