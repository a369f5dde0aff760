//! Leaving custom sections out of a core module.

use anyhow::{Result, bail};

/// Magic number and version.
const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// The module without the custom sections whose name `drop` says yes to.
pub(super) fn without(module: &[u8], drop: impl Fn(&str) -> bool) -> Result<Vec<u8>> {
    let Some(mut rest) = module.strip_prefix(HEADER) else {
        bail!("it does not begin with the magic number and the version of a module");
    };
    let mut kept = HEADER.to_vec();
    while let Some((&id, after)) = rest.split_first() {
        let (size, body) = number(after)?;
        let Some((body, next)) = body.split_at_checked(size) else {
            bail!("a section is longer than the file");
        };
        if id != 0 || !drop(&name(body)?) {
            kept.extend_from_slice(&rest[..rest.len() - next.len()]);
        }
        rest = next;
    }
    Ok(kept)
}

fn name(section: &[u8]) -> Result<String> {
    let (length, text) = number(section)?;
    match text.get(..length) {
        Some(name) => Ok(String::from_utf8_lossy(name).into_owned()),
        None => bail!("a custom section is shorter than its name"),
    }
}

/// An unsigned LEB128 number of at most 32 bits, and what comes after it.
fn number(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((usize::try_from(value)?, &bytes[index + 1..]));
        }
    }
    bail!("a number does not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_go_by_name_and_the_rest_stays() {
        let custom = |name: &str| [&[0, name.len() as u8 + 3, name.len() as u8], name.as_bytes(), &[1, 2]].concat();
        let code = vec![10, 2, 0, 0];
        let module = [HEADER.to_vec(), custom("keep"), code.clone(), custom("drop-me")].concat();
        let kept = without(&module, |name| name.starts_with("drop")).expect("a module");
        assert_eq!(kept, [HEADER.to_vec(), custom("keep"), code].concat());
    }

    #[test]
    fn what_is_no_module_is_refused() {
        for bytes in [&b"text"[..], b"\0asm\x01\0\0\0\x0a\x05\0", b"\0asm\x01\0\0\0\0\x80", b"\0asm\x01\0\0\0\0\x02\x09a"] {
            assert!(without(bytes, |_| true).is_err(), "{bytes:?}");
        }
    }
}
