//! What a plain scalar means, by the rules of go-yaml 2 (`resolve.go`).

use crate::Json;
use crate::json::double;

/// What a plain scalar is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// One thing to every reader.
    Is(Json),
    /// `<<`
    Merge,
    /// A boolean of YAML 1.1 only, a number in a notation that readers differ about, or one that JSON does not have.
    Ambiguous,
}

pub(super) fn resolve(text: &str) -> Plain {
    match text {
        "true" | "True" | "TRUE" => return Plain::Is(Json::Bool(true)),
        "false" | "False" | "FALSE" => return Plain::Is(Json::Bool(false)),
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Is(Json::Null),
        "<<" => return Plain::Merge,
        _ => {}
    }
    // `[?a]` is a text in YAML 1.2, and to go-yaml a key without a value.
    if text.starts_with(['?', ':']) {
        return Plain::Ambiguous;
    }
    // go-yaml knows them in three spellings each; in others nobody should have to know whether it does.
    if ["y", "n", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Plain::Ambiguous;
    }
    match number(text) {
        Some(json) => Plain::Is(json),
        None if looks_like_a_number(text) => Plain::Ambiguous,
        None => Plain::Is(Json::String(text.to_owned())),
    }
}

/// A decimal number as JSON writes it. Integers keep their digits, and fit into 64 bits; what has a fraction or an
/// exponent is what Go's JSON makes of it, `1` for `1.0`.
fn number(text: &str) -> Option<Json> {
    let Ok(Json::Number(number)) = Json::parse(text.as_bytes()) else { return None };
    if number.contains(['.', 'e', 'E']) {
        // Nothing with a sign would be sent as `-0`, which YAML reads as the integer.
        return double(number.parse().ok()?).filter(|number| number != "-0").map(Json::Number);
    }
    let fits = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    // There is no integer that is less than nothing and zero.
    let number = if number == "-0" { "0".to_owned() } else { number };
    fits.then_some(Json::Number(number))
}

/// Whether go-yaml, or a reader of another version of YAML, might see a number in it: octal, hexadecimal and binary
/// ones, underscores between digits, signs, a point without a digit on one side, infinity, too many digits.
fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.replace('_', "").to_ascii_lowercase();
    if matches!(digits.as_str(), ".inf" | ".nan") {
        return true;
    }
    let based = |digits: &str, base: u32| !digits.is_empty() && digits.chars().all(|c| c.is_digit(base));
    let in_base = digits.strip_prefix("0x").is_some_and(|digits| based(digits, 16))
        || digits.strip_prefix("0o").is_some_and(|digits| based(digits, 8))
        || digits.strip_prefix("0b").is_some_and(|rest| based(rest.trim_start_matches(['+', '-']), 2));
    in_base || is_decimal(&digits)
}

/// go-yaml's `yamlStyleFloat` without its sign.
fn is_decimal(text: &str) -> bool {
    let (number, exponent) = match text.split_once('e') {
        Some((number, exponent)) => (number, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let of_number = all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    of_number && exponent.is_none_or(|exponent| !exponent.is_empty() && all_digits(exponent))
}
