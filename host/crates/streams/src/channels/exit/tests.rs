use proptest::prelude::*;

use super::*;

fn failure(reason: &str, message: &str) -> Exit {
    Exit::Failure { reason: reason.to_owned(), message: message.to_owned() }
}

#[test]
fn ends_as_the_kubelet_tells_them() {
    let code = r#"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code","reason":"NonZeroExitCode",
                   "details":{"causes":[{"reason":"Other","message":"x"},{"reason":"ExitCode","message":"7"}]}}"#;
    let internal = r#"{"metadata":{},"status":"Failure","message":"Internal error occurred: no such pod","reason":"InternalError","code":500}"#;
    let cases = [
        (Protocol::V5, r#"{"metadata":{},"status":"Success"}"#, Exit::Success),
        (Protocol::V4, "", Exit::Success),
        (Protocol::V4, code, Exit::Code { code: 7, message: "command terminated with non-zero exit code".to_owned() }),
        (Protocol::V4Base64, internal, failure("InternalError", "Internal error occurred: no such pod")),
        (Protocol::V3, "", Exit::Success),
        (Protocol::V2, "exit code 7", failure("", "exit code 7")),
        (Protocol::V1, r#"{"status":"Success"}"#, failure("", r#"{"status":"Success"}"#)),
    ];
    for (protocol, text, exit) in cases {
        assert_eq!(Exit::decode(text.as_bytes(), protocol), Ok(exit), "{text}");
    }
}

#[test]
fn what_is_no_status_is_refused() {
    for text in [
        "7",
        "{}",
        "{\"status\":\"Perhaps\"}",
        "{\"status\":\"Success\"}{\"status\":\"Failure\"}",
        "{\"status\":\"Success\",\"status\":\"Failure\"}",
        "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\"}",
        "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"seven\"}]}}",
        "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"-1\"}]}}",
    ] {
        assert_eq!(Exit::decode(text.as_bytes(), Protocol::V4), Err(Error::Status), "{text}");
    }
    assert_eq!(Exit::decode("[".repeat(20_000).as_bytes(), Protocol::V4), Err(Error::Status), "depth is not memory");
}

#[test]
fn the_error_channel_comes_in_pieces_and_has_a_bound() {
    let mut channel = ErrorChannel::new();
    assert_eq!(channel.exit(Protocol::V5), Ok(Exit::Success));
    ["{\"status\":", "\"Success\"}"].iter().for_each(|piece| channel.push(piece.as_bytes()).expect("it is short"));
    assert_eq!(channel.exit(Protocol::V5), Ok(Exit::Success));
    assert_eq!(channel.push(&vec![b' '; MAX_STATUS]), Err(Error::StatusTooLong));
    assert_eq!(channel.bytes().len(), 20, "what was too much is not kept");
}

proptest! {
    #[test]
    fn an_end_is_read_as_it_was_written(code in 1..256_u32, reason in "[A-Z][a-z]{0,8}", message in "\\PC{0,40}") {
        for exit in [Exit::Success, Exit::Code { code, message: message.clone() }, failure(&reason, &message)] {
            prop_assert_eq!(Exit::decode(&exit.encode(Protocol::V4), Protocol::V4), Ok(exit));
        }
    }
}
