//! Components that a bundle names by a reference: what the policy engine asks, answered from registries and from what was kept of them.

use std::path::PathBuf;

use artifacts::{Components, RegistryOptions, Trust};
use futures_util::future::BoxFuture;
use policy::Fetched;

/// Answers the engine.
#[derive(Debug)]
pub struct Referenced(Components);

impl Referenced {
    /// Keeps what it got below `folder`. With `trust` a component without a good signature is asked for again.
    pub fn new(folder: PathBuf, options: RegistryOptions, trust: Option<Trust>) -> Referenced {
        Referenced(Components::new(folder, options, trust))
    }
}

impl policy::Components for Referenced {
    fn get(&self, reference: &str) -> BoxFuture<'static, Result<Fetched, String>> {
        let (components, reference) = (self.0.clone(), reference.to_owned());
        Box::pin(async move {
            let component = components.get(&reference).await.map_err(|error| error.to_string())?;
            Ok(Fetched { wasm: component.wasm, proof: component.proof })
        })
    }
}
