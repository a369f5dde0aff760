//! The policy engine beside no gateway.

use std::sync::Arc;

use anyhow::Context;
use policy::{Engine, EngineOptions};

use super::failure::Failure;
use crate::login_store::user_folder;
use crate::referenced::Referenced;

/// As the gateway has it, with what it compiled kept in the user's cache for the next time. Drafts of the interface are served: whether a gateway
/// does is in its own configuration.
pub fn cached() -> EngineOptions {
    let cache_dir = user_folder("XDG_CACHE_HOME", ".cache").map(|folder| folder.join("components"));
    EngineOptions { cache_dir, components: referenced(), drafts: policy::drafts().into_iter().map(str::to_owned).collect(), ..EngineOptions::default() }
}

/// Components that a bundle names by a reference, as whoever ran `docker login`. They are kept in the user's cache.
fn referenced() -> Option<Arc<dyn policy::Components>> {
    let folder = user_folder("XDG_CACHE_HOME", ".cache")?.join("referenced");
    let options = artifacts::RegistryOptions { credentials: artifacts::Credentials::of_user(), ..Default::default() };
    Some(Arc::new(Referenced::new(folder, options, None)))
}

/// Sets it up. Blocks for a few milliseconds.
///
/// # Errors
/// When it cannot be had on this machine.
pub fn engine(options: EngineOptions) -> Result<Engine, Failure> {
    Ok(Engine::new(options).context("the policy engine cannot be set up")?)
}
