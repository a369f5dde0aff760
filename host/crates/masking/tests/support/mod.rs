//! What the tests of whole documents share: JSON trees that keep duplicate keys, written in odd ways on purpose, and a
//! masker that works on whole trees, written from the documentation and not from the code.
#![allow(dead_code, clippy::unwrap_used)]

pub mod naive;

use json_event_parser::{JsonEvent, SliceJsonParser};

/// A JSON value that keeps duplicate keys, their order and the text of numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// Parses one document by the oracle; nothing when it is not valid.
    pub fn parse(text: &[u8]) -> Option<Tree> {
        let mut parser = SliceJsonParser::new(text);
        let mut open: Vec<(Option<String>, Tree)> = Vec::new();
        let mut key: Option<String> = None;
        let mut done: Option<Tree> = None;
        loop {
            let value = match parser.parse_next().ok()? {
                JsonEvent::Eof => return done,
                JsonEvent::ObjectKey(name) => {
                    key = Some(name.into_owned());
                    continue;
                }
                JsonEvent::StartArray => {
                    open.push((key.take(), Tree::Array(Vec::new())));
                    continue;
                }
                JsonEvent::StartObject => {
                    open.push((key.take(), Tree::Object(Vec::new())));
                    continue;
                }
                JsonEvent::EndArray | JsonEvent::EndObject => {
                    let (outer, value) = open.pop()?;
                    key = outer;
                    value
                }
                JsonEvent::Null => Tree::Null,
                JsonEvent::Boolean(value) => Tree::Bool(value),
                JsonEvent::Number(text) => Tree::Number(text.into_owned()),
                JsonEvent::String(text) => Tree::String(text.into_owned()),
            };
            match open.last_mut() {
                None => done = Some(value),
                Some((_, Tree::Array(items))) => items.push(value),
                Some((_, Tree::Object(fields))) => fields.push((key.take()?, value)),
                Some(_) => return None,
            }
        }
    }

    /// Writes the document. `odd` decides, bit by bit, where escapes and white space go.
    pub fn write(&self, odd: &mut Odd, out: &mut String) {
        odd.space(out);
        match self {
            Tree::Null => out.push_str("null"),
            Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Tree::Number(text) => out.push_str(text),
            Tree::String(text) => write_string(text, odd, out),
            Tree::Array(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    item.write(odd, out);
                }
                odd.space(out);
                out.push(']');
            }
            Tree::Object(fields) => {
                out.push('{');
                for (n, (key, value)) in fields.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    odd.space(out);
                    write_string(key, odd, out);
                    odd.space(out);
                    out.push(':');
                    value.write(odd, out);
                }
                odd.space(out);
                out.push('}');
            }
        }
    }

    /// The document written plainly.
    pub fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut Odd::none(), &mut out);
        out
    }

    /// The same tree with every string that holds a JSON object replaced by that object, so that trees can be compared
    /// whatever the text of embedded documents looks like.
    pub fn unfolded(&self) -> Tree {
        match self {
            Tree::String(text) => match Tree::parse(text.as_bytes()) {
                Some(tree @ Tree::Object(_)) => Tree::Array(vec![Tree::String("embedded".into()), tree.unfolded()]),
                _ => self.clone(),
            },
            Tree::Array(items) => Tree::Array(items.iter().map(Tree::unfolded).collect()),
            Tree::Object(fields) => Tree::Object(fields.iter().map(|(key, value)| (key.clone(), value.unfolded())).collect()),
            other => other.clone(),
        }
    }
}

/// A source of decisions: a small generator, so that one number reproduces a document.
pub struct Odd(u64);

impl Odd {
    pub fn none() -> Odd {
        Odd(0)
    }
    pub fn new(seed: u64) -> Odd {
        Odd(seed | 1)
    }
    pub fn next(&mut self, of: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % of
    }
    fn is_none(&self) -> bool {
        self.0 == 0
    }
    fn space(&mut self, out: &mut String) {
        if !self.is_none() && self.next(8) == 0 {
            out.push_str([" ", "\n", "\t", "\r\n", "  "][self.next(5) as usize]);
        }
    }
}

fn write_string(text: &str, odd: &mut Odd, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if !odd.is_none() && odd.next(10) == 0 {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&if odd.next(2) == 0 { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") });
            }
            continue;
        }
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            '/' if !odd.is_none() && odd.next(3) == 0 => out.push_str("\\/"),
            c => out.push(c),
        }
    }
    out.push('"');
}
