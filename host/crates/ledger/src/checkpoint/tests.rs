use super::*;

fn key() -> SigningKey {
    let directory = tempfile::tempdir().unwrap();
    SigningKey::open(&directory.path().join("key"), "gate.example/ledger", true).unwrap()
}

#[derive(Debug, PartialEq, Eq)]
struct Parsed {
    checkpoints: Vec<Checkpoint>,
    whole: usize,
}

fn parse(bytes: &[u8], key: &PublicKey) -> Result<Parsed, CheckpointError> {
    let mut notes = Notes::new(bytes, key);
    let mut checkpoints = Vec::new();
    loop {
        match notes.next() {
            Ok(Some(checkpoint)) => checkpoints.push(checkpoint),
            Ok(None) => return Ok(Parsed { checkpoints, whole: usize::try_from(notes.whole()).unwrap() }),
            Err(NotesError::Wrong(error)) => return Err(error),
            Err(NotesError::Unread(error)) => panic!("{error}"),
        }
    }
}

fn file(key: &SigningKey) -> (Vec<Checkpoint>, Vec<u8>) {
    let checkpoints: Vec<Checkpoint> =
        [0, 9, 10, 123_456].map(|size| Checkpoint { size, root: [size as u8; 32] }).to_vec();
    let bytes = checkpoints.iter().map(|checkpoint| sign(key, checkpoint)).collect::<String>().into_bytes();
    (checkpoints, bytes)
}

#[test]
fn what_is_signed_is_read() {
    let key = key();
    let (checkpoints, bytes) = file(&key);
    assert_eq!(parse(&bytes, key.public()), Ok(Parsed { checkpoints, whole: bytes.len() }));
    let first = sign(&key, &Checkpoint { size: 1, root: [7; 32] });
    assert_eq!(parse_one(&first, key.public()).unwrap().size, 1);
    assert_eq!(parse_one(first.trim_end(), key.public()).unwrap().size, 1);
}

#[test]
fn every_changed_byte_is_found() {
    let key = key();
    let (_, bytes) = file(&key);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            assert!(parse(&changed, key.public()).is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn a_torn_note_is_left_out() {
    let key = key();
    let (checkpoints, bytes) = file(&key);
    let last = sign(&key, &checkpoints[3]).len();
    for length in bytes.len() - last..bytes.len() {
        let parsed = parse(&bytes[..length], key.public()).unwrap();
        assert_eq!(parsed.checkpoints, checkpoints[..3]);
        assert_eq!(parsed.whole, bytes.len() - last, "{length}");
    }
}

#[test]
fn a_stranger_and_a_step_back_are_refused() {
    let (ours, other) = (key(), key());
    let (_, mut bytes) = file(&ours);
    assert_eq!(parse(&bytes, other.public()), Err(CheckpointError::Signature(1)));
    bytes.extend_from_slice(sign(&ours, &Checkpoint { size: 3, root: [0; 32] }).as_bytes());
    assert_eq!(parse(&bytes, ours.public()), Err(CheckpointError::Order(5)));
}

#[test]
fn a_long_file_is_read_in_parts() {
    let key = key();
    let bytes: String = (0..2000).map(|size| sign(&key, &Checkpoint { size, root: [1; 32] })).collect();
    assert_eq!(parse(bytes.as_bytes(), key.public()).unwrap().checkpoints.len(), 2000);
    let torn = parse(&bytes.as_bytes()[..bytes.len() - 1], key.public()).unwrap();
    assert_eq!(torn.checkpoints.len(), 1999);
}
