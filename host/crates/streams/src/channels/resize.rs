//! The size of the client's window.

use serde::Deserialize;

use super::Error;

/// The longest description of a size, in bytes. client-go's has 28 at most.
pub const MAX_RESIZE: usize = 256;

/// A window's size in characters; neither is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

impl Size {
    /// As client-go writes it, with a line's end.
    pub fn encode(self) -> String {
        format!("{{\"Width\":{},\"Height\":{}}}\n", self.width, self.height)
    }
}

/// As it is sent (`remotecommand.TerminalSize`). Go matches the names whatever their case.
#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "Width", alias = "width", default)]
    width: u16,
    #[serde(rename = "Height", alias = "height", default)]
    height: u16,
}

/// Reads sizes one after the other, however they are cut: the kubelet decodes them from a stream.
#[derive(Default)]
pub(super) struct Decoder {
    partial: Vec<u8>,
}

impl Decoder {
    /// The sizes that are whole once `bytes` have come. A size of zero is passed over, as the kubelet does:
    /// it is what a terminal without a window reports.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> Result<Vec<Size>, Error> {
        self.partial.extend_from_slice(bytes);
        let mut sizes = Vec::new();
        let mut values = serde_json::Deserializer::from_slice(&self.partial).into_iter::<Wire>();
        let read = loop {
            match values.next() {
                Some(Ok(Wire { width: 0, .. } | Wire { height: 0, .. })) => {}
                Some(Ok(Wire { width, height })) => sizes.push(Size { width, height }),
                Some(Err(error)) if error.is_eof() => break values.byte_offset(),
                Some(Err(_)) => return Err(Error::Size),
                None => break self.partial.len(),
            }
        };
        self.partial.drain(..read);
        if self.partial.len() > MAX_RESIZE { Err(Error::Size) } else { Ok(sizes) }
    }
}

#[cfg(test)]
mod tests;
