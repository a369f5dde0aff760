use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::body::{Bodies, Body, Side};
use crate::ledger::tests::{assert_whole, options, record};
use crate::ledger::{Durability, Ledger, Options};
use crate::record::Phase;

/// A ledger with several segments, inline and large bodies, streams and checkpoints, closed.
fn build(directory: &Path) -> (PublicKey, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = Ledger::open(directory, Options { segment_bytes: 6_000, ..options() }).unwrap();
        let mut notes = Vec::new();
        for number in 0..24u32 {
            let intent = record(Phase::Intent);
            let asked = format!("{{\"asked\":{number}}}");
            ledger
                .append(intent.clone(), Bodies { request: Some(Body::Bytes(asked.as_bytes())), ..Bodies::NONE }, Durability::Written)
                .await
                .unwrap();
            ledger.stream(&intent).push("out", &number.to_be_bytes()).unwrap();
            let answer: Vec<u8> = (0..number * number * 100).map(|n| (n * n / 7) as u8).collect();
            let mut outcome = crate::Record::new(intent.id.as_str(), crate::Kind::Request, Phase::Outcome);
            outcome.response = Some(crate::Response { status: Some(200), ..Default::default() });
            let mut writer = ledger.body_writer(&intent.id, Side::Response).unwrap();
            writer.write(&answer).unwrap();
            let stored = writer.finish().await.unwrap();
            let bodies = Bodies { response: Some(Body::Stored(&stored)), ..Bodies::NONE };
            ledger.append(outcome, bodies, Durability::Written).await.unwrap();
            if number % 5 == 0 {
                notes.push(ledger.checkpoint().await.unwrap());
            }
        }
        let key = ledger.public_key();
        ledger.close().await.unwrap();
        (key, notes)
    })
}

struct Built {
    folder: tempfile::TempDir,
    key: PublicKey,
    notes: Vec<String>,
    /// Every file that the proof covers, from the folder, with its bytes.
    files: Vec<(PathBuf, Vec<u8>)>,
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (key, notes) = build(folder.path());
        let mut files = Vec::new();
        collect(folder.path(), folder.path(), &mut files);
        files.retain(|(path, _)| path.starts_with("segments") || path.starts_with("bodies") || path.starts_with("checkpoints"));
        files.sort();
        Built { folder, key, notes, files }
    })
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.push((path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap()));
        }
    }
}

/// A copy of the ledger.
fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (path, bytes) in &built().files {
        let target = copy.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
    copy
}

fn tampering(directory: &Path) -> Tampering {
    match verify(directory, &built().key, &[]) {
        Verdict::Tampered(tampering) => tampering,
        other => panic!("{other}"),
    }
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    segment::list(directory).unwrap().into_iter().map(|first| segment::path(directory, first)).collect()
}

