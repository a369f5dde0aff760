use proptest::prelude::*;

use super::*;
use crate::spdy::Writer;

/// All frames in `pieces`, with the pieces of one data frame put together.
fn read(pieces: &[&[u8]]) -> Result<Vec<Frame>, Error> {
    let mut reader = Reader::new();
    let mut frames: Vec<Frame> = Vec::new();
    let mut unfinished = false;
    for piece in pieces {
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(frame) = reader.next(&mut input)? {
            match (&frame, frames.last_mut()) {
                (Frame::Data { data, fin: end, .. }, Some(Frame::Data { data: before, fin, .. })) if unfinished => {
                    (*before, *fin) = ([&before[..], data].concat().into(), *end);
                }
                _ => frames.push(frame),
            }
            unfinished = matches!(reader.state, State::Data { .. });
        }
        assert!(input.is_empty(), "all of it is read");
    }
    Ok(frames)
}

fn control(frame: u16, flags: u8, length: u32, body: &[u8]) -> Vec<u8> {
    [&[0x80, 3], &frame.to_be_bytes()[..], &(u32::from(flags) << 24 | length).to_be_bytes(), body].concat()
}

#[test]
fn frames_by_their_bytes() {
    let id = |number| StreamId::new(number).expect("it is one");
    let cases: &[(&str, Vec<u8>, Frame)] = &[
        (
            "RST_STREAM",
            control(3, 0, 8, &[0, 0, 0, 5, 0, 0, 0, 5]),
            Frame::RstStream { stream: id(5), status: RstStatus::CANCEL },
        ),
        ("PING", control(6, 0, 4, &[0, 0, 0, 1]), Frame::Ping { id: 1 }),
        ("PING of a server", control(6, 0, 4, &[0xff, 0xff, 0xff, 0xfe]), Frame::Ping { id: u32::MAX - 1 }),
        ("GOAWAY", control(7, 0, 8, &[0, 0, 0, 3, 0, 0, 0, 1]), Frame::GoAway { last_good: 3, status: GoAwayStatus(1) }),
        ("WINDOW_UPDATE", control(9, 0, 8, &[0, 0, 0, 0, 0, 1, 0, 0]), Frame::WindowUpdate { stream: 0, delta: 1 << 16 }),
        (
            "SETTINGS",
            control(4, 1, 12, &[0, 0, 0, 1, 1, 0, 0, 4, 0, 0, 0, 100]),
            Frame::Settings {
                clear: true,
                settings: Settings::new(vec![Setting { flags: 1, id: 4, value: 100 }]).expect("it is one"),
            },
        ),
        ("DATA", vec![0, 0, 0, 1, 0, 0, 0, 2, b'h', b'i'], Frame::Data { stream: id(1), data: "hi".into(), fin: false }),
        ("the end", vec![0, 0, 0, 1, 1, 0, 0, 0], Frame::Data { stream: id(1), data: Bytes::new(), fin: true }),
        (
            "the last stream",
            vec![0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, b'x'],
            Frame::Data { stream: id(StreamId::MAX), data: "x".into(), fin: false },
        ),
    ];
    for (what, bytes, frame) in cases {
        assert_eq!(read(&[bytes]).as_deref(), Ok(&[frame.clone()][..]), "{what}");
    }
}

