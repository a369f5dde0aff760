//! Where a value stands in a YAML file: for what is found wrong only when the file has long been read.

use granit_parser::{Event, Parser, Span};

/// Nodes that are looked at: a file of a megabyte has fewer.
const NODES: usize = 1_000_000;

/// The line of the value at a path, of its key where it has one; of the deepest part of the path that is there. Keys are names, or indexes of sequences.
/// Nothing when the file cannot be read.
pub(crate) fn line_of(text: &[u8], path: &[&str]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let mut walk = Walk { events: Parser::new_from_str(text), left: NODES };
    loop {
        let next = walk.next()?;
        if !matches!(next.0, Event::StreamStart | Event::DocumentStart(..)) {
            let line = next.1.start.line();
            return u64::try_from(walk.find(next, line, path)?).ok();
        }
    }
}

/// The keys and indexes that a JSON pointer (RFC 6901) leads through.
pub(crate) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

struct Walk<'y> {
    events: Parser<'y, granit_parser::StrInput<'y>>,
    left: usize,
}

impl<'y> Walk<'y> {
    fn next(&mut self) -> Option<(Event<'y>, Span)> {
        self.left = self.left.checked_sub(1)?;
        loop {
            let next = self.events.next_event()?.ok()?;
            if !matches!(next.0, Event::Comment(..)) {
                return Some(next);
            }
        }
    }

    /// `line`: of what leads to this node.
    fn find(&mut self, (event, _): (Event<'y>, Span), line: usize, path: &[&str]) -> Option<usize> {
        let Some((wanted, rest)) = path.split_first() else { return Some(line) };
        match event {
            Event::MappingStart(..) => loop {
                let key = self.next()?;
                let at = key.1.start.line();
                match &key.0 {
                    Event::MappingEnd => return Some(line),
                    Event::Scalar(text, ..) if text == wanted => {
                        let value = self.next()?;
                        return self.find(value, at, rest);
                    }
                    _ => self.skip(key)?,
                }
                let value = self.next()?;
                self.skip(value)?;
            },
            Event::SequenceStart(..) => {
                for index in 0_usize.. {
                    let item = self.next()?;
                    if matches!(item.0, Event::SequenceEnd) {
                        break;
                    }
                    if index.to_string() == *wanted {
                        let at = item.1.start.line();
                        return self.find(item, at, rest);
                    }
                    self.skip(item)?;
                }
                Some(line)
            }
            // A scalar or an alias has nothing below it here.
            _ => Some(line),
        }
    }

    /// Passes over a whole node. Its depth needs no stack.
    fn skip(&mut self, (event, _): (Event<'y>, Span)) -> Option<()> {
        let step = |event: &Event<'_>| match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => 1,
            Event::MappingEnd | Event::SequenceEnd => -1,
            _ => 0,
        };
        let mut depth = step(&event);
        while depth > 0 {
            depth += step(&self.next()?.0);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
