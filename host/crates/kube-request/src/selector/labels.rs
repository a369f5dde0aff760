//! Whether a label selector is one (`apimachinery/pkg/labels/selector.go`). What it selects does not
//! matter here: with one that does not parse, the API server forgets the name in a field selector too.

/// As Kubernetes' `labels.Parse` succeeds or fails.
pub(crate) fn is_valid(selector: &str) -> bool {
    parse(&lex(selector)).is_some()
}

/// Every word of a selector that could be a label's key.
pub(crate) fn words(selector: &str) -> Vec<&str> {
    lex(selector).into_iter().filter_map(|token| if let Token::Word(word) = token { Some(word) } else { None }).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// Also `in` and `notin`, which are values as well as operators.
    Word(&'a str),
    Open,
    Close,
    Comma,
    Not,
    /// `=`, `==`, `!=`
    Equality,
    /// `<`, `>`
    Order,
    Error,
}

fn lex(selector: &str) -> Vec<Token<'_>> {
    let is_space = |b: u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let is_special = |b: u8| matches!(b, b'=' | b'!' | b'(' | b')' | b',' | b'>' | b'<');
    let bytes = selector.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if is_space(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        if !is_special(bytes[at]) {
            while at < bytes.len() && !is_special(bytes[at]) && !is_space(bytes[at]) {
                at += 1;
            }
            tokens.push(Token::Word(&selector[start..at]));
            continue;
        }
        // Specials gather for as long as they make a token.
        let mut last = None;
        while at < bytes.len() && is_special(bytes[at]) {
            let token = match &selector[start..=at] {
                "(" => Some(Token::Open),
                ")" => Some(Token::Close),
                "," => Some(Token::Comma),
                "!" => Some(Token::Not),
                "=" | "==" | "!=" => Some(Token::Equality),
                "<" | ">" => Some(Token::Order),
                _ => None,
            };
            if token.is_none() && last.is_some() {
                break;
            }
            last = token.or(last);
            at += 1;
        }
        tokens.push(last.unwrap_or(Token::Error));
    }
    tokens
}

/// `Some` if the tokens make a selector.
fn parse(tokens: &[Token<'_>]) -> Option<()> {
    let mut tokens = tokens.iter().copied().peekable();
    while tokens.peek().is_some() {
        let negated = tokens.next_if_eq(&Token::Not).is_some();
        let Some(Token::Word(key)) = tokens.next() else { return None };
        if !is_key(key) {
            return None;
        }
        if !negated && !matches!(tokens.peek(), None | Some(Token::Comma)) {
            match tokens.next()? {
                Token::Word("in" | "notin") => set(&mut tokens)?,
                Token::Equality => value(&mut tokens, is_value)?,
                // Gt and Lt take integers, which have to be label values too: no sign.
                Token::Order => value(&mut tokens, |text| is_value(text) && text.parse::<i64>().is_ok())?,
                _ => return None,
            }
        }
        match tokens.next() {
            None => return Some(()),
            Some(Token::Comma) if tokens.peek().is_some() => {}
            _ => return None,
        }
    }
    Some(())
}

type Tokens<'t, 'a> = std::iter::Peekable<std::iter::Copied<std::slice::Iter<'t, Token<'a>>>>;

/// One value, or none, which is the empty one.
fn value(tokens: &mut Tokens<'_, '_>, is_fine: impl Fn(&str) -> bool) -> Option<()> {
    let text = match tokens.peek() {
        None | Some(Token::Comma) => "",
        Some(Token::Word(text)) => {
            let text = *text;
            tokens.next();
            text
        }
        _ => return None,
    };
    is_fine(text).then_some(())
}

/// `(a,b)`, where any value may be missing.
fn set(tokens: &mut Tokens<'_, '_>) -> Option<()> {
    if tokens.next()? != Token::Open {
        return None;
    }
    let mut after_word = false;
    loop {
        match tokens.next()? {
            Token::Close => return Some(()),
            Token::Comma => after_word = false,
            Token::Word(text) if !after_word && is_value(text) => after_word = true,
            _ => return None,
        }
    }
}

/// `IsQualifiedName`: an optional DNS subdomain and a slash, then a name.
fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && !name.is_empty() && is_value(name),
        None => !key.is_empty() && is_value(key),
    }
}

/// `IsValidLabelValue`: at most 63 characters, alphanumeric at both ends.
fn is_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() <= 63
        && bytes.first().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.last().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// RFC 1123, lower case, at most 253 characters.
fn is_subdomain(name: &str) -> bool {
    let is_end = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 253
        && name.split('.').map(str::as_bytes).all(|label| {
            label.first().is_some_and(is_end) && label.last().is_some_and(is_end) && label.iter().all(|b| is_end(b) || *b == b'-')
        })
}

#[cfg(test)]
mod tests;
