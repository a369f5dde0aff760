use super::*;

fn scan(text: &[u8]) -> Result<Option<usize>, usize> {
    string(text, 0, &mut Escape::No, &mut false).map_err(|(at, _)| at)
}

#[test]
fn a_string_ends_where_it_ends_at_any_length() {
    for length in 0..200 {
        let body = vec![b'x'; length];
        assert_eq!(scan(&body), Ok(None));
        for (last, result) in [(b'"', Ok(Some(length + 1))), (b'\n', Err(length)), (0, Err(length)), (0x1f, Err(length))] {
            // What follows must not be looked at, nor bytes above 0x7f mistaken.
            for tail in [&b""[..], b"\"\\\n\x00more than eight bytes\"\x01", b"\xff\xa0\x80\xe2\xdc\x9f\xff\xff"] {
                let mut text = body.clone();
                text.push(last);
                text.extend_from_slice(tail);
                assert_eq!(scan(&text), result, "{length} {last}");
            }
        }
        for high in [0x7f, 0x80, 0x9f, 0xa2, 0xdc, 0xff] {
            let mut text = body.clone();
            text.extend_from_slice(&[high, b'"']);
            assert_eq!(scan(&text), Ok(Some(length + 2)), "{length} {high:x}");
        }
    }
}

#[test]
fn escapes_are_checked() {
    let cases: [(&str, Result<Option<usize>, usize>); 9] = [
        (r#"\"a""#, Ok(Some(4))),
        (r#"\\""#, Ok(Some(3))),
        (r#"\u00e9""#, Ok(Some(7))),
        (r#"\u00E9\uD83e""#, Ok(Some(13))),
        (r#"\u00g9""#, Err(4)),
        (r#"\x""#, Err(1)),
        (r#"\u12""#, Err(4)),
        (r"\u12", Ok(None)),
        (r"\", Ok(None)),
    ];
    for (text, result) in cases {
        assert_eq!(scan(text.as_bytes()), result, "{text}");
    }
}

#[test]
fn numbers_are_those_of_the_rfc() {
    let whole = |text: &str| {
        let mut state = Number::begin(text.as_bytes()[0]);
        matches!(number(format!("{text},").as_bytes(), 1, &mut state), Ok(Some(end)) if end == text.len())
    };
    for good in ["0", "-0", "10", "-12", "0.5", "1e5", "1E+5", "1.25e-7", "0e0", "123456789012345678901234567890"] {
        assert!(whole(good), "{good}");
    }
    for bad in ["-", "01", "1.", "1.e5", "1e", "1e+", "-a", "--1", "1.2.3", "0x1", "1e5.5"] {
        assert!(!whole(bad), "{bad}");
    }
}

#[test]
fn utf_8_is_checked_over_cuts() {
    let good = "aé€🦀z".as_bytes();
    for at in 0..=good.len() {
        for then in at..=good.len() {
            let mut check = Utf8::default();
            for part in [&good[..at], &good[at..then], &good[then..]] {
                assert_eq!(check.check(part), Ok(()));
            }
            assert!(!check.is_cut());
        }
    }
    // A lone continuation, an overlong form, a surrogate, past the last character, a cut character.
    for bad in [&b"\x80"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82a"] {
        assert!(Utf8::default().check(bad).is_err());
        let mut check = Utf8::default();
        assert!(bad.chunks(1).any(|byte| check.check(byte).is_err()), "{bad:x?}");
    }
    let mut cut = Utf8::default();
    assert_eq!(cut.check(b"\xf0\x9f"), Ok(()));
    assert!(cut.is_cut());
}
