use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    #[serde(default)]
    most: Option<u32>,
    #[serde(default)]
    then: Then,
    #[serde(default)]
    by: BTreeMap<u16, Vec<(i8, bool)>>,
    #[serde(default)]
    share: f64,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Then {
    #[default]
    Deny,
    Hold(u8),
    Route {
        to: String,
    },
    Both(u8, u8),
}

/// Tagged, untagged and flattened types are kept by serde itself and read twice.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    One { value: Untagged },
    Two(HashMap<String, char>),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Words(Vec<String>),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Deserialize)]
struct Newtype(Option<Unit>);

/// What both readers say, as far as they have to agree: the value, or that there is none.
fn both<T: DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str) {
    match (from_str::<T>(text), serde_json::from_str::<T>(text)) {
        (Ok(here), Ok(there)) => assert_eq!(here, there, "{text}"),
        (Err(_), Err(_)) => {}
        (here, there) => panic!("{text}: {here:?} but serde_json {there:?}"),
    }
}

/// With all numbers that have a fraction rounded: serde_json takes a neighbour of some, and this reader never does.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => Value::String(format!("{:.12e}", number.as_f64().unwrap())),
        Value::Array(items) => items.into_iter().map(rounded).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, rounded(value))).collect(),
        other => other,
    }
}

fn both_values(text: &str) {
    match (from_str::<Value>(text), serde_json::from_str::<Value>(text)) {
        (Ok(here), Ok(there)) => assert_eq!(rounded(here), rounded(there), "{text}"),
        (Err(_), Err(_)) => {}
        (here, there) => panic!("{text}: {here:?} but serde_json {there:?}"),
    }
}

#[test]
fn values_are_those_of_serde_json() {
    for text in [
        r#"{"name":"a"}"#,
        r#" { "name" : "a" , "most" : 3 , "then" : "deny" } "#,
        r#"{"name":"a","most":null,"then":{"hold":7}}"#,
        r#"{"name":"a","then":{"route":{"to":"b"}}}"#,
        r#"{"name":"a","then":{"both":[1,2]}}"#,
        r#"{"name":"a","then":{"deny":null}}"#,
        r#"{"name":"a","then":{"hold":7,"deny":null}}"#,
        r#"{"name":"a","then":{}}"#,
        r#"{"name":"a","then":7}"#,
        r#"{"name":"a","by":{"7":[[1,true],[-1,false]]}}"#,
        r#"{"name":"a","by":{"x":[]}}"#,
        r#"{"name":"a","by":{"70000":[]}}"#,
        r#"{"name":"a","share":0.5}"#,
        r#"{"name":"a","share":-3}"#,
        r#"{"name":"a","share":1e400}"#,
        r#"{"name":"a","name":"b"}"#,
        r#"{"name":"a","other":1}"#,
        r#"{"name":"a","most":-1}"#,
        r#"{"name":"a","most":1.0}"#,
        r#"{"name":"a","most":-0}"#,
        r#"{"name":"a","most":4294967296}"#,
        r#"{"name":1}"#,
        "{}",
        "",
    ] {
        both::<Rule>(text);
    }
    for text in [r#"{"kind":"One","value":3}"#, r#"{"value":["a","\n"],"kind":"One"}"#, r#"{"kind":"Two","a":"\u00e9"}"#, r#"{"kind":"Two","a":"ab"}"#, r#"{"kind":"Three"}"#, r#"{"kind":"One","value":{}}"#] {
        both::<Tagged>(text);
    }
    for text in ["null", "[]", "0"] {
        both::<Newtype>(text);
    }
    for text in [r#""\ud83d\ude00""#, r#""\ud83d""#, r#""\ud83dx""#, r#""\ude00""#, r#""\u00""#, r#""\x""#, r#""a"#, "\"\u{1}\"", r#""\"\\\/\b\f\n\r\t""#] {
        both::<String>(text);
    }
    for text in ["-0", "00", "01", "-", "1.", ".5", "1e", "1e+", "1e+5", "1E-5", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "18446744073709551616", "1 2", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "nul", "nulll", "tru", "[", "{", "]"] {
        both_values(text);
        both::<i64>(text);
        both::<Vec<u8>>(text);
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(from_str::<Value>(&nested(127)).is_ok());
    assert!(from_str::<Value>(&nested(200_000)).is_err());
    assert!(from_str::<serde::de::IgnoredAny>(&nested(200_000)).is_err());
}

#[test]
fn errors_are_sentences() {
    for (text, sentence) in [
        (r#"{"most":3}"#, "missing field `name`"),
        (r#"{"name":"a","least":1}"#, "unknown field `least`, expected one of `name`, `most`, `then`, `by`, `share`"),
        (r#"{"name":"a","most":"x"}"#, "invalid type: string \"x\", expected u32"),
        (r#"{"name":"a","most":1.5}"#, "invalid type: a number with a fraction, expected u32"),
        (r#"{"name":"a","most":-1}"#, "invalid value: integer `-1`, expected u32"),
        (r#"{"name":["a"]}"#, "invalid type: a list, expected a string"),
        (r#"{"name":null}"#, "invalid type: null, expected a string"),
        (r#"{"name":"a","then":"allow"}"#, "unknown variant `allow`, expected one of `deny`, `hold`, `route`, `both`"),
        (r#"{"name":"a""#, "the JSON ends too early"),
    ] {
        assert_eq!(from_str::<Rule>(text).expect_err(text).to_string(), sentence, "{text}");
    }
}

/// JSON of every kind, as text.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        // Few digits: serde_json rounds others to a neighbour.
        (-9_000_000_i64..9_000_000, -10_i32..10).prop_map(|(digits, exponent)| format!("{digits}e{exponent}")),
        ".{0,8}".prop_map(|text| Value::String(text).to_string()),
        r#""(\\u[0-9a-f]{4}|\\[nrtbf"\\/]|[a-z]){0,4}""#,
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec((".{0,4}", inner), 0..5)
                .prop_map(|members| format!("{{{}}}", members.into_iter().map(|(key, value)| format!("{} : {value}", Value::String(key))).collect::<Vec<_>>().join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn every_text_is_read_as_serde_json_reads_it(text in json()) {
        both_values(&text);
        both::<Vec<Option<String>>>(&text);
        both::<BTreeMap<String, i32>>(&text);
    }

    #[test]
    fn so_is_what_is_almost_json(text in json(), at in any::<prop::sample::Index>(), with in r#"[\[\]{},:"\\0-9a-z. -]{0,2}"#) {
        let mut text: Vec<char> = text.chars().collect();
        let at = at.index(text.len());
        text.splice(at..=at, with.chars());
        both_values(&text.into_iter().collect::<String>());
    }

    #[test]
    fn nothing_panics(text in ".{0,40}") {
        both_values(&text);
    }
}
