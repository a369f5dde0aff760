use proptest::prelude::*;

use super::*;

const GET: &str = "GET /a HTTP/1.1\r\nHost: g\r\n\r\n";
const POST: &str = "POST /a HTTP/1.1\r\nHost: g\r\nContent-Length: 32\r\n\r\nTransfer-Encoding: chunked\r\n\r\n\r\n";
const CHUNKS: &str = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n12;x=y\r\nContent-Length: 5\r\r\n0\r\nContent-Length: 5\r\n\r\n";
const BOTH: &str = "POST /a HTTP/1.1\r\ncontent-length: 5\r\nHost: g\r\nTRANSFER-ENCODING: chunked\r\n\r\n0\r\n\r\n";
const BOTH_REVERSED: &str = "POST /a HTTP/1.1\nTransfer-Encoding:chunked\nContent-Length:5\n\n";

fn read(parts: &[&str]) -> bool {
    let mut requests = Requests::default();
    parts.iter().all(|part| requests.read(part.as_bytes()).is_ok())
}

#[test]
fn one_length_is_fine_and_two_are_not() {
    for fine in [&[GET][..], &[POST], &[CHUNKS], &[POST, CHUNKS, GET, POST], &["\r\n", GET], &["GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", CHUNKS]] {
        assert!(read(fine), "{fine:?}");
    }
    for both in [&[BOTH][..], &[BOTH_REVERSED], &[GET, BOTH], &[POST, BOTH], &[CHUNKS, BOTH_REVERSED], &["\r\n", BOTH]] {
        assert!(!read(both), "{both:?}");
    }
}

#[test]
fn what_hyper_refuses_and_other_protocols_are_not_read() {
    assert!(read(&["POST / HTTP/1.1\r\nContent-Length: x\r\n", BOTH]));
    assert!(read(&["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", BOTH]));
    let mut switched = OneLength::new(tokio::io::empty(), |_: &TwoLengths| ());
    switched.answered(b"HTTP/1.1 101 Switching Protocols\r\n");
    assert!(switched.requests.read(BOTH.as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn where_it_is_cut_does_not_matter(before in prop::collection::vec(prop_oneof![Just(GET), Just(POST), Just(CHUNKS)], 0..4), both in any::<bool>(), cuts in prop::collection::vec(0_usize..400, 0..6)) {
        let mut text = before.concat();
        if both {
            text += BOTH;
        }
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let parts: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&parts), !both);
    }

    #[test]
    fn nothing_panics_or_grows(bytes: Vec<u8>) {
        let mut requests = Requests::default();
        let _ = requests.read(&bytes);
        prop_assert!(requests.line.len() <= LINE);
    }
}
