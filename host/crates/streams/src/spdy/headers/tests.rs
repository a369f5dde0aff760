use super::*;

fn block(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

const ONE: &[u8] = &[0, 0, 0, 1];

#[test]
fn what_is_written_is_read() {
    let headers = Headers::new().with("streamtype", "data").and_then(|it| it.with("port", "8080")).expect("they fit");
    assert_eq!(Headers::decode(&headers.encode()), Ok(headers));
    assert_eq!(Headers::decode(&Headers::new().encode()), Ok(Headers::new()));
}

#[test]
fn a_header_with_several_values_has_no_value() {
    let headers = Headers::decode(&block(&[ONE, &[0, 0, 0, 4], b"port", &[0, 0, 0, 5], b"80\x0022"])).expect("it is well formed");
    assert_eq!(headers.get("port"), None);
    assert_eq!(headers.names().collect::<Vec<_>>(), ["port"]);
}

#[test]
fn blocks_that_are_refused() {
    let cases: &[(&str, Vec<u8>, Error)] = &[
        ("nothing at all", vec![], Error::HeaderLengths),
        ("half a number", vec![0, 0], Error::HeaderLengths),
        ("a header that is not there", ONE.to_vec(), Error::HeaderLengths),
        ("a name longer than the block", block(&[ONE, &[0, 0, 0, 9], b"port"]), Error::HeaderLengths),
        ("a name of 4 GiB", block(&[ONE, &[0xff; 4], b"port"]), Error::HeaderLengths),
        ("a value longer than the block", block(&[ONE, &[0, 0, 0, 1], b"a", &[0, 0, 0, 2], b"1"]), Error::HeaderLengths),
        ("a byte behind the last", block(&[&[0, 0, 0, 0], b"x"]), Error::HeaderLengths),
        ("four billion headers", vec![0xff; 4], Error::TooManyHeaders(u32::MAX as usize)),
        ("an empty name", block(&[ONE, &[0; 8]]), Error::HeaderName),
        ("a capital", block(&[ONE, &[0, 0, 0, 4], b"Port", &[0; 4]]), Error::HeaderName),
        ("a name with a line break", block(&[ONE, &[0, 0, 0, 2], b"a\n", &[0; 4]]), Error::HeaderName),
        ("a name with a NUL", block(&[ONE, &[0, 0, 0, 2], b"a\0", &[0; 4]]), Error::HeaderName),
        ("a value with a line break", block(&[ONE, &[0, 0, 0, 1], b"a", &[0, 0, 0, 2], b"\r\n"]), Error::HeaderValue),
        ("a value that is no ASCII", block(&[ONE, &[0, 0, 0, 1], b"a", &[0, 0, 0, 2], "é".as_bytes()]), Error::HeaderValue),
        (
            "the same twice",
            block(&[&[0, 0, 0, 2], &[0, 0, 0, 1], b"a", &[0; 4], &[0, 0, 0, 1], b"a", &[0; 4]]),
            Error::DuplicateHeader,
        ),
    ];
    for (what, block, error) in cases {
        assert_eq!(Headers::decode(block), Err(*error), "{what}");
    }
}

#[test]
fn no_more_are_made_than_would_be_read() {
    let many = (0..MAX_HEADERS).try_fold(Headers::new(), |headers, number| headers.with(&format!("h{number}"), ""));
    assert_eq!(many.expect("so many are allowed").with("one-more", ""), Err(Error::TooManyHeaders(MAX_HEADERS + 1)));
    assert_eq!(Headers::new().with("long", &"x".repeat(MAX_HEADER_BLOCK)), Err(Error::HeaderBlock));
    assert_eq!(Headers::new().with("Port", "1"), Err(Error::HeaderName));
}
