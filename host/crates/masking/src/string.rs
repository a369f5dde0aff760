//! JSON strings: undoing and writing escapes.

/// Appends the content of a JSON string, given without its quotes and already checked, with its escapes undone. Half a
/// surrogate pair becomes U+FFFD, as in Go.
pub(crate) fn decode(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let kind = rest.get(at + 1).copied().unwrap_or(b'\\');
        rest = rest.get(at + 2..).unwrap_or_default();
        match kind {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let first = hex(rest);
                rest = rest.get(4..).unwrap_or_default();
                let mut character = char::from_u32(first);
                if (0xd800..0xdc00).contains(&first) && rest.starts_with(b"\\u") {
                    let second = hex(&rest[2..]);
                    if (0xdc00..0xe000).contains(&second) {
                        character = char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                        rest = rest.get(6..).unwrap_or_default();
                    }
                }
                let mut room = [0; 4];
                out.extend_from_slice(character.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut room).as_bytes());
            }
            other => out.push(other),
        }
    }
    out.extend_from_slice(rest);
}

/// Four hexadecimal digits; what is none (the string has been checked) gives half a surrogate pair, and so U+FFFD.
fn hex(digits: &[u8]) -> u32 {
    digits.get(..4).and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| u32::from_str_radix(d, 16).ok()).unwrap_or(0xdfff)
}

/// Appends a JSON string, quotes included. Bytes that are no UTF-8 become U+FFFD.
pub(crate) fn encode(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        escape(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for (at, &b) in text.iter().enumerate() {
        if b >= 0x20 && b != b'"' && b != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[from..at]);
        from = at + 1;
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            control => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[(control >> 4) as usize]);
                out.push(DIGITS[(control & 15) as usize]);
            }
        }
    }
    out.extend_from_slice(&text[from..]);
}

#[cfg(test)]
mod tests;
