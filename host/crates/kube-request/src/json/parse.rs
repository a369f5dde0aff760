//! Text to [`Json`], on jiter's iterator: it scans, and this file decides what is acceptable.

use super::Json;
use jiter::{Jiter, Peek};
use std::fmt;

/// The deepest nesting that is accepted. The deepest real objects, CustomResourceDefinitions with
/// nested schemas, stay under 100. The parser recurses, so this also bounds its stack.
pub const MAX_DEPTH: usize = 192;

/// The most values in one document. A value costs some 40 bytes of memory whatever its text, so
/// 3 MiB of `[[],[],…` would otherwise cost a dozen times its length.
pub const MAX_VALUES: usize = 500_000;

/// Objects up to this size are searched for duplicates key by key, larger ones by sorting.
const SMALL: usize = 12;

/// Why a document is not acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON, or bytes after the document, or invalid UTF-8, or half a surrogate pair.
    Syntax {
        /// Where, in bytes from the start.
        at: usize,
        /// What the parser says.
        what: String,
    },
    /// One object has a key twice. Parsers disagree about which of the two counts.
    DuplicateKey {
        /// The key, cut to 64 characters.
        key: String,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More values than [`MAX_VALUES`].
    TooMany,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsonError::Syntax { at, what } => write!(f, "{what} at byte {at}"),
            JsonError::DuplicateKey { key } => write!(f, "the key {key:?} occurs twice in one object"),
            JsonError::TooDeep => write!(f, "it is nested deeper than {MAX_DEPTH} levels"),
            JsonError::TooMany => write!(f, "it has more than {MAX_VALUES} values"),
        }
    }
}

impl std::error::Error for JsonError {}

pub(super) fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
    parse_within(bytes, 0, &mut 0)
}

pub(super) fn parse_within(bytes: &[u8], depth: usize, values: &mut usize) -> Result<Json, JsonError> {
    let mut reader = Reader { jiter: Jiter::new(bytes), values: *values };
    let first = reader.jiter.peek().map_err(syntax)?;
    let value = reader.value(first, depth)?;
    reader.jiter.finish().map_err(syntax)?;
    *values = reader.values;
    Ok(value)
}

struct Reader<'j> {
    jiter: Jiter<'j>,
    values: usize,
}

impl Reader<'_> {
    fn value(&mut self, peek: Peek, depth: usize) -> Result<Json, JsonError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(JsonError::TooMany);
        }
        match peek {
            Peek::Null => self.jiter.known_null().map(|()| Json::Null).map_err(syntax),
            Peek::True | Peek::False => self.jiter.known_bool(peek).map(Json::Bool).map_err(syntax),
            Peek::String => self.jiter.known_str().map(|s| Json::String(s.to_owned())).map_err(syntax),
            Peek::Array => self.array(depth + 1),
            Peek::Object => self.object(depth + 1),
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let at = self.jiter.current_index();
        let bytes = self.jiter.next_number_bytes().map_err(syntax)?;
        // jiter can be asked to take `NaN` and `Infinity`; being strict here does not rest on that.
        match std::str::from_utf8(bytes) {
            Ok(text) if is_number(text.as_bytes()) => Ok(Json::Number(text.to_owned())),
            _ => Err(JsonError::Syntax { at, what: "not a JSON number".to_owned() }),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        let mut items = Vec::new();
        let mut next = self.jiter.known_array().map_err(syntax)?;
        while let Some(peek) = next {
            items.push(self.value(peek, depth)?);
            next = self.jiter.array_step().map_err(syntax)?;
        }
        Ok(Json::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut next = self.jiter.known_object().map_err(syntax)?.map(str::to_owned);
        while let Some(key) = next {
            if members.len() < SMALL && members.iter().any(|(k, _)| *k == key) {
                return Err(duplicate(&key));
            }
            let peek = self.jiter.peek().map_err(syntax)?;
            let value = self.value(peek, depth)?;
            members.push((key, value));
            next = self.jiter.next_key().map_err(syntax)?.map(str::to_owned);
        }
        if members.len() > SMALL {
            let mut keys: Vec<&str> = members.iter().map(|(k, _)| k.as_str()).collect();
            keys.sort_unstable();
            if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(duplicate(pair[0]));
            }
        }
        Ok(Json::Object(members))
    }
}

fn duplicate(key: &str) -> JsonError {
    JsonError::DuplicateKey { key: key.chars().take(64).collect() }
}

fn syntax(error: jiter::JiterError) -> JsonError {
    JsonError::Syntax { at: error.index, what: error.error_type.to_string() }
}

/// The grammar of RFC 8259 section 6.
fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let n = digits(exponent);
        if n == 0 {
            return false;
        }
        rest = &exponent[n..];
    }
    rest.is_empty()
}
