//! One rule in six languages: built by the one command, equal over one table of cases, and at work beside each other in one gateway.
//!
//! `LANGUAGES.md` in `plugin-sdk` says what each language costs.

#[path = "languages/in_other_languages.rs"]
mod in_other_languages;
