//! YAML to [`Json`], as the API server reads it, or not at all.
//!
//! The API server reads YAML with `sigs.k8s.io/yaml`, which is go-yaml 2 and so YAML 1.1 in what a plain word means,
//! and turns it into JSON. There `yes` is true, `0777` is 511 and `<<` copies from elsewhere; other readers, and most
//! people, take them for something else. What has two readings is refused, with a sentence that says how to write it
//! plainly. The events come from `granit-parser`, which tells how each scalar was written.

mod plain;

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use crate::json::{MAX_DEPTH, MAX_VALUES};
use crate::{Json, MAX_BODY};
use plain::{Plain, resolve};

/// Why a document is not acceptable YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// No YAML.
    #[error("{what} at line {line}")]
    Syntax {
        /// From 1.
        line: usize,
        /// What the parser says.
        what: String,
    },
    /// A control character, a byte order mark, or a line break of Unicode's: readers differ about them.
    #[error("there is a control character or an unusual line break at line {line}: write it as an escape within double quotes")]
    Character {
        /// From 1.
        line: usize,
    },
    /// A tab where a line is indented, or behind the dash of an item: no YAML to go-yaml.
    #[error("there is a tab in the indentation at line {line}: indent with spaces")]
    Tab {
        /// From 1.
        line: usize,
    },
    /// `\\/`, an escape of YAML 1.2 only.
    #[error("there is a slash behind a backslash at line {line}: write the slash alone")]
    Slash {
        /// From 1.
        line: usize,
    },
    /// A plain word that YAML 1.1 and 1.2 read as different things, or that JSON has no number for.
    #[error("{text:?} at line {line} has more than one reading: put quotes around it, or write a plain decimal number, true, false or null")]
    Ambiguous {
        /// The word, cut to 64 characters.
        text: String,
        /// From 1.
        line: usize,
    },
    /// `<<`
    #[error("there is a merge key at line {line}: write out what it would copy")]
    Merge {
        /// From 1.
        line: usize,
    },
    /// `!!binary` and its like.
    #[error("there is a tag at line {line}: leave it out, and put quotes around strings")]
    Tag {
        /// From 1.
        line: usize,
    },
    /// A key that is no string.
    #[error("the key at line {line} is not a string: put quotes around it")]
    Key {
        /// From 1.
        line: usize,
    },
    /// Of two equal keys the API server takes the last.
    #[error("the key {key:?} occurs twice in one mapping, at line {line}")]
    DuplicateKey {
        /// The key, cut to 64 characters.
        key: String,
        /// From 1.
        line: usize,
    },
    /// None or several: the API server reads the first only.
    #[error("there is not exactly one document: send each on its own")]
    Documents,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("it is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More values than [`MAX_VALUES`], or more than [`MAX_BODY`] as JSON, with what aliases stand for.
    #[error("it holds too much")]
    TooLarge,
}

/// Parse one document.
///
/// # Errors
/// When the API server could read something else from it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Json, YamlError> {
    let text = std::str::from_utf8(bytes).map_err(|error| YamlError::Character { line: line_of(bytes, error.valid_up_to()) })?;
    if let Some(at) = unusual(text) {
        return Err(YamlError::Character { line: line_of(bytes, at) });
    }
    for (line, text) in (1..).zip(text.split('\n')) {
        if text.trim_start_matches([' ', '-']).starts_with('\t') {
            return Err(YamlError::Tab { line });
        }
        if text.contains("\\/") {
            return Err(YamlError::Slash { line });
        }
    }
    let options = granit_parser::options! {
        emit_comments: false,
        disallow_directives: true,
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let events = Parser::new_from_str_with_options(text, options);
    Reader { events, anchors: HashMap::new(), kept: Cost::default(), cost: Cost::default() }.document()
}

/// Whether a JSON document is the same to a reader of YAML: its numbers are what may differ.
pub(crate) fn reads_as_json(json: &Json) -> bool {
    match json {
        Json::Number(text) => matches!(resolve(text), Plain::Is(Json::Number(_))),
        Json::Array(items) => items.iter().all(reads_as_json),
        Json::Object(members) => members.iter().all(|(_, value)| reads_as_json(value)),
        _ => true,
    }
}

/// The first character that go-yaml refuses or takes for a line break, and that others may not: by its place in bytes.
fn unusual(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let fine = match c {
            '\n' | '\t' | ' '..='~' => true,
            '\r' => chars.peek().is_some_and(|(_, next)| *next == '\n'),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
            c => c >= '\u{a0}',
        };
        if !fine {
            return Some(at);
        }
    }
    None
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    memchr::memchr_iter(b'\n', bytes.get(..at).unwrap_or_default()).count() + 1
}

type Found<'y> = (Event<'y>, Span);

