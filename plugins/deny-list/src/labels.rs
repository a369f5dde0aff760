//! Label selectors: whether the labels of what a request hits surely fit, or may.
//!
//! What a request says of labels: a write has those that its object will have; a list, a watch and the deletion of a collection have a
//! selector of their own, which is held against the rule's. The labels that an object has now are known only when a write leaves
//! them as they are.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_sdk::{JsonSchema, Request};
use serde::{Deserialize, Deserializer, de};

/// A selector as `kubectl --selector` takes it: `env=prod,tier in (db, cache),!draft`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(BTreeMap<String, Values>);

/// The values that a label may have: some, or all but some; and whether it may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Values {
    but: bool,
    set: BTreeSet<String>,
    missing: bool,
}

impl Values {
    fn of(set: BTreeSet<String>) -> Values {
        Values { but: false, set, missing: false }
    }

    fn all_but(set: BTreeSet<String>, missing: bool) -> Values {
        Values { but: true, set, missing }
    }

    fn has(&self, value: Option<&str>) -> bool {
        value.map_or(self.missing, |value| self.set.contains(value) != self.but)
    }

    fn complement(&self) -> Values {
        Values { but: !self.but, set: self.set.clone(), missing: !self.missing }
    }

    fn and(&self, other: &Values) -> Values {
        let missing = self.missing && other.missing;
        let (but, set) = match (self.but, other.but) {
            (false, false) => (false, &self.set & &other.set),
            (false, true) => (false, &self.set - &other.set),
            (true, false) => (false, &other.set - &self.set),
            (true, true) => (true, &self.set | &other.set),
        };
        Values { but, set, missing }
    }

    fn is_empty(&self) -> bool {
        !self.but && self.set.is_empty() && !self.missing
    }
}

impl Selector {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// A sentence that says which requirement cannot be read.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let mut all: BTreeMap<String, Values> = BTreeMap::new();
        for requirement in split(text) {
            let (key, values) = parse_requirement(requirement.trim())
                .ok_or_else(|| format!("`{}` is no requirement of a label selector: write key=value, key!=value, key in (a,b), key notin (a,b), key or !key", requirement.trim()))?;
            let both = match all.get(&key) {
                Some(before) => before.and(&values),
                None => values,
            };
            all.insert(key, both);
        }
        Ok(Selector(all))
    }

    /// Whether an object with these labels is selected.
    fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|(key, values)| values.has(labels.get(key).map(String::as_str)))
    }

    /// Whether everything that the other selects is selected.
    fn holds_all_of(&self, other: &Selector) -> bool {
        self.0.iter().all(|(key, values)| other.0.get(key).is_some_and(|theirs| theirs.and(&values.complement()).is_empty()))
    }

    /// Whether nothing can be selected by both.
    fn is_apart_from(&self, other: &Selector) -> bool {
        self.0.iter().any(|(key, values)| other.0.get(key).is_some_and(|theirs| theirs.and(values).is_empty()))
    }

    /// Whether what the request hits surely fits; with `unknown`, whether it might.
    pub fn fits(&self, request: &Request<'_>, unknown: bool) -> bool {
        if request.subresource().is_some() {
            return unknown;
        }
        match request.verb() {
            "list" | "watch" | "deletecollection" => match request.query("labelSelector").map(Selector::parse) {
                Some(Ok(theirs)) if unknown => !self.is_apart_from(&theirs),
                Some(Ok(theirs)) => self.holds_all_of(&theirs),
                _ => unknown,
            },
            "create" => self.selects(&labels(request.body().get("/metadata/labels"))),
            "update" | "patch" => {
                let Ok(after) = request.after_write(|object| labels(object.get("/metadata/labels"))) else {
                    return unknown;
                };
                // An update may take away the label by which the object is protected now, and so may a patch that touches labels.
                let same = request.verb() == "patch" && !request.may_write("/metadata/labels");
                match (self.selects(&after), same) {
                    (fits, true) => fits,
                    (true, false) => true,
                    (false, false) => unknown,
                }
            }
            _ => unknown,
        }
    }
}

fn labels(found: Option<BTreeMap<String, String>>) -> BTreeMap<String, String> {
    found.unwrap_or_default()
}

/// At the commas that are not between brackets.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .filter(|part| !part.trim().is_empty())
    .collect()
}

fn parse_requirement(text: &str) -> Option<(String, Values)> {
    let one = |value: &str| BTreeSet::from([value.trim().to_owned()]);
    let (key, values) = if let Some(rest) = text.strip_suffix(')') {
        let (head, list) = rest.split_once('(')?;
        let (key, operator) = head.trim().rsplit_once(char::is_whitespace)?;
        let set: BTreeSet<String> = list.split(',').map(|value| value.trim().to_owned()).collect();
        match operator {
            "in" => (key, Values::of(set)),
            "notin" => (key, Values::all_but(set, true)),
            _ => return None,
        }
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, Values::all_but(one(value), true))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, Values::of(one(value)))
    } else if let Some(key) = text.strip_prefix('!') {
        (key, Values { but: false, set: BTreeSet::new(), missing: true })
    } else {
        (text, Values::all_but(BTreeSet::new(), false))
    };
    let key = key.trim();
    let good = |part: &str, more: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let whole = !key.is_empty() && good(key, "-._/") && values.set.iter().all(|value| good(value, "-._"));
    whole.then(|| (key.to_owned(), values))
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let selector = Selector::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)?;
        if selector.0.is_empty() {
            return Err(de::Error::custom("an empty label selector selects everything: leave the key out"));
        }
        if let Some((key, _)) = selector.0.iter().find(|(_, values)| values.is_empty()) {
            return Err(de::Error::custom(format!("this label selector selects nothing: no value of `{key}` fits")));
        }
        Ok(selector)
    }
}

impl JsonSchema for Selector {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Selector".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut portcullis_sdk::schemars::SchemaGenerator) -> portcullis_sdk::schemars::Schema {
        portcullis_sdk::schemars::json_schema!({"type": "string", "minLength": 1})
    }
}

#[cfg(test)]
mod tests;
