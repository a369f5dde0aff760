use super::*;
use crate::{Action, MaskRule, Plan};

fn rule(patterns: &[&str]) -> MaskRule {
    MaskRule { name: "r".into(), patterns: patterns.iter().map(|p| (*p).into()).collect(), ..MaskRule::default() }
}

fn masker(rules: Vec<MaskRule>) -> TextMasker {
    let plan = CompiledPlan::compile(&Plan { rules, embedded: Vec::new() }).expect("a plan");
    TextMasker::new(Arc::new(plan), Arc::new(TokenKey::new([7; 32])))
}

fn run(rules: &[MaskRule], chunks: &[&[u8]]) -> (Vec<u8>, Summary) {
    let mut masker = masker(rules.to_vec());
    let mut out = Vec::new();
    chunks.iter().for_each(|chunk| masker.push(chunk, &mut out));
    let summary = masker.finish(&mut out);
    (out, summary)
}

fn token(secret: &str) -> String {
    TokenKey::new([7; 32]).token(secret.as_bytes())
}

#[test]
fn lines_are_masked_whatever_the_cuts() {
    let rules = [rule(&["detector:basic-auth-in-url", "hunter\\d"])];
    let text = b"start\nurl=postgres://app:pw@db hunter2 \xff\r\n\nlast hunter3";
    let expected = [format!("start\nurl=postgres://app:{}@db {} ", token("pw"), token("hunter2")).as_bytes(), b"\xff\r\n\nlast ", token("hunter3").as_bytes()].concat();
    let (whole, summary) = run(&rules, &[text]);
    assert_eq!(String::from_utf8_lossy(&whole), String::from_utf8_lossy(&expected));
    assert_eq!(whole, expected);
    assert_eq!((summary.masked, summary.rules), (2, [("r".to_owned(), 2)].into()));
    for at in 0..text.len() {
        assert_eq!(run(&rules, &[&text[..at], &text[at..]]).0, expected, "cut at {at}");
    }
    assert_eq!(run(&rules, &text.chunks(1).collect::<Vec<_>>()).0, expected);
}

#[test]
fn a_complete_line_is_not_held_back() {
    let mut masker = masker(vec![rule(&["hunter2"])]);
    let mut out = Vec::new();
    masker.push(b"one\ntw", &mut out);
    assert_eq!(out, b"one\n");
    masker.push(b"o\n", &mut out);
    assert_eq!(out, b"one\ntwo\n");
}

#[test]
fn rules_for_places_do_not_concern_text() {
    let placed = MaskRule { paths: vec!["/data/*".into()], ..rule(&[]) };
    let named = MaskRule { names: Some("x".into()), ..rule(&[]) };
    assert_eq!(run(&[placed, named], &[b"no newline yet"]), (b"no newline yet".to_vec(), Summary::default()));
}

#[test]
fn a_rule_without_patterns_masks_every_line() {
    let redact = MaskRule { action: Action::Redact, ..rule(&[]) };
    assert_eq!(run(&[redact], &[b"a\nb"]).0, b"masked\nmasked");
}

#[test]
fn a_line_past_the_limit_is_redacted_unseen() {
    for chunk in [1000, usize::MAX] {
        for (length, seen) in [(TextMasker::LINE_LIMIT, true), (TextMasker::LINE_LIMIT + 1, false), (3 * TextMasker::LINE_LIMIT, false)] {
            let line = "x".repeat(length);
            let text = format!("a\n{line}\nb\n{line}");
            let shown = if seen { &line } else { "masked" };
            let (out, _) = run(&[rule(&["hunter2"])], &text.as_bytes().chunks(chunk).collect::<Vec<_>>());
            assert!(out == format!("a\n{shown}\nb\n{shown}").as_bytes(), "{length} in chunks of {chunk}");
        }
    }
}

#[test]
fn a_private_key_over_several_lines_is_masked() {
    let rules = [MaskRule { action: Action::Redact, ..rule(&["detector:private-key"]) }];
    let text = b"before\nkey: -----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nAwEHoUQD\n-----END EC PRIVATE KEY-----\nafter\n";
    let (out, summary) = run(&rules, &[text]);
    assert_eq!(String::from_utf8_lossy(&out), "before\nkey: masked\nmasked\nmasked\nmasked\nafter\n");
    assert_eq!(summary.masked, 4);
    let one_line = b"-----BEGIN PRIVATE KEY-----\\nMHcC\\n-----END PRIVATE KEY----- after\nnext\n";
    assert_eq!(String::from_utf8_lossy(&run(&rules, &[one_line]).0), "masked after\nnext\n");
    let endless = format!("-----BEGIN PRIVATE KEY-----\n{}", "line\n".repeat(TextMasker::KEY_LINES + 2));
    let (out, _) = run(&rules, &[endless.as_bytes()]);
    assert!(out.ends_with(b"masked\nline\nline\n"));
}
