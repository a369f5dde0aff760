//! Types that write their JSON themselves.

use super::ProtobufError;
use super::object::Slot;
use super::table::{Form, Message};
use crate::Json;

/// 0001-01-01T00:00:00Z, which is Go's zero time and so null.
const ZERO_TIME: i64 = -62_135_596_800;
/// The years 0 to 9999, which RFC 3339 can say.
const TIMES: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// The JSON of a message that is no object.
pub(super) fn value(message: &Message, slots: Vec<Slot>) -> Result<Json, ProtobufError> {
    let wrong = |place: usize| ProtobufError::Value { message: message.name, field: message.fields.get(place).map_or("", |field| field.name) };
    let empty = slots.iter().all(|slot| matches!(slot, Slot::Absent));
    let mut values = slots.into_iter().map(|slot| match slot {
        Slot::One(value) => Some(value),
        Slot::Many(items) => Some(Json::Array(items)),
        Slot::Entries(_) | Slot::Flat(_) | Slot::Absent => None,
    });
    let mut next = || values.next().flatten();
    let text = match message.form {
        Form::Object => return Err(wrong(0)),
        Form::Bare => {
            let mut found = values.flatten();
            let first = found.next().unwrap_or(Json::Null);
            // Kubernetes would take the one and drop the other.
            return if found.next().is_some() { Err(wrong(1)) } else { Ok(first) };
        }
        Form::SchemaOrBool => {
            let (allows, schema) = (next(), next());
            return match (allows, schema) {
                (Some(Json::Bool(true)), Some(schema)) => Ok(schema),
                (_, Some(_)) => Err(wrong(0)),
                (allows, None) => Ok(allows.unwrap_or(Json::Bool(false))),
            };
        }
        Form::IntOrString => {
            let (kind, number, text) = (number(next()), next().unwrap_or_else(zero), next());
            return match (kind, text) {
                (0, None) => Ok(number),
                (0, Some(Json::String(text))) if text.is_empty() => Ok(number),
                (1, text) if number == zero() => Ok(text.unwrap_or_else(|| Json::String(String::new()))),
                _ => Err(wrong(0)),
            };
        }
        Form::Quantity => match next() {
            None => "0".to_owned(),
            Some(Json::String(text)) if is_quantity(&text) => text,
            Some(_) => return Err(wrong(0)),
        },
        Form::Duration => match number(next()) {
            i64::MIN => return Err(wrong(0)),
            nanoseconds => duration(nanoseconds),
        },
        Form::Time | Form::MicroTime => {
            let (seconds, nanoseconds) = (number(next()), number(next()));
            if empty {
                return Ok(Json::Null);
            }
            if !TIMES.contains(&seconds) {
                return Err(wrong(0));
            }
            if !(0..1_000_000_000).contains(&nanoseconds) {
                return Err(wrong(1));
            }
            // Parts of a second are dropped, and of a microsecond (`time_proto.go`, `micro_time_proto.go`).
            let micros = if message.form == Form::MicroTime { nanoseconds / 1000 } else { 0 };
            if seconds == ZERO_TIME && micros == 0 {
                return Ok(Json::Null);
            }
            let fraction = if message.form == Form::MicroTime { format!(".{micros:06}") } else { String::new() };
            format!("{}{fraction}Z", rfc3339(seconds))
        }
    };
    Ok(Json::String(text))
}

fn zero() -> Json {
    Json::Number("0".to_owned())
}

/// An integer, zero when it is not there.
fn number(value: Option<Json>) -> i64 {
    value.as_ref().and_then(Json::as_i64).unwrap_or(0)
}

/// The characters that a quantity is made of. Its grammar is the API server's to judge, which reads the same text
/// from either format as long as no space and no quotation mark is in it (`Quantity.UnmarshalJSON`).
fn is_quantity(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// `1h2m3.5s`, as Go's `Duration.String` prints it.
fn duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let all = nanoseconds.unsigned_abs();
    let (seconds, part) = (all / 1_000_000_000, all % 1_000_000_000);
    if seconds > 0 {
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let of_minutes = match (hours, minutes) {
            (0, 0) => String::new(),
            (0, minutes) => format!("{minutes}m"),
            (hours, minutes) => format!("{hours}h{minutes}m"),
        };
        return format!("{sign}{of_minutes}{}s", decimal(seconds % 60, part, 9));
    }
    match part {
        0 => "0s".to_owned(),
        1..1000 => format!("{sign}{part}ns"),
        1000..1_000_000 => format!("{sign}{}\u{b5}s", decimal(part / 1000, part % 1000, 3)),
        _ => format!("{sign}{}ms", decimal(part / 1_000_000, part % 1_000_000, 6)),
    }
}

/// A decimal number without zeros at its end.
fn decimal(whole: u64, part: u64, digits: usize) -> String {
    if part == 0 {
        return whole.to_string();
    }
    format!("{whole}.{part:0digits$}").trim_end_matches('0').to_owned()
}

/// `2006-01-02T15:04:05` of seconds since 1970 in UTC, for the years 0 to 9999.
fn rfc3339(seconds: i64) -> String {
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 1 March of the year 0, by cycles of 400 years: the leap day is then the last of its year.
    let since = days + 719_468;
    let (cycle, day) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
    let year = year + 400 * cycle;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
}
