//! Keyed tokens that stand for masked values, and how one is recognised when it comes back.

use aho_corasick::AhoCorasick;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::sync::OnceLock;
use zeroize::Zeroize as _;

/// What every token begins with. The number is the version of the way tokens are made.
pub const TOKEN_PREFIX: &str = "masked:v1:";

/// Length of a token in bytes: the prefix and 22 characters of base64url, 128 bits of the HMAC.
pub const TOKEN_LENGTH: usize = TOKEN_PREFIX.len() + 22;

/// The word that replaces a redacted value.
pub const REDACTED: &str = "masked";

/// The key of the tokens: HMAC-SHA256. Two gateways with the same key give the same tokens.
///
/// Its `Debug` shows nothing, and its memory is wiped when it is dropped (by the cryptographic library).
pub struct TokenKey(hmac::Key);

impl TokenKey {
    /// Takes 32 random bytes; this function's copy of them is wiped.
    pub fn new(mut key: [u8; 32]) -> TokenKey {
        let made = hmac::Key::new(hmac::HMAC_SHA256, &key);
        key.zeroize();
        TokenKey(made)
    }

    /// The token of a secret: `masked:v1:` and 22 characters of base64url.
    pub fn token(&self, secret: &[u8]) -> String {
        let mut token = String::with_capacity(TOKEN_LENGTH);
        token.push_str(TOKEN_PREFIX);
        URL_SAFE_NO_PAD.encode_string(&self.tag(secret)[..16], &mut token);
        token
    }

    /// The token as bytes, with no allocation: this is on the path of every masked value.
    pub(crate) fn token_bytes(&self, secret: &[u8]) -> [u8; TOKEN_LENGTH] {
        let mut token = [0; TOKEN_LENGTH];
        let (prefix, rest) = token.split_at_mut(TOKEN_PREFIX.len());
        prefix.copy_from_slice(TOKEN_PREFIX.as_bytes());
        let written = URL_SAFE_NO_PAD.encode_slice(&self.tag(secret)[..16], rest);
        debug_assert_eq!(written.ok(), Some(22));
        token
    }

    fn tag(&self, secret: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.0, secret).as_ref());
        tag
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

/// How often JSON escapes are undone before the search: a string in a string in a string in a document.
const UNESCAPES: usize = 4;

/// Whether the bytes hold (the beginning of) a token: as it is, in base64 at any alignment and up to twice, with
/// line breaks in the base64, and behind JSON escapes up to four deep.
///
/// Used to refuse a write that would store a masked value in the cluster. It looks for [`TOKEN_PREFIX`] alone, so
/// that a token cut short is found too. Time is linear; memory is at most two copies of the input, and only when
/// it holds a backslash or a line break.
pub fn contains_token(bytes: &[u8]) -> bool {
    if found(bytes) {
        return true;
    }
    let mut current: Vec<u8>;
    let mut view = bytes;
    for _ in 0..UNESCAPES {
        let Some(next) = unescape(view) else { return false };
        current = next;
        if found(&current) {
            return true;
        }
        view = &current;
    }
    false
}

/// Searches the bytes, and once more without their line breaks, which decoders of base64 ignore.
fn found(bytes: &[u8]) -> bool {
    let needles = needles();
    if needles.is_match(bytes) {
        return true;
    }
    if memchr::memchr2(b'\r', b'\n', bytes).is_none() {
        return false;
    }
    let joined: Vec<u8> = bytes.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    needles.is_match(&joined)
}

/// Undoes one level of JSON escapes wherever they stand; nothing when there are none.
fn unescape(bytes: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', bytes)?;
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let Some((&kind, after)) = rest.split_first() else { break };
        rest = after;
        match kind {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => match rest.get(..4).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
                Some(code) => {
                    rest = &rest[4..];
                    // Halves of surrogate pairs are of no interest: a token is ASCII.
                    let mut room = [0; 4];
                    out.extend_from_slice(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut room).as_bytes());
                }
                None => out.push(b'u'),
            },
            other => out.push(other),
        }
    }
    out.extend_from_slice(rest);
    Some(out)
}

fn needles() -> &'static AhoCorasick {
    static NEEDLES: OnceLock<AhoCorasick> = OnceLock::new();
    NEEDLES.get_or_init(|| {
        let mut all = vec![TOKEN_PREFIX.as_bytes().to_vec()];
        let once: Vec<Vec<u8>> = alignments(TOKEN_PREFIX.as_bytes()).collect();
        let twice: Vec<Vec<u8>> = once.iter().flat_map(|needle| alignments(needle)).collect();
        all.extend(once);
        all.extend(twice);
        // The URL-safe alphabet, where it differs.
        let safe: Vec<Vec<u8>> = all.iter().map(|n| n.iter().map(|b| match b { b'+' => b'-', b'/' => b'_', b => *b }).collect()).collect();
        for needle in safe {
            if !all.contains(&needle) {
                all.push(needle);
            }
        }
        // A handful of short constant needles is far below every limit of the builder.
        AhoCorasick::new(all).unwrap_or_else(|_| unreachable!("constant needles"))
    })
}

/// The characters of base64 that depend on the needle alone, for each of the three places at which it may begin.
fn alignments(needle: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..3).map(move |before| {
        let mut padded = vec![0; before];
        padded.extend_from_slice(needle);
        let text = STANDARD_NO_PAD.encode(&padded);
        let first = (before * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        text.as_bytes()[first..end].to_vec()
    })
}

#[cfg(test)]
mod tests;
