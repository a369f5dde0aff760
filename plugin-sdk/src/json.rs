//! A reader of JSON for serde, made to be small in a component.
//!
//! What a component reads is written by the gateway: one value, or a configuration. serde_json is made for speed on megabytes and for
//! messages with line and column, and brings the printing of floating-point numbers into every component, 22 KB of it. This reader
//! takes the same texts and gives the same values, which a test holds against serde_json; its errors are sentences without a place.

mod de;
mod error;
mod text;

pub use error::Error;

use serde::de::DeserializeOwned;

use text::Text;

/// How deep arrays and objects may be in each other: as serde_json has it. The gateway itself reads no deeper.
const MAX_DEPTH: u8 = 128;

/// A value of a JSON text.
///
/// # Errors
///
/// When it is no JSON, or JSON of another shape.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut text = Text::new(text);
    let value = T::deserialize(&mut text)?;
    text.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests;
