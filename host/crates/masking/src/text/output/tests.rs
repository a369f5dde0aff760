use super::*;
use crate::{MaskRule, Plan};

fn masker(is_terminal: bool) -> OutputMasker {
    let rule = MaskRule { name: "r".into(), patterns: vec!["hunter\\d+".into()], ..MaskRule::default() };
    let plan = CompiledPlan::compile(&Plan { rules: vec![rule], embedded: Vec::new() }).expect("a plan");
    OutputMasker::new(Arc::new(plan), Arc::new(TokenKey::new([7; 32])), is_terminal)
}

fn token(secret: &str) -> String {
    TokenKey::new([7; 32]).token(secret.as_bytes())
}

/// Each chunk is followed by a pause in which the line under way is shown.
fn typed(chunks: &[&str]) -> String {
    let mut masker = masker(true);
    let mut out = Vec::new();
    for chunk in chunks {
        masker.push(chunk.as_bytes(), &mut out).expect("text");
        masker.flush(&mut out);
    }
    masker.finish(&mut out).expect("text");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_prompt_is_shown_and_the_line_goes_on() {
    assert_eq!(typed(&["/ # ", "l", "s\r\n", "bin\r\n/ # "]), "/ # ls\r\nbin\r\n/ # ");
}

#[test]
fn a_value_within_a_line_that_waited_is_masked() {
    assert_eq!(typed(&["the word is hunter2 ", "indeed\n"]), format!("the word is {} indeed\n", token("hunter2")));
}

#[test]
fn a_value_that_began_on_the_screen_is_not_finished_there() {
    assert_eq!(typed(&["say hun", "ter2 and more", "\nnext\n"]), "say hunmasked\nnext\n");
    assert_eq!(typed(&["say hunter1", "234\n"]), format!("say {}masked\n", token("hunter1")));
}

#[test]
fn what_the_cuts_are_does_not_matter_without_a_pause() {
    let text = b"one\ntwo hunter2\nthree hunter3";
    let expected = format!("one\ntwo {}\nthree {}", token("hunter2"), token("hunter3"));
    for at in 0..text.len() {
        let mut masker = masker(false);
        let mut out = Vec::new();
        masker.push(&text[..at], &mut out).expect("text");
        masker.push(&text[at..], &mut out).expect("text");
        masker.finish(&mut out).expect("text");
        assert_eq!(String::from_utf8_lossy(&out), expected, "cut at {at}");
    }
}

#[test]
fn an_archive_passes_byte_by_byte_or_not_at_all() {
    let clean: Vec<u8> = (0..3_000_000_u32).map(|n| if n % 700_000 < 600_000 { 0 } else { (n.wrapping_mul(2_654_435_761) >> 24) as u8 }).collect();
    let mut masker = masker(false);
    let mut out = Vec::new();
    for chunk in clean.chunks(30_000) {
        masker.push(chunk, &mut out).expect("nothing to mask");
        masker.flush(&mut out);
    }
    masker.finish(&mut out).expect("nothing to mask");
    assert!(out == clean, "{} of {} bytes", out.len(), clean.len());

    for at in [0, 500, 299_000, 640_000] {
        let mut bytes = clean[..700_000].to_vec();
        bytes[at..at + 8].copy_from_slice(b"hunter2\0");
        let mut masker = super::tests::masker(false);
        let mut out = Vec::new();
        let refused = bytes.chunks(1000).map(|chunk| masker.push(chunk, &mut out)).find(Result::is_err);
        let refused = refused.unwrap_or_else(|| masker.finish(&mut out).map(drop));
        assert_eq!(refused, Err(Unmaskable), "at {at}");
        assert!(!out.windows(7).any(|seven| seven == b"hunter2"), "at {at}");
    }
}

#[test]
fn a_painted_screen_is_masked_without_newlines_and_costs_no_memory() {
    let mut masker = masker(true);
    let mut out = Vec::new();
    for n in 0..20_000 {
        masker.push(format!("\x1b[{};1Hrow {n} of the screen", n % 24).as_bytes(), &mut out).expect("text");
        masker.flush(&mut out);
    }
    assert!(masker.text.line.len() <= 5 * CONTEXT);
    masker.push(b"\x1b[2;1Hhunter2", &mut out).expect("text");
    masker.flush(&mut out);
    let shown = String::from_utf8_lossy(&out);
    assert!(!shown.contains("hunter2") && shown.contains(&token("hunter2")) && shown.contains("row 19999 of the screen"));
}
