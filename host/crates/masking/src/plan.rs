//! The plan: what a masker component asks for. It mirrors `plan` of the WIT world `masker`.

use serde::{Deserialize, Serialize};

/// How a masked value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A keyed token, `masked:v1:…`: equal secrets give equal tokens.
    #[default]
    Token,
    /// The fixed word [`crate::REDACTED`].
    Redact,
    /// Ask the component, in batches; without an answer the value is redacted.
    Inspect,
}

/// How the string at a rule's path is written in Kubernetes' JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// The string is the value.
    #[default]
    Text,
    /// Standard base64, as in a Secret's `data`: the token is computed over the decoded bytes and the
    /// replacement is base64 too, so that typed clients (`[]byte` in Go) still decode it.
    Base64,
}

/// One rule of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MaskRule {
    /// A stable name, for records.
    pub name: String,
    /// Where, relative to each object of the answer. RFC 6901 with two additions: `*` stands for any one key or
    /// index, `**` for any number of them, none included. Empty: every string of the answer, wherever it is
    /// (cells of a Table included; keys are never masked).
    #[serde(default)]
    pub paths: Vec<String>,
    /// When set, only where the value's key in a map, or the string `name` beside the value, matches this
    /// regular expression. See [`crate::Masker`] for what happens when the name is not known.
    #[serde(default)]
    pub names: Option<String>,
    /// Regular expressions, or `detector:NAME` for a built-in one ([`crate::detectors`]): only what they match
    /// within the string is masked, or only the group called `secret` where the expression has one. Empty:
    /// the whole value.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// How the string is written.
    #[serde(default)]
    pub encoding: Encoding,
    /// How it is shown.
    #[serde(default)]
    pub action: Action,
}

/// What is masked in the answers to one kind of request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plan {
    /// The rules. Where several apply to one value the strictest action holds: redact, then token, then inspect.
    #[serde(default)]
    pub rules: Vec<MaskRule>,
    /// Paths, relative to each object, of strings that hold a JSON copy of the same kind of object
    /// (`/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration`): the rules apply inside
    /// them too. What is not one JSON object there is redacted whole.
    #[serde(default)]
    pub embedded: Vec<String>,
}

impl Plan {
    /// The plans of several maskers as one that masks what any of them masks. Equal rules and paths are kept once.
    pub fn merge<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Plan {
        let mut all = Plan::default();
        for plan in plans {
            for rule in &plan.rules {
                if !all.rules.contains(rule) {
                    all.rules.push(rule.clone());
                }
            }
            for path in &plan.embedded {
                if !all.embedded.contains(path) {
                    all.embedded.push(path.clone());
                }
            }
        }
        all
    }
}