#[test]
fn frames_that_are_refused() {
    let long = MAX_CONTROL + 1;
    let cases: &[(&str, Vec<u8>, Error)] = &[
        ("HTTP", b"HTTP/1.1 200 OK\r\n".to_vec(), Error::Flags { frame: FrameType::Data, flags: b'/' }),
        ("version 2", vec![0x80, 2, 0, 6, 0, 0, 0, 4], Error::Version(2)),
        ("version 4", vec![0x80, 4, 0, 1, 0, 0, 0, 10], Error::Version(4)),
        ("NOOP", control(5, 0, 0, &[]), Error::UnknownFrame(5)),
        ("CREDENTIAL", control(10, 0, 0, &[]), Error::UnknownFrame(10)),
        ("a frame of the type 65535", control(65535, 0, 0, &[]), Error::UnknownFrame(65535)),
        ("DATA of stream 0", vec![0; 8], Error::StreamId(0)),
        ("DATA with an unknown flag", vec![0, 0, 0, 1, 2, 0, 0, 0], Error::Flags { frame: FrameType::Data, flags: 2 }),
        ("PING with a flag", control(6, 1, 4, &[0, 0, 0, 1]), Error::Flags { frame: FrameType::Ping, flags: 1 }),
        ("PING 0", control(6, 0, 4, &[0; 4]), Error::Zero(FrameType::Ping)),
        ("a short PING", control(6, 0, 3, &[0; 3]), Error::Length { frame: FrameType::Ping, length: 3 }),
        ("a long PING", control(6, 0, 8, &[0; 8]), Error::Length { frame: FrameType::Ping, length: 8 }),
        ("RST_STREAM of stream 0", control(3, 0, 8, &[0, 0, 0, 0, 0, 0, 0, 1]), Error::StreamId(0)),
        ("RST_STREAM of stream 2^31", control(3, 0, 8, &[0x80, 0, 0, 0, 0, 0, 0, 1]), Error::StreamId(1 << 31)),
        ("RST_STREAM without a reason", control(3, 0, 8, &[0, 0, 0, 1, 0, 0, 0, 0]), Error::Zero(FrameType::RstStream)),
        ("a short GOAWAY", control(7, 0, 4, &[0; 4]), Error::Length { frame: FrameType::GoAway, length: 4 }),
        ("a long WINDOW_UPDATE", control(9, 0, 9, &[0; 9]), Error::Length { frame: FrameType::WindowUpdate, length: 9 }),
        ("a short SYN_STREAM", control(1, 0, 9, &[0; 9]), Error::Length { frame: FrameType::SynStream, length: 9 }),
        ("SYN_STREAM of stream 2^31", control(1, 0, 10, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Error::StreamId(1 << 31)),
        ("SYN_REPLY without a block", control(2, 0, 4, &[0, 0, 0, 1]), Error::HeaderLengths),
        ("SYN_REPLY with no zlib", control(2, 0, 8, &[0, 0, 0, 1, 1, 2, 3, 4]), Error::Compression),
        ("HEADERS of 16 MiB", control(8, 0, 0xff_ffff, &[]), Error::TooLong { frame: FrameType::Headers, length: 0xff_ffff }),
        ("SYN_STREAM just too long", control(1, 0, long, &[]), Error::TooLong { frame: FrameType::SynStream, length: long }),
        ("SETTINGS with four billion of them", control(4, 0, 4, &[0xff; 4]), Error::Length { frame: FrameType::Settings, length: 4 }),
        (
            "SETTINGS that are fewer than they say",
            control(4, 0, 12, &[0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]),
            Error::Length { frame: FrameType::Settings, length: 12 },
        ),
        (
            "SETTINGS that are more than they say",
            control(4, 0, 12, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            Error::Length { frame: FrameType::Settings, length: 12 },
        ),
        (
            "SETTINGS that are too many",
            control(4, 0, 4 + 8 * 65, &[&[0, 0, 0, 65][..], &[0; 8 * 65]].concat()),
            Error::TooManySettings(65),
        ),
    ];
    for (what, bytes, error) in cases {
        assert_eq!(read(&[bytes]), Err(*error), "{what}");
    }
}

#[test]
fn a_data_frame_passes_as_it_comes_however_long_it_says_it_is() {
    let mut reader = Reader::new();
    let mut head = Bytes::from_static(&[0, 0, 0, 1, 1, 0xff, 0xff, 0xff]);
    assert_eq!(reader.next(&mut head), Ok(None));
    let stream = StreamId::new(1).expect("it is one");
    let mut left = 0xff_ffff_usize;
    while left > 0 {
        let mut input = Bytes::from(vec![b'x'; left.min(60_000)]);
        let (address, length) = (input.as_ptr(), input.len());
        left -= length;
        let Ok(Some(Frame::Data { stream: of, data, fin })) = reader.next(&mut input) else { panic!("a piece comes out") };
        assert_eq!((of, data.as_ptr(), data.len(), fin), (stream, address, length, left == 0), "no byte is copied");
    }
    assert!(reader.is_between_frames());
}

#[test]
fn a_first_error_is_the_last() {
    let mut reader = Reader::new();
    let mut input = Bytes::from([control(6, 0, 4, &[0; 4]), control(6, 0, 4, &[0, 0, 0, 1])].concat());
    assert_eq!(reader.next(&mut input), Err(Error::Zero(FrameType::Ping)));
    assert_eq!(reader.next(&mut input), Err(Error::Zero(FrameType::Ping)));
}

/// A frame of a few dozen bytes, a header block of a thousand times that.
#[test]
fn a_zlib_bomb_is_an_error_and_not_memory() {
    let mut block = Vec::new();
    super::super::zlib::Compressor::new()
        .expect("it starts")
        .block(&vec![0; 8 << 20], &mut block)
        .expect("it is written");
    assert!(block.len() < MAX_CONTROL as usize && block.len() * 500 < 8 << 20);
    let body = [&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &block].concat();
    assert_eq!(read(&[&control(1, 0, body.len() as u32, &body)]), Err(Error::HeaderBlock));
}

prop_compose! {
    fn headers()(pairs in prop::collection::btree_map("[a-z][a-z0-9-]{0,12}", "[ -~]{0,40}", 0..5)) -> Headers {
        pairs.iter().fold(Headers::new(), |headers, (name, value)| headers.with(name, value).expect("it fits"))
    }
}

fn frame() -> impl Strategy<Value = Frame> {
    let stream = || (1..=StreamId::MAX).prop_map(|number| StreamId::new(number).expect("it is one"));
    let settings = prop::collection::vec((any::<u8>(), 0..1_u32 << 24, any::<u32>()), 0..5).prop_map(|all| {
        Settings::new(all.into_iter().map(|(flags, id, value)| Setting { flags, id, value }).collect()).expect("they are")
    });
    prop_oneof![
        (stream(), any::<u32>(), 0..8_u8, headers(), any::<bool>(), any::<bool>()).prop_map(
            |(stream, associated, priority, headers, fin, unidirectional)| Frame::SynStream {
                stream,
                associated,
                priority,
                headers,
                fin,
                unidirectional
            }
        ),
        (stream(), headers(), any::<bool>()).prop_map(|(stream, headers, fin)| Frame::SynReply { stream, headers, fin }),
        (stream(), headers(), any::<bool>()).prop_map(|(stream, headers, fin)| Frame::Headers { stream, headers, fin }),
        (stream(), 1..20_u32)
            .prop_map(|(stream, status)| Frame::RstStream { stream, status: RstStatus::new(status).expect("not zero") }),
        (any::<bool>(), settings).prop_map(|(clear, settings)| Frame::Settings { clear, settings }),
        (1..=u32::MAX).prop_map(|id| Frame::Ping { id }),
        (any::<u32>(), any::<u32>()).prop_map(|(last_good, status)| Frame::GoAway { last_good, status: GoAwayStatus(status) }),
        (any::<u32>(), any::<u32>()).prop_map(|(stream, delta)| Frame::WindowUpdate { stream, delta }),
        (stream(), prop::collection::vec(any::<u8>(), 0..200), any::<bool>())
            .prop_map(|(stream, data, fin)| Frame::Data { stream, data: data.into(), fin }),
    ]
}

fn written(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new().expect("it starts");
    frames.iter().for_each(|frame| writer.write(frame, &mut out).expect("it is written"));
    out
}

/// `bytes` cut at these places.
fn cut<'a>(bytes: &'a [u8], at: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = at.iter().map(|index| index.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        frames in prop::collection::vec(frame(), 0..12),
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes = written(&frames);
        prop_assert_eq!(read(&cut(&bytes, &at)), Ok(frames));
    }

    #[test]
    fn byte_by_byte_is_the_same_as_at_once(frames in prop::collection::vec(frame(), 0..6)) {
        let bytes = written(&frames);
        prop_assert_eq!(read(&bytes.chunks(1).collect::<Vec<_>>()), Ok(frames));
    }

    #[test]
    fn arbitrary_bytes_are_frames_or_an_error_and_the_same_however_they_are_cut(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        prop_assert_eq!(read(&[&bytes]), read(&cut(&bytes, &at)));
    }

    #[test]
    fn one_wrong_byte_is_never_a_panic_and_never_memory(
        frames in prop::collection::vec(frame(), 1..6),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = written(&frames);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let mut reader = Reader::new();
        let mut input = Bytes::from(bytes);
        while let Ok(Some(_)) = reader.next(&mut input) {
            prop_assert!(reader.partial.capacity() <= MAX_CONTROL as usize * 2);
        }
    }
}
