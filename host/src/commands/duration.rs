//! Lengths and points of time as people type them.

use jiff::{SignedDuration, Timestamp};

/// Why a length of time cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no length of time; write it as 90s, 30m, 1h30m or 7d")]
pub struct DurationError(String);

/// Why a point of time cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no time; write it as 2026-11-22T14:30:00Z, or as a length of time before now: 15m, 2h, 7d")]
pub struct TimeError(String);

/// Seconds, from `30m`, `1h30m`, `7d`: one second to a hundred years.
///
/// # Errors
/// When it is none.
pub fn seconds(text: &str) -> Result<u32, DurationError> {
    let wrong = || DurationError(text.to_owned());
    let mut total: u32 = 0;
    let mut number: Option<u32> = None;
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(digit)).ok_or_else(wrong)?);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        let part = number.take().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
    }
    if number.is_some() || total == 0 { Err(wrong()) } else { Ok(total) }
}

/// A point of time: RFC 3339, or so long before now.
///
/// # Errors
/// When it is neither.
pub fn time(text: &str) -> Result<Timestamp, TimeError> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let before = seconds(text).map_err(|_| TimeError(text.to_owned()))?;
    Timestamp::now().checked_sub(SignedDuration::from_secs(i64::from(before))).map_err(|_| TimeError(text.to_owned()))
}

#[cfg(test)]
mod tests;
