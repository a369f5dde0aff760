use super::*;

fn decode(number: u32, headers: &[(&str, &str)]) -> Result<(Kind, u16, String), Refusal> {
    let headers = headers.iter().fold(Headers::new(), |all, (name, value)| all.with(name, value).expect("it fits"));
    let asked = Asked::decode(StreamId::new(number).expect("it is one"), &headers)?;
    Ok((asked.kind, asked.port.get(), asked.request))
}

#[test]
fn headers_as_clients_send_them() {
    let cases: &[(u32, &[(&str, &str)], (Kind, u16, &str))] = &[
        (1, &[("streamtype", "error"), ("port", "8080"), ("requestid", "0")], (Kind::Error, 8080, "0")),
        (3, &[("requestid", "0"), ("port", "8080"), ("streamtype", "data")], (Kind::Data, 8080, "0")),
        (5, &[("streamtype", "data"), ("port", "65535"), ("requestid", "a-b")], (Kind::Data, 65535, "a-b")),
        // As the kubelet reads them too (`strconv.ParseUint`).
        (5, &[("streamtype", "data"), ("port", "0080"), ("requestid", "1")], (Kind::Data, 80, "1")),
        // Clients from before the request number: the error stream, and the data stream after it.
        (7, &[("streamtype", "error"), ("port", "1")], (Kind::Error, 1, "stream 7")),
        (9, &[("streamtype", "data"), ("port", "1")], (Kind::Data, 1, "stream 7")),
    ];
    for (number, headers, (kind, port, request)) in cases {
        assert_eq!(decode(*number, headers), Ok((*kind, *port, (*request).to_owned())), "{headers:?}");
    }
}

#[test]
fn headers_that_are_refused() {
    let long = "7".repeat(MAX_REQUEST_ID + 1);
    let port = |port| vec![("streamtype", "data"), ("port", port), ("requestid", "1")];
    let mut cases: Vec<(Vec<(&str, &str)>, Refusal)> = vec![
        (vec![("port", "80"), ("requestid", "1")], Refusal::StreamType),
        (vec![("streamtype", "stdin"), ("port", "80"), ("requestid", "1")], Refusal::StreamType),
        (vec![("streamtype", "Data"), ("port", "80"), ("requestid", "1")], Refusal::StreamType),
        (vec![("streamtype", "data\0error"), ("port", "80"), ("requestid", "1")], Refusal::StreamType),
        (vec![("streamtype", "data"), ("requestid", "1")], Refusal::Port),
        (vec![("streamtype", "data"), ("port", "80"), ("requestid", "")], Refusal::RequestId),
        (vec![("streamtype", "data"), ("port", "80"), ("requestid", "1\u{0}2")], Refusal::RequestId),
        (vec![("streamtype", "data"), ("port", "80"), ("requestid", &long)], Refusal::RequestId),
        (vec![("streamtype", "data"), ("port", "80"), ("requestid", "1"), ("host", "10.0.0.1")], Refusal::UnknownHeader),
    ];
    for text in ["", "0", "65536", "-1", "+80", " 80", "80 ", "8e1", "0x50", "80\x0022", "99999999999999999999"] {
        cases.push((port(text), Refusal::Port));
    }
    for (headers, refusal) in cases {
        assert_eq!(decode(3, &headers), Err(refusal), "{headers:?}");
    }
    assert_eq!(decode(1, &[("streamtype", "data"), ("port", "80")]), Err(Refusal::RequestId), "no stream comes before the first");
}
