//! A table of bad inputs, each on a stream of its own.

use portcullis_tests::frames::spdy;

use super::raw::{ATTACKED, Attacked, Carrier, Stream, nothing_left};
use super::stage::{SOON, on, passed, pod};

/// One bad input.
pub struct Case {
    what: &'static str,
    bytes: Vec<u8>,
    /// The client closes the connection behind it.
    cut: bool,
    then: Then,
}

/// What comes of it.
enum Then {
    /// The stream works on, and its record has this in it.
    GoesOn(&'static str),
    /// The stream ends and its record says why; the last that the client gets has this in it.
    Ends { why: &'static str, told: &'static [u8] },
}

pub fn goes_on(what: &'static str, bytes: Vec<u8>) -> Case {
    noted(what, bytes, "")
}

/// Goes on, and is recorded.
pub fn noted(what: &'static str, bytes: Vec<u8>, note: &'static str) -> Case {
    Case { what, bytes, cut: false, then: Then::GoesOn(note) }
}

/// Ends, and the client is told why in the channel by which a command's end is told.
pub fn ends(what: &'static str, bytes: Vec<u8>, why: &'static str) -> Case {
    Case { what, bytes, cut: false, then: Then::Ends { why, told: b"the gateway ended the stream" } }
}

/// Ends with these bytes.
pub fn ends_with(what: &'static str, bytes: Vec<u8>, why: &'static str, told: &'static [u8]) -> Case {
    Case { what, bytes, cut: false, then: Then::Ends { why, told } }
}

/// The client leaves behind the bytes.
pub fn cut(what: &'static str, bytes: Vec<u8>, why: &'static str) -> Case {
    Case { what, bytes, cut: true, then: Then::Ends { why, told: b"" } }
}

/// Tries all cases in commands that repeat what is typed.
pub fn in_commands(namespace: &str, carrier: Carrier, cases: &[Case]) {
    let script = "echo begun; exec cat";
    each(namespace, cases, |attacked, case| {
        let mut stream = Stream::exec(&attacked.gateway, carrier, namespace, script);
        stream.send(&case.bytes);
        let end = |stream: &mut Stream| -> Result<Vec<u8>, String> {
            let alive = stream.typed(b"alive\n");
            stream.send(&alive);
            stream.connection.until(b"alive").map_err(|error| format!("no echo: {error}"))?;
            let end = stream.typed_out();
            stream.send(&end);
            stream.connection.to_end().map_err(|error| format!("no end: {error}"))
        };
        follow(attacked, case, stream, end, "Success", "exit code 0")
    });
    nothing_left(&super::stage::STAGE.cluster.admin().within(namespace), "cat");
}

/// Tries all cases in forwarded ports.
pub fn in_forwards(namespace: &str, carrier: Carrier, query: &str, cases: &[Case]) {
    each(namespace, cases, |attacked, case| {
        let mut stream = Stream::open(&attacked.gateway, carrier, namespace, &format!("portforward{query}"));
        stream.send(&case.bytes);
        let end = |stream: &mut Stream| -> Result<Vec<u8>, String> {
            // The streams of a well-behaved connection beside the bad ones; their headers are in stored blocks too.
            let mut blocks = spdy::Blocks::default();
            if !case.bytes.is_empty() && case.bytes.windows(6).any(|bytes| bytes == spdy::BEGINNING) {
                blocks.block(b"");
            }
            for (id, kind) in [(20001, "error"), (20003, "data")] {
                let opened = blocks.syn_stream(id, &[("streamtype", kind), ("port", "80"), ("requestid", "last")]);
                stream.send(&opened);
            }
            // What comes before the pod's reply is thrown away, so it is waited for.
            stream.connection.until(&20003_u32.to_be_bytes()).map_err(|error| format!("no reply: {error}"))?;
            stream.send(&spdy::data(20003, 0, b"GET / HTTP/1.0\r\n\r\n"));
            stream.connection.until(b"200 OK").map_err(|error| format!("no page: {error}"))?;
            stream.send(&spdy::numbers(spdy::GOAWAY, &[0, 0]));
            stream.connection.to_end().map_err(|error| format!("no end: {error}"))
        };
        follow(attacked, case, stream, end, "", "connections forwarded")
    });
}

/// All of them, and every one that went wrong.
fn each(namespace: &str, cases: &[Case], try_one: impl Fn(&Attacked, &Case) -> Result<(), String>) {
    let attacked = &*ATTACKED;
    pod(namespace);
    let wrong: Vec<String> = attacked.meanwhile(&format!("trying {} cases in {namespace}", cases.len()), || {
        let tried = cases.iter().map(|case| try_one(attacked, case).map_err(|why| format!("{}: {why}", case.what)));
        tried.filter_map(Result::err).collect()
    });
    assert!(wrong.is_empty(), "{} of {} cases in {namespace}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn follow(
    attacked: &Attacked,
    case: &Case,
    mut stream: Stream,
    end: impl FnOnce(&mut Stream) -> Result<Vec<u8>, String>,
    last_word: &str,
    message: &str,
) -> Result<(), String> {
    let id = stream.record.clone();
    let says = |text: &str, part: &str| part.is_empty() || text.contains(part);
    match case.then {
        Then::GoesOn(note) => {
            let rest = String::from_utf8_lossy(&end(&mut stream)?).into_owned();
            let record = attacked.ended(&id, SOON);
            if !says(&rest, last_word) {
                return Err(format!("the client was not told `{last_word}`: {rest:?}"));
            }
            if !record["response"]["interrupted"].is_null() || !says(record["message"].as_str().unwrap_or_default(), message) {
                return Err(format!("recorded as {} and {}", record["message"], record["response"]));
            }
            let noted = on("forward", &passed(&attacked.gateway, &record));
            if says(&noted, note) { Ok(()) } else { Err(format!("`{note}` is not recorded: {noted}")) }
        }
        Then::Ends { why, told } => {
            if case.cut {
                drop(stream);
            } else {
                let rest = stream.connection.to_end().map_err(|error| format!("no end: {error}"))?;
                if !told.is_empty() && !rest.windows(told.len()).any(|part| part == told) {
                    return Err(format!("the client was not told {:?}: {:?}", told.escape_ascii(), rest.escape_ascii()));
                }
            }
            let record = attacked.ended(&id, SOON);
            let interrupted = record["response"]["interrupted"].as_str().unwrap_or_default();
            if interrupted.contains(why) { Ok(()) } else { Err(format!("recorded as {interrupted:?} instead of {why:?}")) }
        }
    }
}
