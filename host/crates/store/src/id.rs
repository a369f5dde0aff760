use rand::RngExt;

/// Crockford's alphabet in lower case: no i, l, o, u, so that an id can be read out and typed.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Twelve characters of five bits: 2^60 ids. They name things, they are no secrets.
const LENGTH: usize = 12;

/// A fresh id for people to read and type: `{prefix}-{12 characters}`.
pub fn new_id(prefix: &str) -> String {
    let mut random = rand::rng();
    let mut id = String::with_capacity(prefix.len() + 1 + LENGTH);
    id.push_str(prefix);
    id.push('-');
    for _ in 0..LENGTH {
        let at: u8 = random.random_range(0..32);
        id.push(char::from(ALPHABET[usize::from(at)]));
    }
    id
}
