//! Why a text is not read, in a sentence.

use std::fmt::{self, Display, Write};

use serde::de::{self, Expected, Unexpected};

/// What is wrong, without where: the gateway wrote the text, so its lines mean nothing to anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<str>);

impl Error {
    /// A text that is no JSON.
    pub(super) fn syntax(what: &'static str) -> Error {
        Error(what.into())
    }
}

impl Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: Display>(message: T) -> Error {
        Error(message.to_string().into())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Error {
        other("invalid type", found, expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Error {
        other("invalid value", found, expected)
    }
}

/// serde's own message, but for how numbers with a fraction are printed: that alone would be a third of a small component.
fn other(what: &str, found: Unexpected<'_>, expected: &dyn Expected) -> Error {
    let mut message = String::from(what);
    // Writing to a string cannot fail.
    let _ = match found {
        Unexpected::Bool(value) => write!(message, ": boolean `{value}`"),
        Unexpected::Unsigned(number) => write!(message, ": integer `{number}`"),
        Unexpected::Signed(number) => write!(message, ": integer `{number}`"),
        Unexpected::Float(_) => write!(message, ": a number with a fraction"),
        Unexpected::Str(text) => write!(message, ": string \"{text}\""),
        Unexpected::Char(character) => write!(message, ": character `{character}`"),
        Unexpected::Unit => write!(message, ": null"),
        Unexpected::Seq => write!(message, ": a list"),
        Unexpected::Map => write!(message, ": an object"),
        Unexpected::Other(kind) => write!(message, ": {kind}"),
        _ => Ok(()),
    };
    let _ = write!(message, ", expected {expected}");
    Error(message.into())
}
