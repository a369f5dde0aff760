use super::*;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

fn key() -> TokenKey {
    TokenKey::new([7; 32])
}

#[test]
fn a_token_is_the_hmac_in_base64url() {
    let token = key().token(b"hunter2");
    assert_eq!(token.len(), TOKEN_LENGTH);
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), b"hunter2");
    assert_eq!(token, format!("masked:v1:{}", URL_SAFE_NO_PAD.encode(&mac.as_ref()[..16])));
    assert_eq!(token.as_bytes(), key().token_bytes(b"hunter2"));
    assert_ne!(token, key().token(b"hunter3"));
    assert_ne!(token, TokenKey::new([8; 32]).token(b"hunter2"));
}

#[test]
fn debug_shows_nothing_of_the_key() {
    assert_eq!(format!("{:?}", key()), "TokenKey(…)");
}

#[test]
fn a_token_is_found_however_it_is_wrapped() {
    let token = key().token(b"hunter2");
    let in_base64 = |before: &str, after: &str| STANDARD.encode(format!("{before}{token}{after}"));
    let every = |wrapped: String| (0..7).map(move |n| format!("{}{wrapped}", "x".repeat(n)));
    let cases: Vec<(&str, String)> = vec![
        ("plain", format!("{{\"a\":\"{token}\"}}")),
        ("cut short", format!("{{\"a\":\"{}\"}}", &token[..12])),
        ("escaped letters", token.replace('m', "\\u006d").replace(':', "\\u003A")),
        ("escaped twice", token.replace('m', "\\\\u006d")),
        ("escaped thrice", token.replace('m', "\\\\\\\\u006d")),
        ("an escaped backslash that begins an escape", token.replace('m', "\\u005cu006d")),
        ("base64", in_base64("", "")),
        ("base64, one before", in_base64("a", "z")),
        ("base64, two before", in_base64("ab", "zz")),
        ("base64, url-safe", URL_SAFE.encode(format!("??>{token}"))),
        ("base64 twice", STANDARD.encode(in_base64("password=", "\n"))),
        ("base64 with escaped slashes", in_base64("abc???", "").replace('/', "\\/")),
        ("base64 in lines", in_base64("abc", "").as_bytes().chunks(5).map(|line| String::from_utf8_lossy(line) + "\\n").collect()),
        ("base64 in CRLF lines", in_base64("abc", "").as_bytes().chunks(3).map(|line| String::from_utf8_lossy(line) + "\r\n").collect()),
    ];
    for (what, text) in cases {
        assert!(contains_token(text.as_bytes()), "{what}: {text}");
    }
    for text in every(token.clone()) {
        for again in every(STANDARD.encode(&text)) {
            assert!(contains_token(STANDARD.encode(&again).as_bytes()), "{text}: {again}");
        }
    }
}

#[test]
fn other_text_holds_no_token() {
    for text in ["", "masked", "masked:v2:x", "unmasked: v1", "{\"mask\":\"ed:v1:\"}", "\\", "\\u00", "bWFza2Vk", "maskedv1"] {
        assert!(!contains_token(text.as_bytes()), "{text}");
    }
    let long = "{\"a\":\"\\n\\u0041 some text that is harmless\"}".repeat(10_000);
    assert!(!contains_token(long.as_bytes()));
}
