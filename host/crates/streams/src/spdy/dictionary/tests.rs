use std::path::PathBuf;
use std::process::Command;

use super::*;

/// RFC 1950, section 8.
fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (b + a) % 65521)
    });
    b << 16 | a
}

#[test]
fn it_has_the_length_and_the_checksum_that_zlib_streams_of_spdy_3_name() {
    assert_eq!(dictionary().len(), 1423);
    assert_eq!(adler32(&dictionary()), ID);
}

/// The checksum says it already; where Kubernetes' own library is at hand, it is compared byte for byte.
#[test]
fn it_is_that_of_spdystream() {
    let Ok(found) = Command::new("go").args(["env", "GOMODCACHE"]).output() else { return };
    let cache = PathBuf::from(String::from_utf8_lossy(&found.stdout).trim());
    let Ok(source) = std::fs::read_to_string(cache.join("github.com/moby/spdystream@v0.5.1/spdy/dictionary.go")) else { return };
    let bytes: Vec<u8> =
        source.split("0x").skip(1).map(|byte| u8::from_str_radix(&byte[..2], 16).expect("two digits")).collect();
    assert_eq!(bytes, dictionary());
}
