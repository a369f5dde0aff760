use super::*;

fn decoded(raw: &str) -> String {
    let mut out = Vec::new();
    decode(raw.as_bytes(), &mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn escapes_are_undone() {
    let cases = [
        ("plain", "plain"),
        (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r"\u0064ata", "data"),
        (r"\ud83e\uDD80!", "🦀!"),
        (r"\ud83e", "\u{fffd}"),
        (r"\ud83ex", "\u{fffd}x"),
        (r"\udd80\ud83e\u0041", "\u{fffd}\u{fffd}A"),
        (r"\\u0041", "\\u0041"),
        (r"\u0000", "\0"),
    ];
    for (raw, text) in cases {
        assert_eq!(decoded(raw), text, "{raw}");
    }
}

#[test]
fn what_is_encoded_is_decoded_again() {
    let all: String = (0..0x300).filter_map(char::from_u32).chain(['🦀', '\u{2028}', '\u{ffff}']).collect();
    let mut out = Vec::new();
    encode(all.as_bytes(), &mut out);
    assert_eq!(serde_json::from_slice::<String>(&out).expect("JSON"), all);
    let inner = String::from_utf8(out).expect("UTF-8");
    assert_eq!(decoded(&inner[1..inner.len() - 1]), all);
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let mut out = Vec::new();
    encode(b"a\xff\"b", &mut out);
    assert_eq!(String::from_utf8(out).expect("UTF-8"), "\"a\u{fffd}\\\"b\"");
}
