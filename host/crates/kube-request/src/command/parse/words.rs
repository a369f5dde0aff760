//! A line into words, as a POSIX shell would, where that needs nothing but the line.

use std::str::Chars;

use super::ParseError;

/// The words of one simple command. What a shell would make of its surroundings (variables, other commands, files) is refused.
pub(super) fn split(line: &str) -> Result<Vec<String>, ParseError> {
    let refuse = |why| Err(ParseError::Words(why));
    let mut words = Vec::new();
    // The word under construction: an empty one that was quoted counts too.
    let mut word: Option<String> = None;
    let mut chars = line.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '#' if word.is_none() => break,
            '\'' => quoted(&mut chars, word.get_or_insert_default())?,
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '$' if chars.as_str().starts_with('\'') => {
                chars.next();
                escaped(&mut chars, word.get_or_insert_default())?;
            }
            '$' | '`' => return refuse("variables and commands in it are not expanded: put it in single quotes, or write the value"),
            '\\' => match chars.next() {
                Some('\n') => {}
                Some(next) => word.get_or_insert_default().push(next),
                None => return refuse("it ends with a backslash: leave that out"),
            },
            '|' | '&' | ';' | '<' | '>' | '(' | ')' => return refuse("it has a character by which a shell does more than run it: leave pipes and redirections out, or quote the word"),
            '\n' | '\r' => return refuse("it goes over several lines: write one"),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

const OPEN: ParseError = ParseError::Words("it has a quotation mark that is never closed: close it");

fn quoted(chars: &mut Chars<'_>, out: &mut String) -> Result<(), ParseError> {
    let (inside, after) = chars.as_str().split_once('\'').ok_or(OPEN)?;
    out.push_str(inside);
    *chars = after.chars();
    Ok(())
}

fn double_quoted(chars: &mut Chars<'_>, out: &mut String) -> Result<(), ParseError> {
    loop {
        match chars.next().ok_or(OPEN)? {
            '"' => return Ok(()),
            '\\' => match chars.next().ok_or(OPEN)? {
                c @ ('"' | '\\' | '$' | '`') => out.push(c),
                '\n' => {}
                c => out.extend(['\\', c]),
            },
            '$' if chars.as_str().starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '{' | '(')) => {
                return Err(ParseError::Words("variables and commands in it are not expanded: put it in single quotes, or write the value"));
            }
            '`' => return Err(ParseError::Words("variables and commands in it are not expanded: put it in single quotes, or write the value")),
            c => out.push(c),
        }
    }
}

/// `$'…'`, which the gateway writes where a word has characters that a terminal would obey.
fn escaped(chars: &mut Chars<'_>, out: &mut String) -> Result<(), ParseError> {
    loop {
        match chars.next().ok_or(OPEN)? {
            '\'' => return Ok(()),
            '\\' => out.push(match chars.next().ok_or(OPEN)? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'e' => '\u{1b}',
                'a' => '\u{7}',
                'x' => hexadecimal(chars, 2)?,
                'u' => hexadecimal(chars, 4)?,
                'U' => hexadecimal(chars, 8)?,
                c @ ('\\' | '\'' | '"') => c,
                _ => return Err(ParseError::Words("it has an escape in $'…' that is not known: write the character itself")),
            }),
            c => out.push(c),
        }
    }
}

/// At most so many digits.
fn hexadecimal(chars: &mut Chars<'_>, most: usize) -> Result<char, ParseError> {
    let rest = chars.as_str();
    let length = rest.bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
    let (digits, after) = rest.split_at(length);
    *chars = after.chars();
    let found = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    found.ok_or(ParseError::Words("it has an escape in $'…' that is no character: write the character itself"))
}