#[test]
fn a_copy_is_whole() {
    let built = built();
    let summary = assert_whole(copy().path(), &built.key);
    assert_eq!(summary.records, 72);
    assert!(summary.segments > 3 && summary.checkpoints > 4, "{summary:?}");
    assert_eq!((summary.signed, summary.torn), (summary.lines, 0));
    assert!(built.files.iter().filter(|(path, _)| path.starts_with("bodies")).count() > 5);
    assert_eq!(Verdict::Whole(summary).exit_code(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn one_flipped_bit_anywhere_is_found(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..8u32) {
        let built = built();
        let (path, bytes) = &built.files[file.index(built.files.len())];
        let copy = copy();
        let mut changed = bytes.clone();
        let at = at.index(bytes.len());
        changed[at] ^= 1u8 << bit;
        fs::write(copy.path().join(path), changed).unwrap();
        let verdict = verify(copy.path(), &built.key, &[]);
        prop_assert!(matches!(verdict, Verdict::Tampered(_)), "{}: byte {at} bit {bit}: {verdict}", path.display());
        if let (Verdict::Tampered(tampering), true) = (verdict, path.starts_with("segments")) {
            prop_assert_eq!(&tampering.file, path);
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            prop_assert_eq!(tampering.line, Some(line));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_shortened_file_is_found(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let built = built();
        let (path, bytes) = &built.files[file.index(built.files.len())];
        // The checkpoints' own end may be cut: what is left still verifies, and less is signed. A witnessed note finds that.
        prop_assume!(!path.starts_with("checkpoints"));
        let copy = copy();
        fs::write(copy.path().join(path), &bytes[..at.index(bytes.len())]).unwrap();
        let verdict = verify(copy.path(), &built.key, &[]);
        prop_assert!(matches!(verdict, Verdict::Tampered(_)), "{}: {verdict}", path.display());
    }
}

#[test]
fn a_removed_line_is_a_gap() {
    let copy = copy();
    let path = &segments(copy.path())[1];
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let kept: Vec<&str> = [&lines[..2], &lines[3..]].concat();
    fs::write(path, kept.join("\n") + "\n").unwrap();
    let found = tampering(copy.path());
    assert!(matches!(found.why, Why::Gap { .. }), "{found}");
    assert_eq!(found.line, Some(3));
}

#[test]
fn a_swapped_line_is_found() {
    let copy = copy();
    let path = &segments(copy.path())[1];
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(2, 3);
    fs::write(path, lines.join("\n") + "\n").unwrap();
    assert_eq!(tampering(copy.path()).line, Some(3));
    lines.swap(2, 3);
    lines.insert(3, lines[2]);
    fs::write(path, lines.join("\n") + "\n").unwrap();
    let found = tampering(copy.path());
    assert!(matches!(found.why, Why::Reordering { .. }), "{found}");
}

#[test]
fn removed_segments_are_found() {
    for (number, why) in [(0, "gap"), (1, "gap"), (usize::MAX, "truncated")] {
        let copy = copy();
        let segments = segments(copy.path());
        fs::remove_file(&segments[number.min(segments.len() - 1)]).unwrap();
        let found = tampering(copy.path()).to_string();
        assert!(found.contains(why), "{found}");
    }
}

#[test]
fn lines_cut_from_the_end_are_a_truncation() {
    let copy = copy();
    let path = segments(copy.path()).pop().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text.lines().collect();
    fs::write(&path, kept[..kept.len() - 1].join("\n") + "\n").unwrap();
    let found = tampering(copy.path());
    assert!(matches!(found.why, Why::Truncation { .. }), "{found}");
}

#[test]
fn a_chain_made_anew_is_found_by_the_signature() {
    let copy = copy();
    let mut cursor = Cursor::start();
    for path in segments(copy.path()) {
        let mut rewritten = Vec::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let parsed = line::parse(line.as_bytes()).unwrap();
            let payload = String::from_utf8_lossy(parsed.payload).replace("\"allow\"", "\"deny\"");
            let hash = line::render(&mut rewritten, parsed.seq, &cursor.head, parsed.at, parsed.content, payload.as_bytes());
            cursor = Cursor { next: parsed.seq + 1, head: hash, at: parsed.at };
        }
        fs::write(&path, rewritten).unwrap();
    }
    let found = tampering(copy.path());
    assert!(matches!(found.why, Why::Rewritten { .. }), "{found}");
}

#[test]
fn a_missing_body_and_missing_checkpoints_are_found() {
    let built = built();
    let body = built.files.iter().find(|(path, _)| path.starts_with("bodies")).unwrap();
    let one = copy();
    fs::remove_file(one.path().join(&body.0)).unwrap();
    assert!(matches!(tampering(one.path()).why, Why::BodyMissing(_)));

    let other = copy();
    fs::remove_file(other.path().join(CHECKPOINTS)).unwrap();
    assert_eq!(tampering(other.path()).why, Why::NoCheckpoints);
    fs::write(other.path().join(CHECKPOINTS), "").unwrap();
    assert_eq!(tampering(other.path()).why, Why::NoCheckpoints);
}

#[test]
fn another_key_does_not_verify() {
    let other = tempfile::tempdir().unwrap();
    let key = Ledger::open(other.path(), options()).unwrap().public_key();
    let Verdict::Tampered(found) = verify(copy().path(), &key, &[]) else { panic!("whole") };
    assert!(matches!(found.why, Why::Checkpoint(_)), "{found}");
}

#[test]
fn a_roll_back_is_found_with_a_note_kept_elsewhere() {
    let built = built();
    let copy = copy();
    // The whole folder as it was at an earlier checkpoint, checkpoints included.
    let size = checkpoint::parse_one(&built.notes[1], &built.key).unwrap().size;
    for path in segments(copy.path()) {
        let text = fs::read_to_string(&path).unwrap();
        let kept: Vec<&str> = text.lines().filter(|line| line::parse(line.as_bytes()).unwrap().seq < size).collect();
        if kept.is_empty() { fs::remove_file(&path).unwrap() } else { fs::write(&path, kept.join("\n") + "\n").unwrap() }
    }
    let file = fs::read_to_string(copy.path().join(CHECKPOINTS)).unwrap();
    let kept = file.find(&built.notes[1]).unwrap() + built.notes[1].len();
    fs::write(copy.path().join(CHECKPOINTS), &file[..kept]).unwrap();
    assert!(verify(copy.path(), &built.key, &[]).is_whole());
    assert!(verify(copy.path(), &built.key, &built.notes[..2]).is_whole());
    let Verdict::Tampered(found) = verify(copy.path(), &built.key, &built.notes) else { panic!("whole") };
    assert!(matches!(found.why, Why::Truncation { .. }), "{found}");
}

#[test]
fn what_cannot_be_read_is_not_called_tampered() {
    let folder = tempfile::tempdir().unwrap();
    let verdict = verify(folder.path(), &built().key, &[]);
    assert_eq!(verdict.exit_code(), 2, "{verdict}");
    let verdict = verify(copy().path(), &built().key, &["no note".to_owned()]);
    assert_eq!(verdict.exit_code(), 2, "{verdict}");
}

#[test]
fn a_start_refuses_what_was_changed() {
    let built = built();
    let copy = copy();
    fs::copy(built.folder.path().join("ledger.key"), copy.path().join("ledger.key")).unwrap();
    let path = segments(copy.path()).pop().unwrap();
    let bytes = fs::read(&path).unwrap();
    let mut changed = bytes.clone();
    changed[300] ^= 1;
    fs::write(&path, &changed).unwrap();
    let error = Ledger::open(copy.path(), options()).unwrap_err().to_string();
    assert!(error.contains("was changed"), "{error}");
    // A line that nobody was writing.
    fs::write(&path, [&bytes[..], b"{\"seq\":0"].concat()).unwrap();
    assert!(Ledger::open(copy.path(), options()).is_err());
    // Lines that were signed.
    let length = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(&path, &bytes[..length]).unwrap();
    let error = Ledger::open(copy.path(), options()).unwrap_err().to_string();
    assert!(error.contains("lines were removed"), "{error}");
    // And its key.
    fs::write(&path, &bytes).unwrap();
    Ledger::open(copy.path(), options()).unwrap();
    fs::remove_file(copy.path().join("ledger.key")).unwrap();
    let error = Ledger::open(copy.path(), options()).unwrap_err().to_string();
    assert!(error.contains("restore it"), "{error}");
}
