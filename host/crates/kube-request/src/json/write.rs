//! [`Json`] to compact text.

use super::Json;

pub(super) fn write(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(text) => out.push_str(text),
        Json::String(text) => write_string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (i, (key, item)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

/// A JSON string with its quotes. Escaped is what RFC 8259 demands, and what a YAML 1.1 reader, which
/// the API server uses for server-side apply, would take for a line break or refuse raw: DEL, the C1
/// controls, U+2028, U+2029, the byte order mark, U+FFFE and U+FFFF.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut i = 0;
    while i < bytes.len() {
        let byte = bytes[i];
        if PLAIN[usize::from(byte)] {
            i += 1;
            continue;
        }
        // How many bytes the character has, and its code when it must be escaped.
        let (length, code) = match (byte, bytes.get(i + 1), bytes.get(i + 2)) {
            (0..=0x1f | b'"' | b'\\' | 0x7f, ..) => (1, u32::from(byte)),
            (0xc2, Some(next @ 0x80..=0x9f), _) => (2, u32::from(*next)),
            (0xe2, Some(0x80), Some(last @ (0xa8 | 0xa9))) => (3, 0x2000 + u32::from(*last) - 0x80),
            (0xef, Some(0xbb), Some(0xbf)) => (3, 0xfeff),
            (0xef, Some(0xbf), Some(last @ (0xbe | 0xbf))) => (3, 0xffc0 + u32::from(*last) - 0x80),
            _ => {
                i += 1;
                continue;
            }
        };
        // A character is escaped whole, so both slices end on boundaries.
        out.push_str(&text[from..i]);
        match code {
            0x22 => out.push_str("\\\""),
            0x5c => out.push_str("\\\\"),
            0x0a => out.push_str("\\n"),
            0x0d => out.push_str("\\r"),
            0x09 => out.push_str("\\t"),
            code => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    out.push(char::from(HEX[(code >> shift & 15) as usize]));
                }
            }
        }
        i += length;
        from = i;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// A number as Go's `encoding/json` writes it; JSON has neither infinity nor NaN.
pub(crate) fn double(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if value == 0.0 || (1e-6..1e21).contains(&size) {
        return Some(value.to_string());
    }
    let text = format!("{value:e}");
    Some(if size >= 1e21 { text.replace('e', "e+") } else { text })
}

/// Bytes that never need a second look.
static PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = !(byte < 0x20 || byte == 0x22 || byte == 0x5c || byte == 0x7f || byte == 0xc2 || byte == 0xe2 || byte == 0xef);
        byte += 1;
    }
    plain
};
