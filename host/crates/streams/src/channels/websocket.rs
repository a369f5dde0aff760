//! Channels in WebSocket messages: one byte for the channel, and the rest for it.
//!
//! Text messages are taken like binary ones, because the API server takes them and the Python client sends
//! them. Only the payload of a message matters here; fragments, masks and pings are the WebSocket's.

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;

use super::resize::Decoder as SizeDecoder;
use super::{Channel, Error, Event, Protocol, Wanted};
use crate::Side;

/// Closes the channel whose number follows (v5).
const CLOSE: u8 = 255;

/// Reads the messages of one direction.
pub struct Decoder {
    protocol: Protocol,
    wanted: Wanted,
    sender: Side,
    sizes: SizeDecoder,
    dropped: u64,
}

impl Decoder {
    /// For the messages that `sender` sends.
    pub fn new(protocol: Protocol, wanted: Wanted, sender: Side) -> Self {
        Self { protocol, wanted, sender, sizes: SizeDecoder::default(), dropped: 0 }
    }

    /// What one message, whole, says. An empty message says nothing, and so do bytes that are dropped; a
    /// message on the resize channel may say several sizes.
    pub fn decode(&mut self, mut message: Bytes) -> Result<Vec<Event>, Error> {
        let Some(first) = message.first().copied() else { return Ok(Vec::new()) };
        if self.protocol.can_close() && first == CLOSE {
            let [_, number] = message[..] else { return Err(Error::CloseLength(message.len())) };
            let channel = Channel::from_number(number).ok_or(Error::CloseChannel(number))?;
            // Closing a channel on which one only listens means nothing.
            return Ok(if self.hears(channel) { vec![Event::Close(channel)] } else { Vec::new() });
        }
        let number = if self.protocol.is_base64() { first.wrapping_sub(b'0') } else { first };
        let Some(channel) = Channel::from_number(number).filter(|channel| self.hears(*channel)) else {
            self.dropped += message.len() as u64 - 1;
            return Ok(Vec::new());
        };
        let data = message.split_off(1);
        let data = if self.protocol.is_base64() { BASE64_STANDARD.decode(data).map_err(|_| Error::Base64)?.into() } else { data };
        if channel == Channel::Resize {
            return Ok(self.sizes.decode(&data)?.into_iter().map(Event::Resize).collect());
        }
        Ok(vec![Event::Data(channel, data)])
    }

    /// How many bytes were sent on channels that were not asked for, that do not exist, or that the sender
    /// only listens on. None of them was given out.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn hears(&self, channel: Channel) -> bool {
        channel.sender() == self.sender && self.wanted.has(channel)
    }
}

/// The message that says `event`, or `None` if this version has no message for it. With a protocol that
/// [is base64](Protocol::is_base64) it is to be sent as text.
pub fn encode(protocol: Protocol, event: &Event) -> Option<Bytes> {
    match event {
        Event::Data(channel, data) => Some(message(protocol, *channel, data)),
        Event::Resize(size) => Some(message(protocol, Channel::Resize, size.encode().as_bytes())),
        Event::Close(channel) if protocol.can_close() => Some(Bytes::copy_from_slice(&[CLOSE, channel.number()])),
        Event::Close(_) | Event::Ready | Event::Reset(_) | Event::GoAway => None,
    }
}

fn message(protocol: Protocol, channel: Channel, data: &[u8]) -> Bytes {
    if protocol.is_base64() {
        let mut text = String::with_capacity(1 + data.len().div_ceil(3) * 4);
        text.push(char::from(b'0' + channel.number()));
        BASE64_STANDARD.encode_string(data, &mut text);
        return text.into();
    }
    let mut message = Vec::with_capacity(1 + data.len());
    message.push(channel.number());
    message.extend_from_slice(data);
    message.into()
}

#[cfg(test)]
mod tests;
