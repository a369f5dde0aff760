//! The wire: <https://protobuf.dev/programming-guides/encoding/>.

use super::ProtobufError;

/// A value, by its wire type. Groups and the fixed 32 bits are in none of Kubernetes' messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A varint.
    Number(u64),
    /// The fixed 64 bits of a double.
    Fixed(u64),
    /// A string, bytes, a message, or packed numbers.
    Bytes(&'a [u8]),
}

/// The fields of a message, in the order of the wire. After an error comes nothing more.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), ProtobufError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = field(&mut self.0);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn field<'a>(bytes: &mut &'a [u8]) -> Result<(u32, Value<'a>), ProtobufError> {
    let tag = varint(bytes)?;
    let number = u32::try_from(tag >> 3).map_err(|_| ProtobufError::Malformed)?;
    let value = match tag & 7 {
        0 => Value::Number(varint(bytes)?),
        1 => {
            let (fixed, rest) = bytes.split_first_chunk().ok_or(ProtobufError::Malformed)?;
            *bytes = rest;
            Value::Fixed(u64::from_le_bytes(*fixed))
        }
        2 => {
            let length = usize::try_from(varint(bytes)?).map_err(|_| ProtobufError::Malformed)?;
            let (value, rest) = bytes.split_at_checked(length).ok_or(ProtobufError::Malformed)?;
            *bytes = rest;
            Value::Bytes(value)
        }
        _ => return Err(ProtobufError::Malformed),
    };
    Ok((number, value))
}

/// A number of at most 64 bits, in as few bytes as it needs: decoders differ about the others.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, ProtobufError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(ProtobufError::Malformed)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            break;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            if bits == 0 && shift > 0 {
                break;
            }
            return Ok(value);
        }
    }
    Err(ProtobufError::Malformed)
}
