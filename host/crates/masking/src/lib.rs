//! Masking of Kubernetes' answers: mask plans, a streaming JSON masker, detectors, tokens.
//!
//! A masker component answers once per kind of request with a [`Plan`]; this crate carries it out natively, in one
//! pass over the bytes as they arrive. It is pure: no I/O, no clock, no threads.
//!
//! It promises:
//! - **Nothing slips by.** The input is checked as strict JSON (RFC 8259, UTF-8, a bounded depth); what is not is an
//!   error, and the answer must be refused. Keys and values are compared decoded, so escapes hide nothing, and a
//!   repeated key is masked each time.
//! - **Nothing else changes.** What no rule masks is passed through byte for byte, numbers and white space included.
//! - **Any chunks.** The output does not depend on where the input is cut, and a complete document (a watch frame) is
//!   never held back.
//! - **Bounded memory**, whatever passes: see the constants of [`Masker`].
//!
//! ```
//! use masking::{CompiledPlan, MaskRule, Masker, Plan, TokenKey};
//! use std::sync::Arc;
//!
//! let rule = MaskRule { name: "password".into(), paths: vec!["/spec/password".into()], ..MaskRule::default() };
//! let plan = CompiledPlan::compile(&Plan { rules: vec![rule], embedded: vec![] })?;
//! let mut masker = Masker::new(Arc::new(plan), Arc::new(TokenKey::new([7; 32])));
//! let mut out = Vec::new();
//! masker.push(br#"{"items":[{"spec":{"user":"u","pass"#, &mut out)?;
//! masker.push(br#"word":"hunter2"}}]}"#, &mut out)?;
//! let summary = masker.finish(&mut out)?;
//! assert!(out.starts_with(br#"{"items":[{"spec":{"user":"u","password":"masked:v1:"#));
//! assert_eq!(summary.masked, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod compile;
mod core;
pub mod detectors;
mod frames;
mod holes;
mod lex;
mod masker;
mod paths;
mod pattern;
mod plan;
mod pointer;
mod probe;
mod string;
mod text;
mod token;
mod value;

pub use compile::{CompiledPlan, PlanError};
pub use masker::{Candidate, Inspector, MaskError, Masker, Scanned, Summary};
pub use plan::{Action, Encoding, MaskRule, Plan};
pub use text::{OutputMasker, TextMasker, Unmaskable};
pub use token::{REDACTED, TOKEN_LENGTH, TOKEN_PREFIX, TokenKey, contains_token};
