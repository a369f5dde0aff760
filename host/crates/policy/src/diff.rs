//! What one policy set says and another does not.
//!
//! Sets are described first, on whichever machine they are, and compared then. A description has no secrets: they are digested with a salt that the
//! one who compares makes up, so that it tells whether two are equal and nothing else.

use std::collections::{BTreeMap, HashSet};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bundle::read::Files;
use crate::bundle::reference::name_of;

/// Values of one plugin.
const VALUES: usize = 20_000;

/// Bytes of a value that are shown.
const SHOWN: usize = 120;

/// What a component's interface is called in it, before its version.
const INTERFACE: &[u8] = b"portcullis:policy/plugin@";

/// Keys whose values are nobody's business, as parts of their names.
const SECRET: [&str; 10] = ["token", "secret", "password", "passwd", "authorization", "credential", "apikey", "api-key", "api_key", "private"];

/// A set, as far as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// Its digest; of a folder that was not loaded, that of what it says.
    pub digest: String,
    /// Its plugins, in the bundle's order.
    pub plugins: Vec<DescribedPlugin>,
}

/// One plugin of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribedPlugin {
    /// Its name.
    pub name: String,
    /// `sha256:…` of its component.
    pub component: String,
    /// Bytes of the component.
    pub bytes: u64,
    /// The version of the interface that it was built for, when it says so.
    pub interface: Option<String>,
    /// Everything else that its entry says, by RFC 6901 pointer. An element of a list that has a name is pointed to by that.
    pub says: BTreeMap<String, String>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The plugin.
    pub plugin: String,
    /// `added`, `removed`, `order`, `component`, or the entry's key: `configuration`, `match`, `mode`, `limits`, …
    pub what: String,
    /// Where below that key.
    pub at: Option<String>,
    /// What the first set says.
    pub from: Option<String>,
    /// What the second says.
    pub to: Option<String>,
}

/// Describes a set that was read.
pub(crate) fn describe(digest: &str, files: &Files, salt: &[u8]) -> Described {
    let salt = hmac::Key::new(hmac::HMAC_SHA256, salt);
    let entries = files.entries["plugins"].as_array().map(Vec::as_slice).unwrap_or_default();
    let plugins = files.manifest.plugins.iter().zip(entries).map(|(entry, raw)| {
        let bytes = files.content(&entry.component.value);
        let mut says = BTreeMap::new();
        for (key, value) in raw.as_object().into_iter().flatten() {
            if !matches!(key.as_str(), "name" | "component" | "cases") {
                flatten(value, format!("/{key}"), false, &salt, &mut says);
            }
        }
        DescribedPlugin {
            name: entry.name.value.clone(),
            component: files.digest(&entry.component.value).to_owned(),
            bytes: bytes.len() as u64,
            interface: interface(bytes),
            says,
        }
    });
    Described { digest: digest.to_owned(), plugins: plugins.collect() }
}

/// What differs from the first set to the second, plugin by plugin in the second's order.
#[must_use]
pub fn differences(from: &Described, to: &Described) -> Vec<Difference> {
    let mut found = Vec::new();
    let whole = |plugin: &str, what: &str, from: Option<String>, to: Option<String>| Difference {
        plugin: plugin.to_owned(),
        what: what.to_owned(),
        at: None,
        from,
        to,
    };
    for old in &from.plugins {
        if !to.plugins.iter().any(|new| new.name == old.name) {
            found.push(whole(&old.name, "removed", Some(component(old)), None));
        }
    }
    let moved = moved(from, to);
    for new in &to.plugins {
        let Some(old) = from.plugins.iter().find(|old| old.name == new.name) else {
            found.push(whole(&new.name, "added", None, Some(component(new))));
            continue;
        };
        if moved.contains(new.name.as_str()) {
            let place = |set: &Described| set.plugins.iter().position(|plugin| plugin.name == new.name).map(|i| (i + 1).to_string());
            found.push(whole(&new.name, "order", place(from), place(to)));
        }
        if old.component != new.component {
            found.push(whole(&new.name, "component", Some(component(old)), Some(component(new))));
        }
        let keys: std::collections::BTreeSet<&String> = old.says.keys().chain(new.says.keys()).collect();
        for key in keys {
            let (before, after) = (old.says.get(key), new.says.get(key));
            if before != after {
                let (what, at) = key[1..].split_once('/').map_or((&key[1..], None), |(what, at)| (what, Some(format!("/{at}"))));
                found.push(Difference { plugin: new.name.clone(), what: what.to_owned(), at, from: before.cloned(), to: after.cloned() });
            }
        }
    }
    found
}

