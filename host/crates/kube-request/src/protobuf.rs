//! Kubernetes' protobuf bodies: the `k8s\0` envelope, and every message that the API server registers.
//!
//! A body is understood whole or refused: an unknown kind or field, a wire type that does not fit, anything that is
//! said twice. What comes out is the JSON that Kubernetes itself would write of the object, so policies see what they
//! would see of a body in JSON, and the API server reads the same object from it.
//!
//! The messages are in `messages.txt`, which `cargo xtask protobuf` writes from Kubernetes' own sources. How the
//! decoder of the API server reads the wire was taken from the `generated.pb.go` beside them.

mod object;
mod special;
mod table;
mod wire;

use crate::Json;
use crate::json::JsonError;
use object::Decoder;
use table::Table;
use wire::{Fields, Value};

/// `k8s\0`, then a `runtime.Unknown` (`apimachinery/pkg/runtime/serializer/protobuf`).
const MAGIC: &[u8; 4] = b"k8s\0";

/// Why a protobuf body is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// No envelope, or one that is not Kubernetes'.
    #[error("it is not in Kubernetes' envelope, four bytes `k8s\\0` and one object with its kind")]
    Envelope,
    /// Cut off, or no protobuf.
    #[error("it is cut off or malformed")]
    Malformed,
    /// A kind that has no protobuf in Kubernetes, or a newer one.
    #[error("the gateway does not read {kind} in protobuf")]
    Kind {
        /// Its kind, letters and digits only, cut to 64.
        kind: String,
    },
    /// A field that is not known could mean anything.
    #[error("its {message} has a field with the number {number}, which is not known")]
    Field {
        /// The message, such as `core/v1.PodSpec`.
        message: &'static str,
        /// The field's number.
        number: u32,
    },
    /// Of a scalar the last one would count, and messages would be merged: no client writes either.
    #[error("its {message} has {field} twice")]
    Twice {
        /// The message.
        message: &'static str,
        /// The field's name in JSON.
        field: &'static str,
    },
    /// Another type than the field's, or a value that it cannot have.
    #[error("its {message} has a value in {field} that does not fit")]
    Value {
        /// The message.
        message: &'static str,
        /// The field's name in JSON.
        field: &'static str,
    },
    /// JSON within the message that is not acceptable.
    #[error("its {message} holds JSON that is not acceptable: {error}")]
    Json {
        /// The message.
        message: &'static str,
        /// What is wrong with it.
        error: JsonError,
    },
    /// Nested deeper than [`crate::json::MAX_DEPTH`].
    #[error("it is nested too deeply")]
    TooDeep,
    /// More values than [`crate::json::MAX_VALUES`], or more than [`crate::MAX_BODY`] as JSON.
    #[error("it is too large as JSON")]
    TooLarge,
}

/// The JSON that the API server would read the same from.
///
/// # Errors
/// When anything in it is not understood.
pub(crate) fn decode(bytes: &[u8]) -> Result<Json, ProtobufError> {
    let envelope = Envelope::read(bytes)?;
    let table = Table::get();
    let message = table.kind(envelope.api_version, envelope.kind).ok_or_else(|| ProtobufError::Kind {
        kind: envelope.kind.chars().filter(char::is_ascii_alphanumeric).take(64).collect(),
    })?;
    let mut members = vec![
        ("kind".to_owned(), Json::String(envelope.kind.to_owned())),
        ("apiVersion".to_owned(), Json::String(envelope.api_version.to_owned())),
    ];
    Decoder::new(table).members(message, envelope.raw, 1, &mut members)?;
    Ok(Json::Object(members))
}

/// A `runtime.Unknown`.
struct Envelope<'a> {
    api_version: &'a str,
    kind: &'a str,
    raw: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ProtobufError> {
        let bytes = bytes.strip_prefix(MAGIC).ok_or(ProtobufError::Envelope)?;
        let (mut meta, mut raw) = (None, None);
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(value)) if meta.is_none() => meta = Some(value),
                (2, Value::Bytes(value)) if raw.is_none() => raw = Some(value),
                // An encoding or another content type inside would be a second format to read.
                (3 | 4, Value::Bytes(b"")) => {}
                _ => return Err(ProtobufError::Envelope),
            }
        }
        let (mut api_version, mut kind) = (None, None);
        for field in Fields(meta.ok_or(ProtobufError::Envelope)?) {
            match field? {
                (1, Value::Bytes(text)) if api_version.is_none() => api_version = Some(text),
                (2, Value::Bytes(text)) if kind.is_none() => kind = Some(text),
                _ => return Err(ProtobufError::Envelope),
            }
        }
        let text = |bytes: Option<&'a [u8]>| std::str::from_utf8(bytes.unwrap_or_default()).map_err(|_| ProtobufError::Envelope);
        Ok(Envelope { api_version: text(api_version)?, kind: text(kind)?, raw: raw.ok_or(ProtobufError::Envelope)? })
    }
}


#[cfg(test)]
mod tests;
