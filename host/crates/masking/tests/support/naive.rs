//! The masker that cannot be wrong in the same way: it has the whole tree, compares whole paths and looks ahead.

use super::Tree;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use masking::{Action, Encoding, MaskRule, Plan, TokenKey};

const ROOTS: [&str; 6] = ["", "/items/*", "/object", "/object/items/*", "/rows/*/object", "/object/rows/*/object"];

/// What a pattern finds in these tests: itself, or the one access key that the texts have.
fn word_of(pattern: &str) -> &str {
    if pattern == "detector:aws-access-key-id" { "AKIAIOSFODNN7EXAMPLE" } else { pattern }
}

/// How the last segment of the path that reached a value was written.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Literal,
    Wildcard,
}

#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a [String],
    /// Rules that mask everything here.
    active: u32,
    /// The object that holds the value, the value's key, and whether the object is an element of an array.
    holder: Option<(&'a [(String, Tree)], usize, bool)>,
    /// Rules with `names` whose path ends at the holder, an element.
    scoped: u32,
}

pub struct Naive<'a> {
    pub plan: &'a Plan,
    pub key: &'a TokenKey,
}

impl Naive<'_> {
    pub fn mask(&self, tree: &Tree) -> Tree {
        self.document(tree, 0)
    }

    fn document(&self, tree: &Tree, level: usize) -> Tree {
        self.value(tree, Place { path: &[], active: 0, holder: None, scoped: 0 }, false, level)
    }

    fn value(&self, tree: &Tree, place: Place<'_>, element: bool, level: usize) -> Tree {
        let scalar = !matches!(tree, Tree::Array(_) | Tree::Object(_));
        let (mut inherited, mut here, mut scoped) = (place.active, 0_u32, 0_u32);
        for (n, rule) in self.plan.rules.iter().enumerate() {
            let bit = 1 << n;
            let (literal, wild) = self.reach(&rule.paths, place.path);
            let by_path = literal || wild;
            let Some(names) = &rule.names else {
                if by_path {
                    inherited |= bit;
                }
                continue;
            };
            let everywhere = rule.paths.is_empty();
            let by_scope = place.scoped & bit != 0;
            let Some((fields, at, holder_is_element)) = place.holder else {
                // An element of an array, or the root.
                if by_path && (place.path.is_empty() || scalar || matches!(tree, Tree::Array(_))) {
                    inherited |= bit;
                } else if by_path {
                    scoped |= bit;
                }
                continue;
            };
            if !by_path && !everywhere && !by_scope {
                continue;
            }
            let key = &fields[at].0;
            let yes = if (wild || !by_path) && key.contains(names.as_str()) {
                true
            } else if key == "name" {
                literal
            } else if by_path && !literal && !holder_is_element {
                false
            } else {
                let before = fields[..at].iter().find(|(key, _)| key == "name").map(|(_, value)| value);
                let after = fields[at..].iter().find(|(key, _)| key == "name").map(|(_, value)| value);
                match before {
                    Some(Tree::String(name)) => name.contains(names.as_str()),
                    Some(_) => literal,
                    None if !literal && !holder_is_element => false,
                    None if !scalar => !everywhere,
                    // An inspector is asked at once.
                    None if rule.action == Action::Inspect && level == 0 => true,
                    None => match after {
                        Some(Tree::String(name)) => name.contains(names.as_str()),
                        _ => literal,
                    },
                }
            };
            if yes && everywhere && !by_scope {
                here |= bit;
            } else if yes {
                inherited |= bit;
            }
        }
        let embedded = self.reach(&self.plan.embedded, place.path) != (false, false);
        let child = |segment: String| [place.path, &[segment]].concat();
        match tree {
            Tree::Null => Tree::Null,
            Tree::Object(fields) => {
                let scoped = scoped & !inherited;
                let made = fields.iter().enumerate().map(|(at, (key, value))| {
                    let path = child(key.clone());
                    let place = Place { path: &path, active: inherited, holder: Some((fields, at, element)), scoped };
                    (key.clone(), self.value(value, place, false, level))
                });
                Tree::Object(made.collect())
            }
            Tree::Array(items) => {
                let made = items.iter().enumerate().map(|(at, value)| {
                    let path = child(at.to_string());
                    self.value(value, Place { path: &path, active: inherited, holder: None, scoped: 0 }, true, level)
                });
                Tree::Array(made.collect())
            }
            Tree::Bool(value) => self.plain(&value.to_string(), inherited, level).unwrap_or_else(|| tree.clone()),
            Tree::Number(text) => self.plain(text, inherited, level).unwrap_or_else(|| tree.clone()),
            Tree::String(text) => {
                let everywhere = self.bits(|rule| rule.paths.is_empty() && rule.names.is_none());
                self.string(text, inherited | here | everywhere, embedded, level)
            }
        }
    }

    fn bits(&self, wanted: impl Fn(&MaskRule) -> bool) -> u32 {
        self.plan.rules.iter().enumerate().filter(|(_, rule)| wanted(rule)).map(|(n, _)| 1 << n).sum()
    }

    fn reach(&self, paths: &[String], place: &[String]) -> (bool, bool) {
        let mut found = (false, false);
        for path in paths {
            for root in ROOTS {
                let full = format!("{root}{path}");
                let pattern: Vec<&str> = full.split('/').skip(1).collect();
                if matches(&pattern, place) {
                    let own_last = path.rsplit('/').next().filter(|_| !path.is_empty()).or(root.rsplit('/').next());
                    match last(own_last) {
                        Last::Literal => found.0 = true,
                        Last::Wildcard => found.1 = true,
                    }
                }
            }
        }
        found
    }

    fn plain(&self, text: &str, rules: u32, level: usize) -> Option<Tree> {
        let rules = rules & !self.bits(|rule| rule.paths.is_empty());
        let matched = |rule: &MaskRule| rule.patterns.is_empty() || rule.patterns.iter().any(|p| text.contains(word_of(p)));
        let chosen: Vec<&MaskRule> = self.of(rules).filter(|rule| matched(rule)).collect();
        let asked = |rule: &&&MaskRule| rule.action == Action::Inspect && level == 0;
        let certain: Vec<&MaskRule> = chosen.iter().filter(|rule| !asked(rule)).copied().collect();
        if !certain.is_empty() {
            return Some(self.shown(text.as_bytes(), &certain));
        }
        let first = chosen.iter().find(asked)?;
        Some(word(first.encoding == Encoding::Base64))
    }

    fn of(&self, rules: u32) -> impl Iterator<Item = &MaskRule> {
        self.plan.rules.iter().enumerate().filter(move |(n, _)| rules & (1 << n) != 0).map(|(_, rule)| rule)
    }

    fn shown(&self, secret: &[u8], rules: &[&MaskRule]) -> Tree {
        let base64 = rules.iter().any(|rule| rule.encoding == Encoding::Base64);
        if rules.iter().any(|rule| rule.action != Action::Token) {
            return word(base64);
        }
        let token = self.key.token(secret);
        Tree::String(if base64 { STANDARD.encode(token) } else { token })
    }

    fn string(&self, text: &str, rules: u32, embedded: bool, level: usize) -> Tree {
        let asked = |rule: &&MaskRule| rule.action == Action::Inspect && level == 0;
        let whole: Vec<&MaskRule> = self.of(rules).filter(|rule| rule.patterns.is_empty() && !asked(rule)).collect();
        if !whole.is_empty() {
            let base64 = whole.iter().any(|rule| rule.encoding == Encoding::Base64);
            let bytes = STANDARD.decode(text).ok().filter(|_| base64).unwrap_or_else(|| text.as_bytes().to_vec());
            return self.shown(&bytes, &whole);
        }
        let mut now = text.to_owned();
        if embedded && !text.trim_ascii().is_empty() {
            match Tree::parse(text.as_bytes()) {
                Some(tree @ Tree::Object(_)) if level < 3 => {
                    let masked = self.document(&tree, level + 1);
                    if masked != tree {
                        now = masked.compact();
                    }
                }
                _ => return word(false),
            }
        } else if !embedded {
            let patterned = self.of(rules).filter(|rule| !rule.patterns.is_empty() && !asked(rule));
            let decoded = STANDARD.decode(text).ok();
            let (inside, outside): (Vec<&MaskRule>, Vec<&MaskRule>) = patterned.partition(|rule| rule.encoding == Encoding::Base64 && decoded.is_some());
            let inner = self.patterns(decoded.as_deref().unwrap_or_default(), &inside).map(|bytes| STANDARD.encode(bytes));
            let outer = self.patterns(text.as_bytes(), &outside).map(|bytes| String::from_utf8(bytes).unwrap());
            match (inner, outer) {
                (None, None) => {}
                (Some(text), None) | (None, Some(text)) => now = text,
                (Some(_), Some(_)) => {
                    let matching = |rule: &&MaskRule| {
                        let bytes = if rule.encoding == Encoding::Base64 { decoded.as_deref().unwrap_or_default() } else { text.as_bytes() };
                        self.patterns(bytes, &[rule]).is_some()
                    };
                    let by: Vec<&MaskRule> = inside.into_iter().chain(outside).filter(matching).collect();
                    return self.shown(decoded.as_deref().unwrap_or_default(), &by);
                }
            }
        }
        for rule in self.of(rules).filter(asked) {
            let base64 = rule.encoding == Encoding::Base64;
            let bytes = STANDARD.decode(text).ok().filter(|_| base64).unwrap_or_else(|| text.as_bytes().to_vec());
            if rule.patterns.is_empty() || rule.patterns.iter().any(|p| !occurrences(&bytes, word_of(p).as_bytes()).is_empty()) {
                return word(base64);
            }
        }
        Tree::String(now)
    }

    /// Patterns are plain words here. Marks every byte that one of them covers, and with which rule.
    fn patterns(&self, bytes: &[u8], rules: &[&MaskRule]) -> Option<Vec<u8>> {
        // For each byte: covered, joined with the one before it, by a rule that redacts.
        let mut covered = vec![(false, false, false); bytes.len()];
        for rule in rules {
            for pattern in rule.patterns.iter().map(|pattern| word_of(pattern)) {
                for at in occurrences(bytes, pattern.as_bytes()) {
                    for (n, byte) in covered[at..at + pattern.len()].iter_mut().enumerate() {
                        byte.0 = true;
                        byte.1 |= n > 0;
                        byte.2 |= rule.action != Action::Token;
                    }
                }
            }
        }
        if covered.iter().all(|c| !c.0) {
            return None;
        }
        let (mut out, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            if !covered[at].0 {
                out.push(bytes[at]);
                at += 1;
                continue;
            }
            let mut end = at + 1;
            while end < bytes.len() && covered[end].0 && covered[end].1 {
                end += 1;
            }
            if covered[at..end].iter().any(|c| c.2) {
                out.extend_from_slice(b"masked");
            } else {
                out.extend_from_slice(self.key.token(&bytes[at..end]).as_bytes());
            }
            at = end;
        }
        Some(out)
    }
}

fn word(base64: bool) -> Tree {
    Tree::String(if base64 { STANDARD.encode("masked") } else { "masked".into() })
}

/// Where a word occurs, without overlaps of the word with itself.
fn occurrences(bytes: &[u8], word: &[u8]) -> Vec<usize> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + word.len() <= bytes.len() {
        if bytes[at..].starts_with(word) {
            found.push(at);
            at += word.len();
        } else {
            at += 1;
        }
    }
    found
}

fn last(segment: Option<&str>) -> Last {
    match segment {
        Some("*" | "**" | "") | None => Last::Wildcard,
        Some(_) => Last::Literal,
    }
}

fn matches(pattern: &[&str], path: &[String]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((&"**", rest)) => matches(rest, path) || (!path.is_empty() && matches(pattern, &path[1..])),
        Some((&"*", rest)) => !path.is_empty() && matches(rest, &path[1..]),
        Some((literal, rest)) => !path.is_empty() && literal.replace("~1", "/").replace("~0", "~") == path[0] && matches(rest, &path[1..]),
    }
}
