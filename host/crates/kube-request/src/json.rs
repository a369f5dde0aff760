//! JSON as the gateway keeps it: what the client meant, with nothing lost and nothing twice.
//!
//! A parser that keeps the last of two equal keys, or rounds a number, reads something else than the
//! API server does, and the difference is a way round every rule. So duplicates are refused, numbers
//! are kept as text, strings must be valid UTF-8, and what is sent on is written from this value.

mod parse;
mod write;

pub use parse::{JsonError, MAX_DEPTH, MAX_VALUES};
pub(crate) use write::{double, write_string};

use crate::protobuf::ProtobufError;
use crate::yaml::YamlError;
use std::fmt;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as the exact text of the document: `1.0` stays `1.0`.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order of the document, no key twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parse one document. Depth is bounded by [`MAX_DEPTH`], the number of values by
    /// [`MAX_VALUES`]; the length in bytes is the caller's to bound.
    pub fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
        parse::parse(bytes)
    }

    /// Parse a document that is part of another: `depth` levels are around it, and its values count among `values`.
    pub(crate) fn parse_within(bytes: &[u8], depth: usize, values: &mut usize) -> Result<Json, JsonError> {
        parse::parse_within(bytes, depth, values)
    }

    /// The JSON of a body in Kubernetes' protobuf: what Kubernetes would write of the same object. Bounded as
    /// [`Json::parse`] is, and to [`crate::MAX_BODY`] as text; the length of `bytes` is the caller's to bound.
    ///
    /// # Errors
    /// When anything in it is not understood.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Json, ProtobufError> {
        crate::protobuf::decode(bytes)
    }

    /// The JSON of a YAML document: what the API server reads from it. Bounded as [`Json::parse`] is, and to
    /// [`crate::MAX_BODY`] as text, with all that aliases stand for; the length of `bytes` is the caller's to bound.
    ///
    /// # Errors
    /// When it is not YAML, or has more than one reading.
    pub fn from_yaml(bytes: &[u8]) -> Result<Json, YamlError> {
        crate::yaml::parse(bytes)
    }

    /// The member of an object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value at an RFC 6901 pointer. The empty pointer is the whole document; a pointer that
    /// does not begin with a slash, or has a bad escape, finds nothing.
    pub fn pointer(&self, pointer: &str) -> Option<&Json> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, token| match value {
            Json::Object(members) => {
                if token.contains('~') {
                    let token = unescape(token)?;
                    members.iter().find(|(k, _)| *k == token).map(|(_, v)| v)
                } else {
                    members.iter().find(|(k, _)| k == token).map(|(_, v)| v)
                }
            }
            Json::Array(items) => items.get(index(token)?),
            _ => None,
        })
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&[(String, Json)]> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// A boolean value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A number that is an integer in the range of `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Json::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Append the compact text.
    pub fn write(&self, out: &mut String) {
        write::write(self, out);
    }
}

/// The compact text.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

/// RFC 6901 section 4: `~1` is a slash, `~0` a tilde, nothing else may follow a tilde.
fn unescape(token: &str) -> Option<String> {
    let mut out = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        match c {
            '~' => out.push(match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    Some(out)
}

/// RFC 6901: digits without a leading zero. (`-`, the place after the last, never holds a value.)
fn index(token: &str) -> Option<usize> {
    let digits = token.bytes().all(|b| b.is_ascii_digit());
    if !digits || (token.len() > 1 && token.starts_with('0')) {
        return None;
    }
    token.parse().ok()
}

#[cfg(test)]
mod tests;
