//! The languages that a policy can be written in, and how a folder shows which one it is.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// By cargo, with the SDK of this repository.
    Rust,
    /// By npm.
    JavaScript,
    /// By npm; its types come from the interface.
    TypeScript,
    /// By pip.
    Python,
    /// By the standard compiler.
    Go,
    /// By clang or `zig cc`.
    C,
}

/// No such language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no language `{0}`; give one of rust, javascript, typescript, python, go and c")]
pub struct UnknownLanguage(pub String);

impl Language {
    /// All of them.
    pub const ALL: [Language; 6] = [Language::Rust, Language::JavaScript, Language::TypeScript, Language::Python, Language::Go, Language::C];

    /// As `--language` takes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::JavaScript => "javascript",
            Language::TypeScript => "typescript",
            Language::Python => "python",
            Language::Go => "go",
            Language::C => "c",
        }
    }

    /// The language of the policy in a folder, told by the files that its tools need. Nothing when there is none of them.
    #[must_use]
    pub fn of(dir: &Path) -> Option<Language> {
        let has = |name: &str| dir.join(name).is_file();
        Some(match () {
            () if has("Cargo.toml") => Language::Rust,
            () if has("package.json") && (has("tsconfig.json") || has("policy.ts")) => Language::TypeScript,
            () if has("package.json") => Language::JavaScript,
            () if has("pyproject.toml") || has("policy.py") => Language::Python,
            () if has("go.mod") => Language::Go,
            () if has("policy.c") => Language::C,
            () => return None,
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Language::ALL.into_iter().find(|language| language.as_str() == text).ok_or_else(|| UnknownLanguage(text.to_owned()))
    }
}
