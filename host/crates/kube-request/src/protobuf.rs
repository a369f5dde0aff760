//! Kubernetes' protobuf bodies: the `k8s\0` envelope, and the messages that have a table here.
//!
//! A body is understood whole or refused: a message without a table, a field that a table does not know, a wire type
//! that does not fit. So far these are the reviews that ask about oneself (`kubectl auth can-i`, `auth whoami`).
//!
//! Source of the numbers: `generated.proto` of `k8s.io/api/authorization/v1`, `authentication/v1` and
//! `k8s.io/apimachinery/pkg/runtime`.

use crate::Json;

/// `k8s\0`, then a `runtime.Unknown` (`apimachinery/pkg/runtime/serializer/protobuf`).
const MAGIC: &[u8; 4] = b"k8s\0";
/// Deeper than any table.
const MAX_DEPTH: usize = 16;

/// Why a protobuf body is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// No envelope.
    #[error("it does not begin with Kubernetes' envelope")]
    Envelope,
    /// Cut off, overlong, or not what the table says.
    #[error("it is cut off or malformed")]
    Malformed,
    /// No table for this message yet.
    #[error("the gateway does not read {kind} in protobuf yet")]
    Kind {
        /// Its kind.
        kind: String,
    },
    /// A field that no table knows could mean anything.
    #[error("it has a field that is not known")]
    Field,
}

/// A message: its fields by number.
struct Message(&'static [(u32, &'static str, Is)]);

/// What a field is.
enum Is {
    /// A string; empty ones are left out, as Kubernetes' JSON does.
    Text,
    /// A boolean; false is left out.
    Bool,
    /// A message.
    Object(&'static Message),
    /// Only its absence is known: an empty message, an empty string, zero.
    Nothing,
}

const OBJECT_META: Message = Message(&[
    (1, "name", Is::Text),
    (2, "generateName", Is::Text),
    (3, "namespace", Is::Text),
    (4, "selfLink", Is::Nothing),
    (5, "uid", Is::Nothing),
    (6, "resourceVersion", Is::Nothing),
    (7, "generation", Is::Nothing),
    (8, "creationTimestamp", Is::Nothing),
]);

const ACCESS_REVIEW: Message = Message(&[
    (1, "metadata", Is::Object(&OBJECT_META)),
    (
        2,
        "spec",
        Is::Object(&Message(&[
            (
                1,
                "resourceAttributes",
                Is::Object(&Message(&[
                    (1, "namespace", Is::Text),
                    (2, "verb", Is::Text),
                    (3, "group", Is::Text),
                    (4, "version", Is::Text),
                    (5, "resource", Is::Text),
                    (6, "subresource", Is::Text),
                    (7, "name", Is::Text),
                ])),
            ),
            (2, "nonResourceAttributes", Is::Object(&Message(&[(1, "path", Is::Text), (2, "verb", Is::Text)]))),
        ])),
    ),
    (3, "status", Is::Object(&Message(&[(1, "allowed", Is::Bool), (2, "reason", Is::Text), (3, "evaluationError", Is::Text), (4, "denied", Is::Bool)]))),
]);

const RULES_REVIEW: Message = Message(&[
    (1, "metadata", Is::Object(&OBJECT_META)),
    (2, "spec", Is::Object(&Message(&[(1, "namespace", Is::Text)]))),
    (3, "status", Is::Object(&Message(&[(3, "incomplete", Is::Bool), (4, "evaluationError", Is::Text)]))),
]);

const SELF_REVIEW: Message = Message(&[
    (1, "metadata", Is::Object(&OBJECT_META)),
    (2, "status", Is::Object(&Message(&[(1, "userInfo", Is::Object(&Message(&[(1, "username", Is::Text), (2, "uid", Is::Text)])))]))),
]);

fn table(api_version: &str, kind: &str) -> Option<&'static Message> {
    match (api_version, kind) {
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview") => Some(&ACCESS_REVIEW),
        ("authorization.k8s.io/v1", "SelfSubjectRulesReview") => Some(&RULES_REVIEW),
        ("authentication.k8s.io/v1", "SelfSubjectReview") => Some(&SELF_REVIEW),
        _ => None,
    }
}

/// The JSON that the API server would read the same from.
///
/// # Errors
/// When anything in it is not understood.
pub fn decode(bytes: &[u8]) -> Result<Json, ProtobufError> {
    let envelope = bytes.strip_prefix(MAGIC).ok_or(ProtobufError::Envelope)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), None);
    for field in Fields(envelope) {
        match field? {
            (1, Value::Bytes(meta)) => {
                for field in Fields(meta) {
                    match field? {
                        (1, Value::Bytes(text)) => api_version = utf8(text)?,
                        (2, Value::Bytes(text)) => kind = utf8(text)?,
                        _ => return Err(ProtobufError::Field),
                    }
                }
            }
            (2, Value::Bytes(message)) if raw.is_none() => raw = Some(message),
            // An encoding or another content type inside would be a second format to read.
            (3 | 4, Value::Bytes(b"")) => {}
            _ => return Err(ProtobufError::Field),
        }
    }
    let message = table(&api_version, &kind).ok_or_else(|| ProtobufError::Kind {
        kind: kind.chars().filter(char::is_ascii_alphanumeric).take(64).collect(),
    })?;
    let mut members = vec![("apiVersion".to_owned(), Json::String(api_version)), ("kind".to_owned(), Json::String(kind))];
    members.extend(object(message, raw.ok_or(ProtobufError::Malformed)?, 0)?);
    Ok(Json::Object(members))
}

fn object(message: &Message, bytes: &[u8], depth: usize) -> Result<Vec<(String, Json)>, ProtobufError> {
    if depth > MAX_DEPTH {
        return Err(ProtobufError::Malformed);
    }
    let mut members: Vec<(String, Json)> = Vec::new();
    for field in Fields(bytes) {
        let (number, value) = field?;
        let (_, name, is) = message.0.iter().find(|(known, ..)| *known == number).ok_or(ProtobufError::Field)?;
        // Of a repeated scalar the last one would count, and messages would be merged: no client writes either.
        if members.iter().any(|(known, _)| known == name) {
            return Err(ProtobufError::Malformed);
        }
        let value = match (is, value) {
            (Is::Text, Value::Bytes(b"")) | (Is::Bool, Value::Number(0)) => continue,
            (Is::Nothing, Value::Bytes(b"") | Value::Number(0)) => continue,
            (Is::Text, Value::Bytes(text)) => Json::String(utf8(text)?),
            (Is::Bool, Value::Number(1)) => Json::Bool(true),
            (Is::Object(inner), Value::Bytes(bytes)) => Json::Object(object(inner, bytes, depth + 1)?),
            _ => return Err(ProtobufError::Malformed),
        };
        members.push(((*name).to_owned(), value));
    }
    Ok(members)
}

fn utf8(bytes: &[u8]) -> Result<String, ProtobufError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| ProtobufError::Malformed)
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message on the wire, in order.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), ProtobufError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u32, Value<'a>), ProtobufError> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| ProtobufError::Malformed)?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Malformed)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(ProtobufError::Malformed)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return Err(ProtobufError::Malformed),
        };
        Ok((number, value))
    }

    fn varint(&mut self) -> Result<u64, ProtobufError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(ProtobufError::Malformed)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(ProtobufError::Malformed);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ProtobufError::Malformed)
    }
}

#[cfg(test)]
mod tests;
