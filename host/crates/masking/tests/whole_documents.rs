//! The streaming masker against the naive one, over documents and plans made at random.
#![allow(clippy::unwrap_used)]

mod support;

use masking::{Action, CompiledPlan, Encoding, MaskError, MaskRule, Masker, Plan, Summary, TokenKey};
use proptest::prelude::*;
use std::sync::Arc;
use support::naive::Naive;
use support::{Odd, Tree};

const KEYS: [&str; 14] = ["data", "items", "object", "rows", "metadata", "annotations", "a/b~c", "env", "name", "value", "spec", "password", "0", "ключ"];
const TEXTS: [&str; 14] = ["hunter2", "PASSWORD", "aHVudGVyMg==", "user", "", "x\"y\\z\n", "ünïcödé 🦀", "secretsecret", "a-hunter2-b", "crethunt", "maske", "AKIAIOSFODNN7EXAMPLE", "x: AKIAIOSFODNN7EXAMPLE, AKIA", "{\"data\":"];

fn key() -> Arc<TokenKey> {
    Arc::new(TokenKey::new(*b"0123456789abcdef0123456789abcdef"))
}

fn tree() -> impl Strategy<Value = Tree> {
    let scalar = prop_oneof![
        6 => prop::sample::select(&TEXTS[..]).prop_map(|text| Tree::String(text.to_owned())),
        1 => Just(Tree::Null),
        1 => any::<bool>().prop_map(Tree::Bool),
        2 => prop::sample::select(&["0", "-1.5e+10", "123456789012345678901234567890", "7"][..]).prop_map(|text| Tree::Number(text.to_owned())),
    ];
    scalar.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::Array),
            5 => prop::collection::vec((prop::sample::select(&KEYS[..]), inner.clone()), 0..6).prop_map(object),
            1 => prop::collection::vec((prop::sample::select(&KEYS[..]), inner), 0..4).prop_map(|fields| Tree::String(object(fields).compact())),
        ]
    })
}

/// Keys may repeat, but `name` may not: where it decides, that is an error by itself.
fn object(fields: Vec<(&str, Tree)>) -> Tree {
    let mut named = false;
    let fields = fields.into_iter().filter(|(key, _)| *key != "name" || !std::mem::replace(&mut named, true));
    Tree::Object(fields.map(|(key, value)| (key.to_owned(), value)).collect())
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        4 => prop::sample::select(&KEYS[..]).prop_map(|key| key.replace('~', "~0").replace('/', "~1")),
        2 => Just("*".to_owned()),
        1 => Just("**".to_owned()),
    ];
    prop::collection::vec(segment, 0..4).prop_map(|parts| parts.iter().map(|part| format!("/{part}")).collect())
}

fn rule() -> impl Strategy<Value = MaskRule> {
    let paths = prop_oneof![4 => prop::collection::vec(path(), 1..3), 1 => Just(Vec::new())];
    let names = prop::option::weighted(0.4, prop::sample::select(&["PASS", "pass", "a", "e"][..]).prop_map(str::to_owned));
    let patterns = prop::collection::vec(prop::sample::select(&["hunter2", "secret", "er2", "creth", "r", "1", "na"][..]).prop_map(str::to_owned), 0..3);
    let patterns = prop_oneof![2 => Just(Vec::new()), 2 => patterns, 1 => Just(vec!["detector:aws-access-key-id".to_owned()])];
    let encoding = prop_oneof![3 => Just(Encoding::Text), 1 => Just(Encoding::Base64)];
    let action = prop_oneof![4 => Just(Action::Token), 1 => Just(Action::Redact), 1 => Just(Action::Inspect)];
    (paths, names, patterns, encoding, action).prop_map(|(paths, names, patterns, encoding, action)| MaskRule { name: "rule".into(), paths, names, patterns, encoding, action })
}

fn plan() -> impl Strategy<Value = Plan> {
    (prop::collection::vec(rule(), 0..4), prop::collection::vec(path(), 0..2)).prop_map(|(rules, embedded)| Plan { rules, embedded })
}

