//! Leaving custom sections out of a core module.

/// Magic number and version.
const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// What makes some bytes no module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoModule {
    /// They are something else.
    #[error("it does not begin with the magic number and the version of a module")]
    Header,
    /// They end too early.
    #[error("a section is longer than the file")]
    Section,
    /// A custom section is broken.
    #[error("a custom section is shorter than its name")]
    Name,
    /// A LEB128 number is broken.
    #[error("a number does not end")]
    Number,
}

/// The module without the custom sections whose name `drop` says yes to.
pub(super) fn without(module: &[u8], drop: impl Fn(&str) -> bool) -> Result<Vec<u8>, NoModule> {
    let mut rest = module.strip_prefix(HEADER).ok_or(NoModule::Header)?;
    let mut kept = HEADER.to_vec();
    while let Some((&id, after)) = rest.split_first() {
        let (size, body) = number(after)?;
        let (body, next) = body.split_at_checked(size).ok_or(NoModule::Section)?;
        if id != 0 || !drop(&name(body)?) {
            kept.extend_from_slice(&rest[..rest.len() - next.len()]);
        }
        rest = next;
    }
    Ok(kept)
}

fn name(section: &[u8]) -> Result<String, NoModule> {
    let (length, text) = number(section)?;
    text.get(..length).map(|name| String::from_utf8_lossy(name).into_owned()).ok_or(NoModule::Name)
}

/// An unsigned LEB128 number of at most 32 bits, and what comes after it.
fn number(bytes: &[u8]) -> Result<(usize, &[u8]), NoModule> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((usize::try_from(value).map_err(|_| NoModule::Number)?, &bytes[index + 1..]));
        }
    }
    Err(NoModule::Number)
}

#[cfg(test)]
mod tests;
