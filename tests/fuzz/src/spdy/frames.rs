//! What a peer sends, by a programme: a fuzzer does not write zlib, so header blocks are compressed for it.

use bytes::Bytes;
use streams::spdy::{Frame, GoAwayStatus, Headers, RstStatus, Setting, Settings, StreamId, Writer};

use crate::input::Input;

/// Header names: those of Kubernetes, and some that are refused.
const NAMES: [&str; 6] = ["streamtype", "port", "requestid", "x", "Port", ""];

/// Values that mean something to port forwarding or to a command's channels.
const VALUES: [&str; 14] = ["error", "data", "stdin", "stdout", "stderr", "resize", "80", "8080", "0", "1", "65536", "+80", "80\x0022", ""];

/// Frames, and bytes that are none, until the programme ends.
pub(crate) fn wire(input: &mut Input) -> Vec<u8> {
    let mut writer = Writer::new().expect("a connection begins");
    let mut wire = Vec::new();
    while !input.is_empty() {
        match input.byte() % 16 {
            op @ 0..=11 => {
                if let Some(frame) = frame(op, input) {
                    writer.write(&frame, &mut wire).expect("what can be made can be written");
                }
            }
            // A control frame that the writer would not write.
            12 => wire.extend([&[0x80, 3, 0, input.byte(), input.byte(), 0], &[input.byte(), input.byte()][..], input.block()].concat()),
            13 => wire.extend_from_slice(input.block()),
            // One wrong byte, wherever.
            14 => {
                let (place, byte) = (input.number() as usize, input.byte());
                let length = wire.len().max(1);
                wire.get_mut(place % length).into_iter().for_each(|one| *one ^= byte);
            }
            _ => wire.truncate(wire.len().saturating_sub(input.below(8))),
        }
    }
    wire
}

/// A frame, if there can be such a one.
fn frame(op: u8, input: &mut Input) -> Option<Frame> {
    let fin = input.flag();
    let number = input.number();
    if let 4..=6 = op {
        return Some(match op {
            4 => Frame::Ping { id: number },
            5 => Frame::GoAway { last_good: number, status: GoAwayStatus(input.number()) },
            _ => Frame::WindowUpdate { stream: number, delta: input.number() },
        });
    }
    if op == 7 {
        let each = (0..input.below(5)).map(|_| Setting { flags: input.byte(), id: input.number(), value: input.number() }).collect();
        return Some(Frame::Settings { clear: fin, settings: Settings::new(each).ok()? });
    }
    let stream = StreamId::new(number).ok()?;
    Some(match op {
        0 => Frame::SynStream {
            stream,
            associated: u32::from(input.byte() / 128),
            priority: input.byte() % 8,
            headers: headers(input),
            fin,
            unidirectional: input.byte() > 250,
        },
        // As clients open the streams of Kubernetes.
        1 => Frame::SynStream { stream, associated: 0, priority: 0, headers: kubernetes(input), fin, unidirectional: false },
        2 => Frame::SynReply { stream, headers: headers(input), fin },
        3 => Frame::Headers { stream, headers: headers(input), fin },
        8 => Frame::RstStream { stream, status: RstStatus::new(input.number())? },
        // Much of one byte, so that a frame is longer than what one piece holds.
        9 => Frame::Data { stream, data: vec![input.byte(); input.number() as usize & 0xffff].into(), fin },
        _ => Frame::Data { stream, data: Bytes::copy_from_slice(input.block()), fin },
    })
}

fn headers(input: &mut Input) -> Headers {
    (0..input.below(5)).fold(Headers::new(), |headers, _| {
        let name = if input.flag() { input.pick(&NAMES) } else { text(input.block()) };
        let value = if input.flag() { input.pick(&VALUES) } else { text(input.block()) };
        // What cannot be made is left out.
        headers.clone().with(name, value).unwrap_or(headers)
    })
}

/// `streamtype` alone for a command's channel; with `port` and `requestid` for a forwarded connection.
pub(crate) fn kubernetes(input: &mut Input) -> Headers {
    let with = |headers: Headers, name: &str, value: &str| headers.clone().with(name, value).unwrap_or(headers);
    let headers = with(Headers::new(), "streamtype", input.pick(&VALUES));
    if input.flag() {
        return headers;
    }
    let headers = with(headers, "port", input.pick(&VALUES));
    if input.flag() { headers } else { with(headers, "requestid", &input.below(8).to_string()) }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