/// `sha256:0123456789ab, 51234 bytes, interface 0.1.0`
fn component(plugin: &DescribedPlugin) -> String {
    let digest: String = plugin.component.chars().take("sha256:".len() + 12).collect();
    let interface = plugin.interface.as_ref().map(|version| format!(", interface {version}")).unwrap_or_default();
    format!("{digest}, {} bytes{interface}", plugin.bytes)
}

/// Plugins of both sets that would have to be moved to come from the one order to the other: all but a longest common run.
fn moved<'a>(from: &'a Described, to: &Described) -> HashSet<&'a str> {
    let names = |set: &'a Described| set.plugins.iter().map(|plugin| plugin.name.as_str());
    let old: Vec<&str> = names(from).filter(|name| to.plugins.iter().any(|plugin| plugin.name == **name)).collect();
    let new: Vec<&str> = to.plugins.iter().filter_map(|plugin| old.iter().find(|name| **name == plugin.name).copied()).collect();
    // `longest[i][j]`: of what follows in the one and in the other. At most 64 plugins each.
    let mut longest = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] = if old[i] == new[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut moved: HashSet<&str> = old.iter().copied().collect();
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            moved.remove(old[i]);
            (i, j) = (i + 1, j + 1);
        } else if longest[i + 1][j] >= longest[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    moved
}

fn flatten(value: &Value, at: String, secret: bool, salt: &hmac::Key, out: &mut BTreeMap<String, String>) {
    if out.len() >= VALUES {
        return;
    }
    if let Some(name) = name_of(value) {
        out.insert(at, format!("(the secret {name})"));
        return;
    }
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let name = key.to_ascii_lowercase();
                let secret = secret || SECRET.iter().any(|part| name.contains(part));
                flatten(value, format!("{at}/{}", segment(key)), secret, salt, out);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (i, item) in items.iter().enumerate() {
                let name = named(items, item).unwrap_or_else(|| i.to_string());
                flatten(item, format!("{at}/{}", segment(&name)), secret, salt, out);
            }
        }
        plain => {
            out.insert(at, shown(plain, secret, salt));
        }
    }
}

/// What an element of a list is called, when nothing else in the list is called so.
fn named(items: &[Value], item: &Value) -> Option<String> {
    ["rule", "name", "check"].iter().find_map(|key| {
        let name = item.get(key)?.as_str()?;
        let same = items.iter().filter(|other| other.get(key).and_then(Value::as_str) == Some(name)).count();
        (same == 1).then(|| name.to_owned())
    })
}

fn segment(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

/// A value as it may be shown.
fn shown(value: &Value, secret: bool, salt: &hmac::Key) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let digest = || hex::encode(&hmac::sign(salt, text.as_bytes()).as_ref()[..6]);
    if secret || texts(value).any(is_random) {
        return format!("(a secret, {})", digest());
    }
    if let Some(url) = texts(value).find_map(with_path) {
        // The address of a webhook is its key; whose it is may be seen.
        return format!("{url}/… ({})", digest());
    }
    match text.len() {
        ..=SHOWN => text,
        n => format!("{}… ({n} bytes, {})", &text[..text.floor_char_boundary(SHOWN)], digest()),
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    value.as_str().into_iter().chain(list.iter().filter_map(Value::as_str))
}

/// A key or token under a harmless name: long, of letters and digits mixed, and no words.
fn is_random(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-'));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() >= 20 && letters && digits >= 3 && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// The origin of a URL that has more than an origin.
fn with_path(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let (authority, path) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (!path.is_empty() || host != authority).then(|| format!("{scheme}://{host}"))
}

/// By the name of the interface that the component exports: it stands in it as text.
fn interface(component: &[u8]) -> Option<String> {
    let at = component.windows(INTERFACE.len()).position(|bytes| bytes == INTERFACE)? + INTERFACE.len();
    let version = component[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    Some(version.map(|b| char::from(*b)).collect())
}

#[cfg(test)]
mod tests;
