//! Memory does not grow with the bytes that pass. Linux only: the kernel keeps the high-water mark.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use masking::{CompiledPlan, Encoding, MaskRule, Masker, Plan, TokenKey};
use std::sync::Arc;

/// Most resident memory so far, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_list_of_200_mb_costs_less_than_16_mb() {
    let rule = |name: &str, path: &str, encoding| MaskRule { name: name.into(), paths: vec![path.into()], encoding, ..MaskRule::default() };
    let names = MaskRule { names: Some("PASSWORD".into()), ..rule("env", "/spec/**/env/*/value", Encoding::Text) };
    let embedded = vec!["/metadata/annotations/last".to_owned()];
    let plan = CompiledPlan::compile(&Plan { rules: vec![rule("data", "/data/*", Encoding::Base64), names, MaskRule { patterns: vec!["detector:jwt".into()], ..MaskRule { name: "jwt".into(), ..MaskRule::default() } }], embedded }).unwrap();
    let mut masker = Masker::new(Arc::new(plan), Arc::new(TokenKey::new([1; 32])));

    let data = "QUJD".repeat(50_000);
    let mut item = format!(r#","metadata":{{"annotations":{{"last":"{{\"data\":{{\"a\":\"{data}\"}}}}"}}}},"data":{{"a":"{data}"}},"#);
    item.push_str(r#""spec":{"env":[{"value":"x","name":"LEVEL"},{"value":"hunter2","name":"PASSWORD"}]}}"#);
    let mut out = Vec::with_capacity(1 << 20);
    let before = peak();
    let (mut passed, mut n) = (0_u64, 0_u64);
    masker.push(br#"{"items":["#, &mut out).unwrap();
    while passed < 200 << 20 {
        let start = format!(r#"{}{{"n":{n}"#, if n == 0 { "" } else { "," });
        for part in std::iter::once(start.as_bytes()).chain(item.as_bytes().chunks(64 << 10)) {
            passed += part.len() as u64;
            out.clear();
            masker.push(part, &mut out).unwrap();
        }
        n += 1;
    }
    out.clear();
    masker.push(b"]}", &mut out).unwrap();
    let summary = masker.finish(&mut out).unwrap();
    assert_eq!((summary.documents, summary.rules["env"], summary.rules["data"]), (1, n, 2 * n));
    let grown = peak() - before;
    assert!(grown < 16 << 10, "{grown} KiB more for {passed} bytes");
}
