use std::io::Read as _;

use object_store::local::LocalFileSystem;
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..6000)) {
        let (text, zstd) = encode(&bytes).unwrap();
        prop_assert_eq!(decode(text, zstd.as_deref(), bytes.len() as u64), Some(bytes));
    }

    #[test]
    fn text_stays_text(text in ".{0,500}") {
        let (found, zstd) = encode(text.as_bytes()).unwrap();
        prop_assert_eq!(found.as_deref(), Some(text.as_str()));
        prop_assert_eq!(zstd, None);
    }
}

#[test]
fn a_wrong_length_is_no_body() {
    let (text, zstd) = encode(b"abc").unwrap();
    assert_eq!(decode(text.clone(), zstd.as_deref(), 4), None);
    assert_eq!(decode(text, Some("AAAA"), 3), None);
    assert_eq!(decode(None, None, 0), None);
    // A frame that claims to be a gigabyte is not tried.
    let huge = STANDARD.encode(zstd::bulk::compress(&vec![0; 1 << 20], 1).unwrap());
    assert_eq!(decode(None, Some(&huge), 1 << 30), None);
    assert_eq!(decode(None, Some(&huge), 100), None);
}

fn folder() -> (tempfile::TempDir, LocalFileSystem) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("spool")).unwrap();
    let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap().with_fsync(true);
    (folder, store)
}

#[tokio::test]
async fn a_large_body_becomes_a_file_named_by_its_hash() {
    let (folder, store) = folder();
    let mut spool = Spool::create(folder.path(), "spool/a.zst".to_owned()).unwrap();
    let chunk: Vec<u8> = (0..50_000u32).flat_map(u32::to_le_bytes).collect();
    for _ in 0..3 {
        spool.write(&chunk).unwrap();
    }
    let stored = spool.finish(&store).await.unwrap();
    assert_eq!(stored.bytes(), 600_000);
    assert_eq!(stored.hash(), content_hash(&chunk.repeat(3)));
    let Place::Blob { file, size } = stored.place else { panic!("inline") };
    let path = folder.path().join(blob_path(&hex::encode(file)));
    let bytes = std::fs::read(path).unwrap();
    assert_eq!((sha256(&bytes), bytes.len() as u64), (file, size));
    assert_eq!(zstd::stream::decode_all(&bytes[..]).unwrap(), chunk.repeat(3));
    assert_eq!(std::fs::read_dir(folder.path().join("spool")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_small_body_leaves_no_file() {
    let (folder, store) = folder();
    let mut spool = Spool::create(folder.path(), "spool/a.zst".to_owned()).unwrap();
    spool.write(b"hello ").unwrap();
    spool.write(b"there").unwrap();
    let stored = spool.finish(&store).await.unwrap();
    assert!(matches!(stored.place, Place::Inline(content) if content == b"hello there"));
    assert_eq!(std::fs::read_dir(folder.path().join("spool")).unwrap().count(), 0);
}

#[test]
fn every_written_chunk_can_be_read_back_before_the_body_ends() {
    let (folder, _) = folder();
    let mut spool = Spool::create(folder.path(), "spool/a.zst".to_owned()).unwrap();
    let mut written = Vec::new();
    for number in 0..20u32 {
        let chunk = format!("chunk {number} ").repeat(1000);
        spool.write(chunk.as_bytes()).unwrap();
        written.extend_from_slice(chunk.as_bytes());
        let mut decoder = zstd::stream::read::Decoder::new(std::fs::File::open(folder.path().join("spool/a.zst")).unwrap()).unwrap();
        let mut found = Vec::new();
        let _ = decoder.read_to_end(&mut found);
        assert_eq!(found.len(), written.len(), "after chunk {number}");
        assert_eq!(found, written);
    }
}
