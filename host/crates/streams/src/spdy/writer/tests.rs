use bytes::Bytes;

use super::*;
use crate::spdy::{Reader, Settings};

fn data(length: usize, fin: bool) -> Vec<(usize, bool)> {
    let mut out = Vec::new();
    let stream = StreamId::new(1).expect("it is one");
    let frame = Frame::Data { stream, data: vec![b'x'; length].into(), fin };
    Writer::new().expect("it starts").write(&frame, &mut out).expect("it is written");
    let mut frames = Vec::new();
    let (mut reader, mut input) = (Reader::new(), Bytes::from(out));
    while let Some(Frame::Data { data, fin, .. }) = reader.next(&mut input).expect("it is read") {
        frames.push((data.len(), fin));
    }
    frames
}

#[test]
fn much_data_goes_out_in_frames_of_32_kib_and_only_the_last_ends_the_stream() {
    assert_eq!(data(0, false), [(0, false)]);
    assert_eq!(data(0, true), [(0, true)]);
    assert_eq!(data(MAX_DATA, true), [(MAX_DATA, true)]);
    assert_eq!(data(MAX_DATA + 1, true), [(MAX_DATA, false), (1, true)]);
    assert_eq!(data(3 * MAX_DATA, true), [(MAX_DATA, false), (MAX_DATA, false), (MAX_DATA, true)]);
    assert_eq!(data(2 * MAX_DATA + 5, false), [(MAX_DATA, false), (MAX_DATA, false), (5, false)]);
}

#[test]
fn what_could_not_be_read_cannot_be_made() {
    assert_eq!(StreamId::new(0), Err(Error::StreamId(0)));
    assert_eq!(StreamId::new(1 << 31), Err(Error::StreamId(1 << 31)));
    let setting = |id| crate::spdy::Setting { flags: 0, id, value: 0 };
    assert_eq!(Settings::new(vec![setting(1); Settings::MAX + 1]), Err(Error::TooManySettings(Settings::MAX + 1)));
    assert_eq!(Settings::new(vec![setting(1 << 24)]), Err(Error::SettingId(1 << 24)));
}
