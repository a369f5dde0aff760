//! A client's commands, as they stand in `tests/conformance/`.

use std::collections::BTreeMap;
use std::fs;

use portcullis_tests::places;
use serde::Deserialize;

/// What one client does, and what of it cannot be equal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What two runs cannot have in common, besides what `normal` takes out.
    #[serde(default)]
    pub smooth: Vec<Rule>,
    /// Files of the working folder, by their names. `$NS` in them is the side's namespace.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// In their order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// For a client that is a program of its own: the steps of its transcript that differ on purpose, by their names.
    #[serde(default)]
    pub differs: BTreeMap<String, Difference>,
}

/// What is replaced in both outputs before they are compared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A regular expression.
    pub pattern: String,
    /// What stands there instead.
    pub with: String,
    /// Why two runs differ there.
    pub because: String,
}

/// A command line for `sh`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Run in each side's own namespace.
    pub twins: Option<String>,
    /// Run on the same objects both ways: those of the side without the gateway.
    pub same: Option<String>,
    /// What it reads.
    #[serde(default)]
    pub stdin: String,
    /// What it exits with, both ways.
    #[serde(default)]
    pub exit: i32,
    /// What it must print, so that equal output means something.
    pub shows: Option<String>,
    /// For a command that does not end: what is awaited in its output, one after another; then it is ended.
    #[serde(default)]
    pub until: Vec<Moment>,
    /// Its lines come in any order.
    #[serde(default)]
    pub sorted: bool,
    /// Only for this version of the client.
    pub only: Option<String>,
    /// The difference that the gateway makes on purpose.
    pub differs: Option<Difference>,
}

/// Something that shows up in the output of a command under way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// The text.
    pub sees: String,
    /// What is run then, on each side.
    pub then: Option<String>,
}

/// Lines, after smoothing, that are on one side only: these and no others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Why it is so.
    pub because: String,
    /// Of the side without the gateway.
    #[serde(default)]
    pub straight: Vec<String>,
    /// Of the side with it.
    #[serde(default)]
    pub gated: Vec<String>,
    /// What it exits with through the gateway, when that differs.
    pub exit: Option<i32>,
}

impl Script {
    /// The steps that a version of the client can do.
    pub fn steps_for<'a>(&'a self, version: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |step| step.only.as_deref().is_none_or(|only| only == version))
    }
}

impl Step {
    /// Its command line.
    pub fn command(&self) -> &str {
        self.twins.as_deref().or(self.same.as_deref()).unwrap_or_default()
    }
}

/// A client's script, by the name of its file.
///
/// # Panics
/// When there is none, or it makes no sense.
pub fn script(name: &str) -> Script {
    let file = places::workspace().join("tests/conformance").join(format!("{name}.yaml"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
