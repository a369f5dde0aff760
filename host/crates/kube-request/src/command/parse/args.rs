//! Words into a command, its flags and what is left, as kubectl's own reader of flags (pflag) does.

use super::flags::{Flag, GLOBAL};
use super::ParseError;

/// Commands whose next word is part of them.
const PARENTS: [&str; 9] = ["create", "rollout", "set", "auth", "top", "certificate", "cluster-info", "create secret", "create service"];

/// Flags by their long names, with their values.
type Given = Vec<(&'static str, String)>;

/// A command with its arguments.
pub(super) struct Args {
    /// `rollout restart`.
    pub command: String,
    /// What is no flag, in order.
    pub words: Vec<String>,
    /// What stands behind `--`.
    pub after: Vec<String>,
    flags: Given,
}

impl Args {
    /// The command's own words, and the others. Flags that any command has may stand before it.
    pub(super) fn command(mut words: Vec<String>) -> Result<(String, Vec<String>), ParseError> {
        let mut command = String::new();
        let mut at = 0;
        while at < words.len() {
            let word = &words[at];
            if word == "--" {
                break;
            }
            if word.len() > 1 && word.starts_with('-') {
                let Ok((_, taken)) = flag(&command, &words[at..], &[]) else { break };
                at += taken;
                continue;
            }
            if !command.is_empty() && !PARENTS.contains(&command.as_str()) {
                break;
            }
            if !command.is_empty() {
                command.push(' ');
            }
            command.push_str(&words.remove(at));
        }
        Ok((command, words))
    }

    /// With the flags that the command has besides those that all have.
    pub(super) fn parse(command: String, words: Vec<String>, known: &[Flag]) -> Result<Args, ParseError> {
        let mut args = Args { command, words: Vec::new(), after: Vec::new(), flags: Vec::new() };
        let mut at = 0;
        while at < words.len() {
            let word = &words[at];
            if word == "--" {
                args.after = words[at + 1..].to_vec();
                break;
            }
            if word.len() > 1 && word.starts_with('-') {
                let (found, taken) = flag(&args.command, &words[at..], known)?;
                args.flags.extend(found);
                at += taken;
            } else {
                args.words.push(word.clone());
                at += 1;
            }
        }
        Ok(args)
    }

    /// The value of a flag: the last one counts.
    pub(super) fn value(&self, flag: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(known, _)| *known == flag).map(|(_, value)| value.as_str())
    }

    /// All values of a flag.
    pub(super) fn all<'a>(&'a self, flag: &'a str) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(known, _)| *known == flag).map(|(_, value)| value.as_str())
    }

    /// All values of a flag that takes lists, with commas.
    pub(super) fn list<'a>(&'a self, flag: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(flag).flat_map(|values| values.split(',')).filter(|value| !value.is_empty())
    }

    /// Whether a flag is given and true.
    pub(super) fn is(&self, flag: &str) -> bool {
        self.value(flag).is_some_and(|value| matches!(value, "true" | "1" | "t" | "T" | "TRUE" | "True"))
    }

    /// A number.
    pub(super) fn number(&self, flag: &'static str) -> Result<Option<i64>, ParseError> {
        let Some(value) = self.value(flag) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| ParseError::FlagValue { flag, why: format!("is `{value}`: write a number") })
    }

    /// Whether the server is asked to change nothing.
    pub(super) fn dry_run(&self) -> Result<bool, ParseError> {
        match self.value("dry-run") {
            None | Some("none") => Ok(false),
            Some("server") => Ok(true),
            Some(_) => Err(ParseError::FlagValue { flag: "dry-run", why: "sends nothing to the cluster unless it is `server`: write --dry-run=server".to_owned() }),
        }
    }

    /// A word that must be there.
    pub(super) fn word(&self, at: usize, what: &str) -> Result<&str, ParseError> {
        self.words.get(at).map(String::as_str).ok_or_else(|| self.usage(format!("needs {what}: write it")))
    }

    /// No more words than these.
    pub(super) fn no_more(&self, most: usize) -> Result<(), ParseError> {
        match self.words.get(most) {
            None => Ok(()),
            Some(word) => Err(self.usage(format!("has the word `{word}` too many: a line stands for one request, so write one for each object"))),
        }
    }

    pub(super) fn usage(&self, what: impl Into<String>) -> ParseError {
        ParseError::Usage { command: self.command.clone(), what: what.into() }
    }
}

/// The flags of the first word, with their values, and how many words they took.
fn flag(command: &str, words: &[String], known: &[Flag]) -> Result<(Given, usize), ParseError> {
    let word = words[0].as_str();
    let next = words.get(1).map(String::as_str);
    let find = |fits: &dyn Fn(&Flag) -> bool| known.iter().chain(GLOBAL).find(|flag| fits(flag));
    let unknown = || ParseError::Flag { command: command.to_owned(), flag: word.to_owned() };
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        if name == "as" || name.starts_with("as-") {
            return Err(ParseError::FlagValue { flag: "as", why: "is refused by the gateway, since an agent is who it is: leave it out".to_owned() });
        }
        let found = find(&|flag| flag.long() == name).ok_or_else(unknown)?;
        return match (found, value) {
            (_, Some(value)) => Ok((vec![(found.long(), value.to_owned())], 1)),
            (Flag::Switch(..), None) => Ok((vec![(found.long(), "true".to_owned())], 1)),
            (Flag::Optional(_, default), None) => Ok((vec![(found.long(), (*default).to_owned())], 1)),
            (Flag::Value(..), None) => Ok((vec![(found.long(), value_of(found.long(), next)?)], 2)),
        };
    }
    // `-it`, `-nshop`, `-n=shop`, `-n shop`.
    let mut found = Vec::new();
    for (at, letter) in word[1..].char_indices() {
        let flag = find(&|flag| flag.short() == Some(letter)).ok_or_else(unknown)?;
        let rest = &word[1 + at + letter.len_utf8()..];
        match flag {
            Flag::Switch(long, _) => match rest.strip_prefix('=') {
                Some(value) => {
                    found.push((*long, value.to_owned()));
                    return Ok((found, 1));
                }
                None => found.push((*long, "true".to_owned())),
            },
            _ if rest.is_empty() => {
                found.push((flag.long(), value_of(flag.long(), next)?));
                return Ok((found, 2));
            }
            _ => {
                found.push((flag.long(), rest.strip_prefix('=').unwrap_or(rest).to_owned()));
                return Ok((found, 1));
            }
        }
    }
    Ok((found, 1))
}

fn value_of(flag: &'static str, next: Option<&str>) -> Result<String, ParseError> {
    next.map(str::to_owned).ok_or_else(|| ParseError::FlagValue { flag, why: "needs a value: write one".to_owned() })
}
