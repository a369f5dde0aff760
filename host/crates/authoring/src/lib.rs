//! A policy from an empty folder to a component: what `portcullis plugin new` and `plugin build` do.
//!
//! A policy is a folder. What is in it tells its language; [`build()`] runs that language's own tools and gives the component, the same way for
//! all of them. `cargo xtask plugins` builds the repository's own components with the same code.
//!
//! What this crate promises:
//!
//! - **Nothing half-made.** A component appears whole, by rename, and a build that fails leaves the last one where it is.
//! - **Sentences.** A tool that is not installed is named, with how to get it.
//! - **Bounded.** Every tool has a limit of time, and what is kept of its output is bounded.
//! - **No engine.** Nothing here runs a component; `policy` does that.
//!
//! ```no_run
//! use authoring::{Language, New, Options, World};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = "few-replicas".as_ref();
//! authoring::new(&New { name: "few-replicas", world: World::Guard, language: Language::Rust, dir, sdk: None })?;
//! let built = authoring::build(dir, &Options::default())?;
//! println!("{} of the world {:?}, in {:.1} s", built.path.display(), built.world, built.seconds);
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

pub mod build;
pub mod component;
mod embedded;
mod files;
mod install;
mod language;
mod template;
pub mod tool;
pub mod wasm_std;
pub mod watch;
mod world;

pub use embedded::WIT;
pub use build::{BuildError, Built, Options, build};
pub use files::{write, WriteError};
pub use install::install;
pub use language::{Language, UnknownLanguage};
pub use template::{New, NewError, new};
pub use world::{UnknownWorld, World};