struct Reader<'y> {
    events: Parser<'y, granit_parser::StrInput<'y>>,
    /// What each anchor stands for.
    anchors: HashMap<usize, (Json, Cost)>,
    /// What all anchors hold together.
    kept: Cost,
    /// What the document holds so far, with what aliases stand for.
    cost: Cost,
}

/// How much there is of something.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    values: usize,
    /// About the length as JSON, in bytes.
    size: usize,
}

impl Cost {
    fn add(&mut self, values: usize, size: usize) -> Result<(), YamlError> {
        self.values += values;
        self.size += size;
        if self.values > MAX_VALUES || self.size > MAX_BODY { Err(YamlError::TooLarge) } else { Ok(()) }
    }
}

impl<'y> Reader<'y> {
    fn next(&mut self) -> Result<Found<'y>, YamlError> {
        self.events.next_event().unwrap_or(Ok((Event::StreamEnd, Span::default()))).map_err(|error| syntax(&error))
    }

    fn document(&mut self) -> Result<Json, YamlError> {
        self.next()?;
        if !matches!(self.next()?.0, Event::DocumentStart(..)) {
            return Err(YamlError::Documents);
        }
        let first = self.next()?;
        let json = self.node(first, 0)?;
        self.next()?;
        match self.next()?.0 {
            Event::StreamEnd => Ok(json),
            _ => Err(YamlError::Documents),
        }
    }

    fn node(&mut self, (event, span): Found<'y>, depth: usize) -> Result<Json, YamlError> {
        let line = span.start.line();
        if event.tag().is_some() {
            return Err(YamlError::Tag { line });
        }
        let anchor = event.anchor_id();
        let before = self.cost;
        self.cost.add(1, 2)?;
        let json = match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, line)?,
            Event::SequenceStart(..) => self.sequence(depth + 1)?,
            Event::MappingStart(..) => self.mapping(depth + 1)?,
            Event::Alias(id) => {
                // An anchor that is not closed yet is within itself.
                let (json, cost) = self.anchors.get(&id).ok_or_else(|| not_closed(line))?;
                self.cost.add(cost.values, cost.size)?;
                json.clone()
            }
            _ => return Err(YamlError::Syntax { line, what: "something else than a value".to_owned() }),
        };
        if let Some(anchor) = anchor {
            let cost = Cost { values: self.cost.values - before.values, size: self.cost.size - before.size };
            self.kept.add(cost.values, cost.size)?;
            self.anchors.insert(anchor, (json.clone(), cost));
        }
        Ok(json)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, line: usize) -> Result<Json, YamlError> {
        self.cost.add(0, text.len())?;
        if style != ScalarStyle::Plain {
            return Ok(Json::String(text.to_owned()));
        }
        match resolve(text) {
            Plain::Is(json) => Ok(json),
            Plain::Merge => Err(YamlError::Merge { line }),
            Plain::Ambiguous => Err(YamlError::Ambiguous { text: text.chars().take(64).collect(), line }),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Json, YamlError> {
        self.deep(depth)?;
        let mut items = Vec::new();
        loop {
            let next = self.next()?;
            if matches!(next.0, Event::SequenceEnd) {
                return Ok(Json::Array(items));
            }
            items.push(self.node(next, depth)?);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Json, YamlError> {
        self.deep(depth)?;
        let mut members = Vec::new();
        let mut keys = HashSet::new();
        loop {
            let next = self.next()?;
            if matches!(next.0, Event::MappingEnd) {
                return Ok(Json::Object(members));
            }
            let line = next.1.start.line();
            let key = self.key(next, line)?;
            if !keys.insert(key.clone()) {
                return Err(YamlError::DuplicateKey { key: key.chars().take(64).collect(), line });
            }
            let value = self.next()?;
            members.push((key, self.node(value, depth)?));
        }
    }

    /// A key's text. A number or a boolean is one too where it is written as go-yaml would write it.
    fn key(&mut self, (event, span): Found<'y>, line: usize) -> Result<String, YamlError> {
        let plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..));
        let text = event.scalar().map(|(text, _)| text.to_owned());
        let (Some(text), None) = (text, event.anchor_id()) else { return Err(YamlError::Key { line }) };
        match self.node((event, span), 0)? {
            Json::String(text) => Ok(text),
            Json::Number(number) if plain && number == text && !number.contains(['.', 'e', 'E']) => Ok(text),
            Json::Bool(_) if matches!(text.as_str(), "true" | "false") => Ok(text),
            _ => Err(YamlError::Key { line }),
        }
    }

    fn deep(&self, depth: usize) -> Result<(), YamlError> {
        if depth > MAX_DEPTH { Err(YamlError::TooDeep) } else { Ok(()) }
    }
}

fn not_closed(line: usize) -> YamlError {
    YamlError::Syntax { line, what: "an alias stands within what it stands for".to_owned() }
}

fn syntax(error: &ScanError) -> YamlError {
    YamlError::Syntax { line: error.marker().line(), what: error.info() }
}

#[cfg(test)]
mod tests;
