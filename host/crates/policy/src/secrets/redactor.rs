//! What a plugin says, without the secrets that it was given.
//!
//! It is a net below plugins that are honest and clumsy: a value is found as it is, and as JSON has it within quotes. One that a plugin takes apart
//! or encodes is not; a plugin that wants to give it away can do so wherever it may send to.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

/// The values of one plugin.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Arc<[(String, SecretString)]>);

/// Without a value.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Redactor {
    /// Names, and values.
    pub(super) fn new(values: Vec<(String, SecretString)>) -> Redactor {
        let mut all = Vec::new();
        for (name, value) in values {
            let quoted = serde_json::Value::from(value.expose_secret()).to_string();
            let within = &quoted[1..quoted.len() - 1];
            if within != value.expose_secret() {
                all.push((name.clone(), SecretString::from(within)));
            }
            all.push((name, value));
        }
        // A value may be part of another: what is replaced first must not leave the rest of the longer one.
        all.sort_by_key(|(_, value)| std::cmp::Reverse(value.expose_secret().len()));
        Redactor(all.into())
    }

    /// Whose values they are, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// The text, with a word in place of each value.
    pub(crate) fn clean(&self, mut text: String) -> String {
        for (name, value) in self.0.iter() {
            if text.contains(value.expose_secret()) {
                text = text.replace(value.expose_secret(), &format!("(the secret {name})"));
            }
        }
        text
    }
}
