//! Bodies in Kubernetes' protobuf.
//!
//! The first byte of an input says what the rest is: `k` the body itself, as it begins; anything else a programme
//! that writes a body with all its lengths right, which a fuzzer that changes single bytes would seldom do.

use kube_request::json::MAX_VALUES;
use kube_request::{Json, MAX_BODY};

use crate::input::Input;
use crate::weight::Weight;

/// A body that is understood is JSON, of bounded size, whatever the order of its fields; what is said twice is refused.
pub fn check(input: &[u8]) {
    let body = if input.first() == Some(&b'k') { input.to_vec() } else { written(&mut Input::new(input)) };
    let Ok(json) = Json::from_protobuf(&body) else { return };
    check_json(&json, body.len());
    let (meta, raw) = opened(&body).expect("what was understood can be taken apart");
    for key in ["kind", "apiVersion"] {
        assert!(json.get(key).and_then(Json::as_str).is_some(), "no {key} in {json}");
    }
    check_order(&json, meta, raw);
    check_twice(&json, meta, raw);
    assert!(Json::from_protobuf(&[&body[..], &body[4..]].concat()).is_err(), "two objects in one envelope");
    assert!(Json::from_protobuf(&body[..body.len() - 1]).as_ref() != Ok(&json) || body.ends_with(&[0]), "cut off, and still the same");
}

/// It is written and read again as the same, holds nothing twice, and no more than so much for each byte of the body.
fn check_json(json: &Json, length: usize) {
    let text = json.to_string();
    assert_eq!(Json::parse(text.as_bytes()).as_ref(), Ok(json), "{text} is read as something else");
    let weight = Weight::of(json);
    assert!(weight.values <= MAX_VALUES && weight.text <= 2 * MAX_BODY, "{weight:?}");
    // Two bytes are an empty message in a list, and Kubernetes writes some members of an empty message.
    Weight::assert_within(json, length, 16, 96);
}

/// The order of different fields says nothing.
fn check_order(json: &Json, meta: &[u8], raw: &[u8]) {
    let mut fields = split(raw).expect("what was understood can be taken apart");
    fields.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let turned: Vec<u8> = fields.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    assert_eq!(Json::from_protobuf(&enveloped(meta, &turned)).as_ref(), Ok(json), "the order of the fields counts");
    // And the object may come before its kind.
    let parts = [bytes(2, raw), bytes(1, meta)].concat();
    assert_eq!(Json::from_protobuf(&[&b"k8s\0"[..], &parts].concat()).as_ref(), Ok(json), "the order of the envelope counts");
}

/// A field that comes again is refused, or it is one of a list that is then longer.
fn check_twice(json: &Json, meta: &[u8], raw: &[u8]) {
    for (_, field) in split(raw).unwrap_or_default() {
        let Ok(twice) = Json::from_protobuf(&enveloped(meta, &[raw, field].concat())) else { continue };
        let members = |json: &Json| json.as_object().map(<[_]>::to_vec).unwrap_or_default();
        let (once, twice) = (members(json), members(&twice));
        let same_keys = once.iter().map(|(key, _)| key).eq(twice.iter().map(|(key, _)| key));
        assert!(same_keys, "a field that came again changed the members of {json}");
        for ((key, one), (_, two)) in once.iter().zip(&twice) {
            let longer = one.as_array().zip(two.as_array()).is_some_and(|(one, two)| two.starts_with(one));
            assert!(one == two || longer, "of two {key} one counts: {one} and then {two}");
        }
    }
}

/// The kind and the object of a body that was understood.
fn opened(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let fields = split(body.get(4..)?)?;
    let inner = |number: u64| {
        let mut field = fields.iter().find(|(of, _)| *of == number)?.1;
        varint(&mut field)?;
        varint(&mut field)?;
        Some(field)
    };
    Some((inner(1)?, inner(2)?))
}

/// The fields of a message: their numbers, and their bytes with the number in front.
fn split(mut rest: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let begin = rest;
        let tag = varint(&mut rest)?;
        match tag & 7 {
            0 => drop(varint(&mut rest)?),
            1 => rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                rest = rest.get(length..)?;
            }
            _ => return None,
        }
        fields.push((tag >> 3, &begin[..begin.len() - rest.len()]));
    }
    Some(fields)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn number(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
    out
}

fn bytes(of: u64, inner: &[u8]) -> Vec<u8> {
    [&number(of << 3 | 2), &number(inner.len() as u64), inner].concat()
}

fn enveloped(meta: &[u8], raw: &[u8]) -> Vec<u8> {
    [&b"k8s\0"[..], &bytes(1, meta), &bytes(2, raw)].concat()
}

/// Kinds whose messages have everything that the table knows: every form, shape and type.
const KINDS: [(&str, &str); 16] = [
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("v1", "Event"),
    ("v1", "PodList"),
    ("v1", "ResourceQuota"),
    ("v1", "PersistentVolume"),
    ("apps/v1", "Deployment"),
    ("batch/v1", "CronJob"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("coordination.k8s.io/v1", "Lease"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("example.com/v1", "DeleteOptions"),
];

/// The texts that mean something to some field.
const TEXTS: [&str; 12] = ["", "a", "1", "500m", "1Gi", "http", "{}", "[1,2.50]", "{\"a\":null}", "\"x\"", "null", "\u{e9}\u{2028}"];

/// A body by its programme.
fn written(input: &mut Input) -> Vec<u8> {
    let (api_version, kind) = input.pick(&KINDS);
    let raw = message(input, 0);
    enveloped(&[bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat(), &raw)
}

/// One field after the other, until the programme says that it is enough.
fn message(input: &mut Input, depth: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while !input.is_empty() {
        // Five bits of number, three of what it holds.
        let byte = input.byte();
        let of = match u64::from(byte >> 3) {
            31 => u64::from(input.number()),
            0 => return out,
            of => of,
        };
        match byte & 7 {
            0 => out.extend([number(of << 3), number(u64::from(input.byte()))].concat()),
            1 => out.extend([number(of << 3), number(i64::from(input.number().cast_signed()).cast_unsigned())].concat()),
            2 => out.extend([&number(of << 3 | 1)[..], &f64::from(input.number().cast_signed()).to_le_bytes()].concat()),
            3 => out.extend(bytes(of, input.pick(&TEXTS).as_bytes())),
            4 => out.extend(bytes(of, input.block())),
            5 => out.extend(number(of << 3 | 2)),
            // Far deeper than a body may be, and not as deep as this programme's own stack goes.
            _ if depth < 300 => out.extend(bytes(of, &message(input, depth + 1))),
            _ => {}
        }
    }
    out
}
