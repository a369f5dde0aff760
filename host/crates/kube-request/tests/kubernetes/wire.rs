//! Protobuf that was changed: fields dropped, doubled, moved and rewritten with all lengths made right, or bytes alone.

use super::random::Random;

/// A field: its number, wire type, and what it holds.
#[derive(Clone)]
struct Field {
    number: u64,
    kind: u64,
    holds: Holds,
}

#[derive(Clone)]
enum Holds {
    Number(u64),
    Bytes(Vec<u8>),
    /// Bytes that can be read as a message; a string may be one too.
    Message(Vec<Field>),
}

pub fn mutated(body: &[u8], random: &mut Random) -> Vec<u8> {
    let mut body = body.to_vec();
    if random.one_in(4) {
        for _ in 0..=random.below(3) {
            bytes(&mut body, random);
        }
        return body;
    }
    let Some(mut fields) = body.get(4..).and_then(|rest| read(rest, 0)) else { return body };
    for _ in 0..=random.below(3) {
        // Of the object rather than of the envelope.
        match fields.iter_mut().find(|field| field.number == 2) {
            Some(Field { holds: Holds::Message(object), .. }) if !random.one_in(20) => change(object, random),
            _ => change(&mut fields, random),
        }
    }
    body.truncate(4);
    write(&fields, &mut body);
    body
}

fn bytes(body: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(body.len());
    match random.below(5) {
        0 => body[at] ^= 1 << random.below(8),
        1 => body[at] = random.next().to_le_bytes()[0],
        2 => body.truncate(at),
        3 => body.insert(at, random.next().to_le_bytes()[0]),
        _ => {
            let to = (at + random.below(8)).min(body.len());
            body.drain(at..to);
        }
    }
    if body.is_empty() {
        body.push(0);
    }
}

fn change(fields: &mut Vec<Field>, random: &mut Random) {
    if fields.is_empty() {
        return;
    }
    let at = random.below(fields.len());
    if let Holds::Message(inner) = &mut fields[at].holds
        && !inner.is_empty()
        && !random.one_in(4)
    {
        return change(inner, random);
    }
    match random.below(9) {
        0 => {
            fields.remove(at);
        }
        1 => fields.push(fields[at].clone()),
        2 => {
            let to = random.below(fields.len());
            fields.swap(at, to);
        }
        3 => fields[at].number = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 40, 200][random.below(14)],
        4 => fields[at].holds = Holds::Message(Vec::new()),
        5 => {
            // A message within itself.
            let inner = fields[at].clone();
            fields[at].holds = Holds::Message(vec![inner]);
        }
        _ => rewrite(&mut fields[at], random),
    }
    for field in fields {
        match field.holds {
            Holds::Number(_) if field.kind != 0 => field.kind = 0,
            Holds::Bytes(_) | Holds::Message(_) if field.kind == 0 => field.kind = 2,
            _ => {}
        }
    }
}

/// Another value.
fn rewrite(field: &mut Field, random: &mut Random) {
    const NUMBERS: [i64; 14] = [0, 1, 2, -1, 127, 128, 65536, i32::MAX as i64, i32::MIN as i64, 1 << 31, 1 << 32, i64::MAX, i64::MIN, 951_782_400];
    const TEXTS: [&[u8]; 22] = [
        b"", b"a", b"1", b"500m", b"1Gi", b"0.5", b" 1", b"-1", b"1e3", b"null", b"{}", b"[1, 2.50]", b"{\"a\":null}", b"\"x\"", b"{\"a\":1,\"a\":2}", b"\xff", b"\x08\x01", b"\x01\x02\xac\x02", b"k8s\0", b"true", b"\xe2\x80\xa8<>&", b"1.000",
    ];
    field.holds = match &field.holds {
        Holds::Number(_) => Holds::Number(random.pick(&NUMBERS).cast_unsigned()),
        _ if random.one_in(8) => Holds::Number(random.pick(&NUMBERS).cast_unsigned()),
        _ => Holds::Bytes(random.pick(&TEXTS).to_vec()),
    };
}

fn read(mut bytes: &[u8], depth: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let (number, kind) = (tag >> 3, tag & 7);
        let holds = match kind {
            0 => Holds::Number(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (inner, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                match read(inner, depth + 1) {
                    Some(fields) if depth < 30 && !inner.is_empty() => Holds::Message(fields),
                    _ => Holds::Bytes(inner.to_vec()),
                }
            }
            _ => return None,
        };
        if number == 0 {
            return None;
        }
        fields.push(Field { number, kind, holds });
    }
    Some(fields)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn write(fields: &[Field], out: &mut Vec<u8>) {
    for field in fields {
        put(field.number << 3 | field.kind, out);
        match &field.holds {
            Holds::Number(value) => put(*value, out),
            Holds::Bytes(bytes) => {
                put(bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Holds::Message(inner) => {
                let mut bytes = Vec::new();
                write(inner, &mut bytes);
                put(bytes.len() as u64, out);
                out.extend_from_slice(&bytes);
            }
        }
    }
}

fn put(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