fn run(plan: &Arc<CompiledPlan>, chunks: &[&[u8]]) -> Result<(Vec<u8>, Summary), MaskError> {
    let mut masker = Masker::new(Arc::clone(plan), key());
    let mut out = Vec::new();
    for chunk in chunks {
        masker.push(chunk, &mut out)?;
    }
    let summary = masker.finish(&mut out)?;
    Ok((out, summary))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn the_stream_gives_what_the_tree_gives(tree in tree(), plan in plan(), seed in any::<u64>()) {
        let compiled = Arc::new(CompiledPlan::compile(&plan).unwrap());
        let mut text = String::new();
        tree.write(&mut Odd::new(seed), &mut text);
        let (out, summary) = run(&compiled, &[text.as_bytes()]).unwrap();
        let expected = Naive { plan: &plan, key: &key() }.mask(&tree);
        let Some(got) = Tree::parse(&out) else { panic!("no JSON: {}", String::from_utf8_lossy(&out)) };
        prop_assert_eq!(got.unfolded(), expected.unfolded(), "from {}", text);
        prop_assert_eq!(summary.documents, 1);
        prop_assert_eq!(summary.masked == 0, out == text.as_bytes(), "{:?}", summary);
    }

    #[test]
    fn any_cut_gives_the_same(tree in tree(), plan in plan(), seed in any::<u64>()) {
        let compiled = Arc::new(CompiledPlan::compile(&plan).unwrap());
        let mut odd = Odd::new(seed);
        let mut text = String::new();
        tree.write(&mut odd, &mut text);
        text.push('\n');
        let bytes = text.as_bytes();
        let whole = run(&compiled, &[bytes]).unwrap();
        for at in 0..=bytes.len() {
            prop_assert_eq!(&run(&compiled, &[&bytes[..at], &bytes[at..]]).unwrap(), &whole, "cut at {} of {}", at, text);
        }
        let ones: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&run(&compiled, &ones).unwrap(), &whole, "byte by byte");
        let (mut pieces, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + odd.next(9) as usize).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(&run(&compiled, &pieces).unwrap(), &whole, "in pieces");
    }

    #[test]
    fn a_frame_is_never_held_back(tree in tree(), plan in plan()) {
        let tree = if matches!(tree, Tree::Object(_)) { tree } else { object(vec![("object", tree)]) };
        let compiled = Arc::new(CompiledPlan::compile(&plan).unwrap());
        let mut masker = Masker::new(compiled, key());
        let text = tree.compact();
        let expected = Naive { plan: &plan, key: &key() }.mask(&tree).unfolded();
        for frame in 1..4 {
            let mut out = Vec::new();
            masker.push(text.as_bytes(), &mut out).unwrap();
            prop_assert_eq!(Tree::parse(&out).map(|tree| tree.unfolded()), Some(expected.clone()));
            masker.push(b"\n", &mut out).unwrap();
            prop_assert_eq!(masker.summary().documents, frame);
        }
    }

    /// What the oracle refuses is refused, and what it takes is taken, whatever the cuts.
    #[test]
    fn only_json_passes(tree in tree(), seed in any::<u64>(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..3)) {
        let mut text = String::new();
        tree.write(&mut Odd::new(seed), &mut text);
        let mut bytes = text.into_bytes();
        for (at, byte, kind) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\"\\{}[],:0u-e. \x01\xff"[byte as usize % 16]),
            }
        }
        // serde_json wants one document and takes what RFC 8259 takes, but for half surrogates, which Kubernetes'
        // decoder takes too.
        let valid = std::str::from_utf8(&bytes).is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
        let plan = Arc::new(CompiledPlan::compile(&Plan::default()).unwrap());
        let got = run(&plan, &[&bytes]);
        let one = matches!(&got, Ok((_, summary)) if summary.documents == 1);
        let halved = String::from_utf8_lossy(&bytes).to_lowercase().contains("\\ud");
        if !halved {
            prop_assert_eq!(one, valid, "{}: {:?}", String::from_utf8_lossy(&bytes), got);
        }
        if let Ok((out, _)) = &got {
            prop_assert_eq!(out, &bytes);
        }
        let ones: Vec<&[u8]> = bytes.chunks(1).collect();
        // Which of several faults is named may depend on the cuts; whether there is one may not.
        prop_assert_eq!(run(&plan, &ones).ok(), got.ok());
    }
}
