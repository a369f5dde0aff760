//! Label selectors (`apimachinery/pkg/labels/selector.go`): whether one is one, since with one that does not parse the API
//! server forgets the name in a field selector too; and what it selects.

/// As Kubernetes' `labels.Parse` succeeds or fails.
pub(crate) fn is_valid(selector: &str) -> bool {
    parse(&lex(selector)).is_some()
}

/// Whether a label selector selects an object with these labels; nothing when it is no selector. An empty one selects everything.
pub fn selects<'l>(selector: &str, label: impl Fn(&str) -> Option<&'l str>) -> Option<bool> {
    let requirements = parse(&lex(selector))?;
    Some(requirements.iter().all(|requirement| requirement.holds(label(requirement.key))))
}

/// One of the terms between the commas.
struct Requirement<'a> {
    key: &'a str,
    operator: Operator,
    values: Vec<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Exists,
    DoesNotExist,
    In,
    NotIn,
    Greater,
    Less,
}

impl Requirement<'_> {
    fn holds(&self, value: Option<&str>) -> bool {
        let among = |value: &str| self.values.contains(&value);
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        let wanted = number(self.values.first().copied());
        match self.operator {
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::In => value.is_some_and(among),
            // Kubernetes: an object without the label is selected too.
            Operator::NotIn => !value.is_some_and(among),
            Operator::Greater => number(value).zip(wanted).is_some_and(|(value, wanted)| value > wanted),
            Operator::Less => number(value).zip(wanted).is_some_and(|(value, wanted)| value < wanted),
        }
    }
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
    /// `=` and `==`, or `!=`
    Equality { not: bool },
    /// `>`, or `<`
    Order { less: bool },
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
                "=" | "==" => Some(Token::Equality { not: false }),
                "!=" => Some(Token::Equality { not: true }),
                "<" => Some(Token::Order { less: true }),
                ">" => Some(Token::Order { less: false }),
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

/// The terms, if the tokens make a selector.
fn parse<'a>(tokens: &[Token<'a>]) -> Option<Vec<Requirement<'a>>> {
    let mut requirements = Vec::new();
    let mut tokens = tokens.iter().copied().peekable();
    while tokens.peek().is_some() {
        let negated = tokens.next_if_eq(&Token::Not).is_some();
        let Some(Token::Word(key)) = tokens.next() else { return None };
        if !is_key(key) {
            return None;
        }
        let (operator, values) = match tokens.peek() {
            _ if negated => (Operator::DoesNotExist, Vec::new()),
            None | Some(Token::Comma) => (Operator::Exists, Vec::new()),
            Some(_) => match tokens.next()? {
                Token::Word("in") => (Operator::In, set(&mut tokens)?),
                Token::Word("notin") => (Operator::NotIn, set(&mut tokens)?),
                Token::Equality { not } => (if not { Operator::NotIn } else { Operator::In }, vec![value(&mut tokens, is_value)?]),
                // Gt and Lt take integers, which have to be label values too: no sign.
                Token::Order { less } => {
                    let number = value(&mut tokens, |text| is_value(text) && text.parse::<i64>().is_ok())?;
                    (if less { Operator::Less } else { Operator::Greater }, vec![number])
                }
                _ => return None,
            },
        };
        requirements.push(Requirement { key, operator, values });
        match tokens.next() {
            None => return Some(requirements),
            Some(Token::Comma) if tokens.peek().is_some() => {}
            _ => return None,
        }
    }
    Some(requirements)
}

type Tokens<'t, 'a> = std::iter::Peekable<std::iter::Copied<std::slice::Iter<'t, Token<'a>>>>;

/// One value, or none, which is the empty one.
fn value<'a>(tokens: &mut Tokens<'_, 'a>, is_fine: impl Fn(&str) -> bool) -> Option<&'a str> {
    let text = match tokens.peek() {
        None | Some(Token::Comma) => "",
        Some(Token::Word(text)) => {
            let text = *text;
            tokens.next();
            text
        }
        _ => return None,
    };
    is_fine(text).then_some(text)
}

/// `(a,b)`, where any value may be missing, which is the empty one.
fn set<'a>(tokens: &mut Tokens<'_, 'a>) -> Option<Vec<&'a str>> {
    if tokens.next()? != Token::Open {
        return None;
    }
    let mut values = Vec::new();
    let mut after_word = false;
    loop {
        match tokens.next()? {
            token @ (Token::Close | Token::Comma) => {
                if !after_word {
                    values.push("");
                }
                after_word = false;
                if token == Token::Close {
                    return Some(values);
                }
            }
            Token::Word(text) if !after_word && is_value(text) => {
                values.push(text);
                after_word = true;
            }
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
