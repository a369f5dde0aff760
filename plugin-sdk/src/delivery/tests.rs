use crate::testing::{serve_http, status};

use super::*;

fn parse<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn credentials_and_addresses_are_printed_nowhere() {
    let header: Header = parse(r#"{"name": "authorization", "value": "hunter2"}"#).expect("valid");
    let address: Address = parse(r#""https://hooks.test/hunter2""#).expect("valid");
    let printed = format!("{header:?} {address:?}");
    assert!(printed.contains("authorization") && !printed.contains("hunter2") && !printed.contains("hooks"), "{printed}");
    assert_eq!(as_sent(&[header]).collect::<Vec<_>>(), [("authorization".to_owned(), "hunter2".to_owned())]);
}

#[test]
fn what_is_no_credential_no_address_and_no_header() {
    for (json, message) in [(r#""""#, "empty"), (r#""a\nHost: b""#, "line's end")] {
        assert!(parse::<Secret>(json).expect_err(json).contains(message), "{json}");
    }
    for json in [r#""hooks.test""#, r#""https://""#, r#""ftp://a""#, r#""https://a b""#, r#""""#] {
        assert!(parse::<Address>(json).expect_err(json).contains("whole address"), "{json}");
    }
    let header = |name: &str| Header { name: name.to_owned(), value: Secret("x".to_owned()) };
    assert_eq!(check_headers(&[header("x-one")], &["content-type"]), Ok(()));
    for (name, message) in [("Content-Type", "content-type is set by the plugin"), ("", "needs a name"), ("a b", "needs a name"), ("a:", "needs a name")] {
        assert!(check_headers(&[header(name)], &["content-type"]).expect_err(name).contains(message), "{name}");
    }
}

#[test]
fn an_address_with_a_path_behind_it_has_one_slash_between() {
    for (address, path) in [("https://a", "v1/logs"), ("https://a/", "/v1/logs"), ("https://a/", "v1/logs")] {
        assert_eq!(Address(address.to_owned()).join(path), "https://a/v1/logs");
    }
}

#[test]
fn as_many_records_as_fit_and_one_at_least() {
    let records: Vec<String> = ["aaaa", "bbbb", "cccc"].map(str::to_owned).into();
    for (room, each, count) in [(100, 1, 3), (15, 1, 3), (14, 1, 2), (10, 1, 2), (9, 1, 1), (5, 1, 1), (1, 1, 1), (12, 0, 3), (usize::MAX, usize::MAX, 3)] {
        assert_eq!(fitting(&records, room, each).len(), count, "{room} and {each}");
    }
    assert!(fitting(&[], 10, 1).is_empty());
}

#[test]
fn an_answer_says_whether_to_come_again_and_never_where() {
    let request = http::post_json("https://hooks.test/hunter2", &[], "{}".to_owned());
    for (code, retry) in [(400, false), (401, false), (404, false), (301, false), (408, true), (425, true), (429, true), (500, true), (503, true)] {
        serve_http(move |_| status(code));
        let refused = send("the archive", &request, |_| Some("bad\n token \u{7} here".to_owned())).expect_err("refused");
        assert_eq!(refused, Refused { message: format!("the archive answered {code}: bad token here"), retry });
    }
    serve_http(|_| status(204));
    assert_eq!(send("the archive", &request, |_| panic!("nobody asks why")).map(|answer| answer.status), Ok(204));
    serve_http(|_| Err("connection refused".to_owned()));
    let refused = send("the archive", &request, |_| None).expect_err("not there");
    assert_eq!(refused, Refused::for_now("the archive could not be reached: connection refused"));
}

#[test]
fn texts_are_cut_between_characters() {
    assert_eq!(shortened("grüße", 5), "grüße");
    assert_eq!(shortened("grüße!", 5), "grüß…");
    assert_eq!(one_line(" a\r\n b\tc\u{0}d ", 20), "a b c d");
}
