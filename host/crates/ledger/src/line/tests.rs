use super::*;

fn line(seq: u64, prev: &Hash, at: i64, payload: &str) -> (Vec<u8>, Hash) {
    let mut out = Vec::new();
    let hash = render(&mut out, seq, prev, at, Content::Record, payload.as_bytes());
    (out, hash)
}

#[test]
fn what_is_rendered_is_parsed() {
    let (out, hash) = line(18_446_744_073_709_551_615, &[0xab; 32], i64::MAX, r#"{"id":"x"}"#);
    let parsed = parse(&out[..out.len() - 1]).unwrap();
    assert_eq!((parsed.seq, parsed.prev, parsed.at), (u64::MAX, [0xab; 32], i64::MAX));
    assert_eq!(parsed.payload, br#"{"id":"x"}"#);
    assert_eq!(parsed.hash, hash);
    assert_eq!(parsed.content, Content::Record);
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(json["record"]["id"], "x");
}

#[test]
fn every_changed_byte_is_found() {
    let (out, _) = line(7, &[0xab; 32], 1_764_000_000_000_000, r#"{"id":"a\"b"}"#);
    let out = &out[..out.len() - 1];
    for at in 0..out.len() {
        for bit in 0..8 {
            let mut changed = out.to_vec();
            changed[at] ^= 1 << bit;
            assert!(parse(&changed).is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn the_chain_is_followed() {
    let (first, hash) = line(0, &GENESIS, 10, "{}");
    let (second, _) = line(1, &hash, 10, "{}");
    let (gap, _) = line(2, &hash, 11, "{}");
    let (other, _) = line(1, &[9; 32], 11, "{}");
    let (early, _) = line(1, &hash, 9, "{}");
    let accept = |lines: &[&Vec<u8>]| {
        let mut cursor = Cursor::start();
        lines.iter().try_for_each(|line| cursor.accept(&parse(&line[..line.len() - 1])?))
    };
    assert_eq!(accept(&[&first, &second]), Ok(()));
    assert_eq!(accept(&[&second]), Err(LineError::Sequence { expected: 0, found: 1 }));
    assert_eq!(accept(&[&first, &gap]), Err(LineError::Sequence { expected: 1, found: 2 }));
    assert_eq!(accept(&[&first, &other]), Err(LineError::Chain));
    assert_eq!(accept(&[&first, &early]), Err(LineError::Time));
}

#[test]
fn only_a_beginning_of_the_next_line_may_be_torn() {
    let (out, _) = line(3, &[1; 32], 10, r#"{"id":"x"}"#);
    for length in 0..out.len() {
        assert!(may_be_torn(&out[..length], 3, &[1; 32]), "{length}");
    }
    let mut changed_end = out.clone();
    changed_end[out.len() - 1] = b' ';
    assert!(!may_be_torn(&changed_end, 3, &[1; 32]));
    assert!(!may_be_torn(&out[..20], 4, &[1; 32]));
    assert!(!may_be_torn(&out[..40], 3, &[2; 32]));
    assert!(!may_be_torn(b"garbage", 3, &[1; 32]));
}
