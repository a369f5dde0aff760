use super::*;

#[test]
fn blocks_of_any_size_share_one_context() {
    let (mut write, mut read) = (Compressor::new().expect("it starts"), Decompressor::new());
    for size in [0, 1, 30, STEP - 1, STEP, STEP + 1, 3 * STEP, MAX_HEADER_BLOCK] {
        // Bytes that hardly compress, so that the compressed form takes several steps too.
        let block: Vec<u8> = (0..size as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut wire = Vec::new();
        write.block(&block, &mut wire).expect("it is written");
        assert_eq!(read.block(&wire).as_deref(), Ok(&block[..]), "{size}");
    }
}

#[test]
fn the_second_block_is_shorter_for_the_first() {
    let mut write = Compressor::new().expect("it starts");
    let length = |write: &mut Compressor| {
        let mut out = Vec::new();
        write.block(b"\0\0\0\x04port\0\0\0\x058080", &mut out).expect("it is written");
        out.len()
    };
    assert!(length(&mut write) > 2 * length(&mut write));
}

#[test]
fn a_block_that_explodes_is_refused_at_the_bound() {
    for size in [MAX_HEADER_BLOCK + 1, 2 * MAX_HEADER_BLOCK, 64 << 20] {
        let mut wire = Vec::new();
        Compressor::new().expect("it starts").block(&vec![0; size], &mut wire).expect("it is written");
        assert_eq!(Decompressor::new().block(&wire), Err(Error::HeaderBlock), "{size}");
    }
}

#[test]
fn what_is_no_block_is_refused() {
    let mut ended = Deflate::new(6, true, 15);
    ended.set_dictionary(&dictionary()).expect("it is taken");
    let mut end = vec![0; 64];
    ended.compress(b"abc", &mut end, DeflateFlush::Finish).expect("it is written");
    end.truncate(ended.total_out() as usize);

    let mut other = Deflate::new(6, true, 15);
    other.set_dictionary(b"another dictionary").expect("it is taken");
    let mut foreign = vec![0; 64];
    other.compress(b"abc", &mut foreign, DeflateFlush::SyncFlush).expect("it is written");
    foreign.truncate(other.total_out() as usize);

    for (what, block) in [
        ("no zlib", &b"GET / HTTP/1.1\r\n"[..]),
        ("gzip", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
        ("a stream that ends", &end),
        ("another dictionary", &foreign),
        ("a stream that ends, and more behind", &[&end[..], b"more"].concat()),
    ] {
        assert_eq!(Decompressor::new().block(block), Err(Error::Compression), "{what}");
    }
}

/// A block that stops half-way gives what is there; that the lengths in it do not add up then, the header
/// block's reader finds.
#[test]
fn a_block_cut_short_gives_no_more_than_was_there() {
    let mut wire = Vec::new();
    let block = b"\0\0\0\x01\0\0\0\x04port\0\0\0\x048080";
    Compressor::new().expect("it starts").block(block, &mut wire).expect("it is written");
    for cut in 0..wire.len() {
        let read = Decompressor::new().block(&wire[..cut]).expect("nothing in it is wrong");
        assert!(block.starts_with(&read), "{cut}");
    }
}
