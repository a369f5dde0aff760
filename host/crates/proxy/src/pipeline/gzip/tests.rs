use std::io::Read;

use flate2::read::MultiGzDecoder;
use http::HeaderValue;

use super::*;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut gzip = Gzip::new();
    let mut out = gzip.push(plain);
    out.extend(gzip.finish());
    out
}

/// Everything that comes out, fed in pieces.
fn plain(compressed: &[u8], piece: usize) -> std::io::Result<Vec<u8>> {
    let mut gunzip = Gunzip::default();
    let mut out = Vec::new();
    for chunk in compressed.chunks(piece) {
        gunzip.input = Bytes::copy_from_slice(chunk);
        while let Some(bytes) = gunzip.bite()? {
            assert!(bytes.len() <= BITE * 1032 + 64 * 1024, "one bite makes {} bytes", bytes.len());
            out.extend_from_slice(&bytes);
        }
    }
    gunzip.end()?;
    Ok(out)
}

#[test]
fn every_member_is_read_however_the_bytes_come() {
    let members = [gzip(b"one "), gzip(b""), gzip(&b"two ".repeat(5000)), gzip(b"three")].concat();
    let expected = [b"one ".to_vec(), b"two ".repeat(5000), b"three".to_vec()].concat();
    for piece in [1, 2, 7, 100, 1 << 20] {
        assert_eq!(plain(&members, piece).unwrap(), expected, "in pieces of {piece}");
    }
    assert_eq!(plain(b"", 1).unwrap(), b"");
}

/// A watch must not wait for the next event to show the one before.
#[test]
fn a_member_is_shown_when_it_has_come() {
    let mut gunzip = Gunzip::default();
    for event in ["first\n", "second\n"] {
        gunzip.input = gzip(event.as_bytes()).into();
        assert_eq!(gunzip.bite().unwrap().unwrap(), event);
        assert_eq!(gunzip.bite().unwrap(), None);
    }
}

/// The same within a member, where the server flushes it.
#[test]
fn what_was_flushed_is_shown() {
    let mut server = GzEncoder::new(Vec::new(), Compression::fast());
    let mut gunzip = Gunzip::default();
    for event in ["first\n", "second\n"] {
        server.write_all(event.as_bytes()).unwrap();
        server.flush().unwrap();
        gunzip.input = std::mem::take(server.get_mut()).into();
        let mut shown = Vec::new();
        while let Some(bytes) = gunzip.bite().unwrap() {
            shown.extend_from_slice(&bytes);
        }
        assert_eq!(shown, event.as_bytes());
    }
}

#[test]
fn what_is_cut_off_or_no_gzip_is_an_error() {
    let whole = gzip(&b"some text that is long enough to have a body ".repeat(40));
    for cut in [1, 5, 11, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        assert!(plain(&whole[..cut], 64).is_err(), "cut at {cut} of {}", whole.len());
    }
    let mut wrong = whole.clone();
    let sum = wrong.len() - 6;
    wrong[sum] ^= 1;
    assert!(plain(&wrong, 64).is_err(), "its checksum is wrong");
    assert!(plain(b"{\"kind\":\"List\"}", 64).is_err());
    assert!(plain(&[&whole[..], b"{}"].concat(), 64).is_err(), "what follows a member is another");
}

#[test]
fn a_bomb_comes_in_bites() {
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(plain(&bomb, 1 << 20).unwrap().len(), 64 << 20);
}

#[test]
fn what_goes_out_is_gzip() {
    let text = b"a line of an answer\n".repeat(100_000);
    let mut gzip = Gzip::new();
    let mut out = Vec::new();
    for chunk in text.chunks(16 << 10) {
        out.extend(gzip.push(chunk));
    }
    out.extend(gzip.finish());
    let mut back = Vec::new();
    MultiGzDecoder::new(&out[..]).read_to_end(&mut back).unwrap();
    assert_eq!(back, text);
}

#[test]
fn only_gzip_is_taken() {
    let by = |codings: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        gunzip(&headers).map(|gunzip| gunzip.is_some())
    };
    assert!(!by(&[]).unwrap() && !by(&["identity"]).unwrap() && by(&["gzip"]).unwrap());
    for codings in [&["br"][..], &["gzip, gzip"], &["gzip", "gzip"], &["deflate"], &["zstd"]] {
        assert!(by(codings).is_err(), "{codings:?}");
    }
}
