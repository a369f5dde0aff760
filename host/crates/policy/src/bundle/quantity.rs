//! Amounts as people write them: memory, lengths of time, shares.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// A number of bytes: `65536`, `64KiB`, `16MiB`, `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(
    /// How many.
    pub usize,
);

/// A length of time: `50ms`, `2s`, `1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(
    /// How long.
    pub Duration,
);

/// A share of all, in hundredths of a percent, at most 10,000: `10%`, `0.25%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(pub u32);

pub(super) fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

pub(super) fn share(text: &str) -> Option<u32> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 2 {
        return None;
    }
    let hundredths = part.parse::<u32>().ok()? * if part.len() == 1 { 10 } else { 1 };
    Some(whole.parse::<u32>().ok()? * 100 + hundredths).filter(|share| *share <= 10_000)
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        quantity(&text, &[("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)])
            .and_then(|n| usize::try_from(n).ok())
            .map(Bytes)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an amount of memory; write it as 16MiB")))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        quantity(&text, &[("ms", 1), ("s", 1000), ("m", 60_000)])
            .map(|n| Span(Duration::from_millis(n)))
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a length of time; write it as 50ms or 2s")))
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        share(&text).map(Share).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is not a share; write it as 10% or 0.25%, at most two digits after the point"))
        })
    }
}

/// A text of a form, as the published schema tells editors.
macro_rules! text_of_a_form {
    ($type:ty, $name:literal, $pattern:literal, $examples:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                // YAML has a number without a unit as a number, and it is taken as its text.
                json_schema!({ "type": ["string", "integer"], "pattern": $pattern, "examples": $examples })
            }
        }
    };
}

text_of_a_form!(Bytes, "Bytes", r"^[0-9]+ *(KiB|MiB|GiB)?$", ["16MiB"]);
text_of_a_form!(Span, "Span", r"^[0-9]+ *(ms|s|m)$", ["50ms", "2s"]);
text_of_a_form!(Share, "Share", r"^[0-9]{1,3}(\.[0-9]{1,2})?%$", ["10%"]);

#[cfg(test)]
mod tests;
