//! The path: decoded once, refused if it has two readings, written anew.
//!
//! The API server splits `url.URL.Path`, which is the decoded and uncleaned path, at its slashes
//! (`apiserver/pkg/endpoints/request/requestinfo.go`). So `%2F` makes a segment there, `//` shifts
//! all that follow, and `..` is a name. None of these has a use in the Kubernetes API: names may not
//! be `.` or `..`, nor contain `/` or `%` (`IsPathSegmentName`).

use crate::Refusal;

/// The longest decoded segment, in bytes. Names have at most 253 characters, except those of RBAC
/// objects, which have no limit of their own.
pub const MAX_SEGMENT: usize = 512;

/// Decode and check. A slash at the end is kept: the caller decides where it may stand.
pub(crate) fn decode(raw: &str) -> Result<String, Refusal> {
    if !raw.starts_with('/') {
        return Err(bad("the request target must be a path that begins with a slash: send it in origin form"));
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    let mut segment = 0usize;
    while let Some(byte) = bytes.next() {
        match byte {
            b'/' => {
                check_segment(&out[out.len() - segment..], out.is_empty())?;
                out.push(b'/');
                segment = 0;
                continue;
            }
            b'%' => {
                let decoded = hex_pair(bytes.next(), bytes.next())
                    .ok_or_else(|| bad("the path has a percent sign that is not followed by two hexadecimal digits: encode it as the Kubernetes clients do"))?;
                match decoded {
                    b'/' | b'\\' => return Err(bad("the path has an encoded slash or backslash: no Kubernetes name contains one")),
                    b'%' => return Err(bad("the path is percent-encoded twice: no Kubernetes name contains a percent sign")),
                    0..=0x1f | 0x7f => return Err(bad("the path has a control character: no Kubernetes name contains one")),
                    _ => out.push(decoded),
                }
            }
            b'\\' => return Err(bad("the path has a backslash: no Kubernetes name contains one")),
            byte if is_path_byte(byte) => out.push(byte),
            _ => return Err(bad("the path has a character that must be percent-encoded: see RFC 3986 section 3.3")),
        }
        segment += 1;
        if segment > MAX_SEGMENT {
            return Err(bad("a segment of the path is longer than 512 bytes: no Kubernetes name is"));
        }
    }
    check_segment(&out[out.len() - segment..], segment == 0)?;
    let path = String::from_utf8(out).map_err(|_| bad("the path is not valid UTF-8 once decoded: encode names as UTF-8"))?;
    if !path.is_ascii() && path.chars().any(is_deceptive) {
        return Err(bad("the path has an invisible or direction-changing character: a person who approves it could not read it"));
    }
    Ok(path)
}

/// `allow_empty` is for the two places where a slash does not close a segment: the first, and the last.
fn check_segment(segment: &[u8], allow_empty: bool) -> Result<(), Refusal> {
    match segment {
        b"" if !allow_empty => Err(bad("the path has an empty segment: write single slashes")),
        b"." | b".." => Err(bad("the path has a dot segment: write the path without `.` and `..`")),
        _ => Ok(()),
    }
}

/// Append `path` as it is sent: everything but RFC 3986's unreserved characters and a few harmless
/// ones that occur in names (`system:node`, `a@b`) is percent-encoded.
pub(crate) fn encode(path: &str, out: &mut String) {
    for byte in path.bytes() {
        if is_unreserved(byte) || matches!(byte, b'/' | b':' | b'@' | b'$' | b'+' | b',' | b'=' | b'!' | b'*' | b'(' | b')') {
            out.push(char::from(byte));
        } else {
            push_escape(byte, out);
        }
    }
}

pub(crate) fn push_escape(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

pub(crate) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// `pchar` of RFC 3986, without the percent sign.
fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@')
}

pub(crate) fn hex_pair(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    Some((digit(high?)? << 4) | digit(low?)?)
}

/// Characters that make text read differently from what it is: C1 controls, line and paragraph
/// separators, zero-width ones, and the bidirectional overrides of CVE-2021-42574.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{61c}' | '\u{180e}' | '\u{e0000}'..='\u{e007f}')
}

fn bad(message: &str) -> Refusal {
    Refusal::malformed("path", message)
}

#[cfg(test)]
mod tests;
