//! Bodies in YAML, and in JSON under its name.

use kube_request::json::MAX_DEPTH;
use kube_request::{Json, YamlError};

use crate::weight::Weight;

/// What is read is one thing to every reader: as JSON, as YAML in another style, and beside JSON's own reader.
pub fn check(input: &[u8]) {
    let json = Json::parse(input).ok();
    let yaml = Json::from_yaml(input);
    if let Some(json) = &json {
        check_json(json, input);
    }
    let Ok(yaml) = yaml else { return };
    if let Some(json) = &json {
        assert!(is_same(json, &yaml), "JSON says {json}, and YAML {yaml}");
    }
    check_written(&yaml);
    check_refused(&yaml, input);
    // Without an alias nothing is there more than once.
    if !input.contains(&b'*') {
        Weight::assert_within(&yaml, input.len(), 1, 24);
    }
}

/// What JSON's reader takes is JSON to another one too, and is written as what it is.
fn check_json(json: &Json, input: &[u8]) {
    let other = serde_json::from_slice::<serde::de::IgnoredAny>(input);
    assert!(other.is_ok(), "no JSON to another reader: {other:?}");
    assert_eq!(Json::parse(json.to_string().as_bytes()).as_ref(), Ok(json), "{json} is read as something else");
    Weight::assert_within(json, input.len(), 1, 1);
}

/// The same value, but that YAML writes its numbers as Go does: `1` for `1.0`, and `0` for `-0`.
fn is_same(json: &Json, yaml: &Json) -> bool {
    match (json, yaml) {
        (Json::Number(one), Json::Number(other)) => {
            let whole = |text: &str| !text.contains(['.', 'e', 'E']) && text != "-0";
            if whole(one) { one == other } else { one.parse::<f64>().ok() == other.parse::<f64>().ok() }
        }
        (Json::Array(one), Json::Array(other)) => one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other)),
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|((key, one), (of, other))| key == of && is_same(one, other))
        }
        _ => json == yaml,
    }
}

/// Read again as JSON it is equal; read again as YAML too, compact as it is sent and in blocks as people write it.
fn check_written(yaml: &Json) {
    let text = yaml.to_string();
    assert_eq!(Json::parse(text.as_bytes()).as_ref(), Ok(yaml), "{text} is read as something else by JSON's reader");
    // YAML knows no keys of more than 1024 characters.
    if has_long_key(yaml) {
        return;
    }
    let again = Json::from_yaml(text.as_bytes());
    // `1e20` is written with all its digits, as Go does, and so many are refused.
    if matches!(again, Err(YamlError::Ambiguous { .. })) {
        return;
    }
    assert_eq!(again.as_ref(), Ok(yaml), "{text} is read as something else by YAML's reader");
    let mut blocks = String::new();
    block(yaml, 0, &mut blocks);
    assert_eq!(Json::from_yaml(blocks.as_bytes()).as_ref(), Ok(yaml), "in blocks it is read as something else:\n{blocks}");
}

fn has_long_key(json: &Json) -> bool {
    match json {
        Json::Array(items) => items.iter().any(has_long_key),
        Json::Object(members) => members.iter().any(|(key, value)| key.len() > 150 || has_long_key(value)),
        _ => false,
    }
}

/// In block style: a line for each member and item.
fn block(json: &Json, indent: usize, out: &mut String) {
    let line = |out: &mut String| out.push_str(&format!("\n{}", " ".repeat(indent)));
    match json {
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                line(out);
                out.push_str("- ");
                block(item, indent + 1, out);
            }
        }
        Json::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                line(out);
                out.push_str(&Json::String(key.clone()).to_string());
                out.push_str(": ");
                block(value, indent + 1, out);
            }
        }
        other => other.write(out),
    }
}

/// What has more than one reading stays refused, whatever document it is put to.
fn check_refused(yaml: &Json, input: &[u8]) {
    let with = |before: &str, after: &str| Json::from_yaml(&[before.as_bytes(), input, after.as_bytes()].concat());
    assert!(with("!!str ", "").is_err() && with("! ", "").is_err(), "a tag is taken");
    assert!(with("%YAML 1.1\n---\n", "").is_err(), "a directive is taken");
    assert!(with("", "\n---\nx: 1\n").is_err(), "a second document is taken");
    let flow = |before: &str, after: &str| Json::from_yaml(format!("{before}{yaml}{after}").as_bytes());
    assert!(flow("{<<: ", "}").is_err(), "a merge is taken");
    assert!(flow("{\"a\": ", ", a: 1}").is_err(), "a key is taken twice");
    assert!(flow("&a [", ", *a]").is_err(), "an alias within itself is taken");
    assert!(flow("[", ", *a]").is_err(), "an alias of nothing is taken");
    if !has_long_key(yaml) && Weight::of(yaml).depth < MAX_DEPTH {
        let twice = Json::Array(vec![yaml.clone(), yaml.clone()]);
        let read = flow("[&a ", ", *a]");
        assert!(read == Ok(twice) || matches!(read, Err(YamlError::Ambiguous { .. })), "an alias is not what it stands for: {read:?}");
    }
}
