//! Sets for whoever compares them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::background;
use crate::bundle::read::{Files, Unread, read};
use crate::bundle::{FILE, is_reference};
use crate::components::complete;
use crate::diff::{Described, describe};
use crate::kept::{Former, KeptError};
use crate::engine::Engine;
use crate::live::Live;
use crate::load::LoadError;
use crate::wit::World;

/// What decides about requests in a set, as a bundle of its own.
#[derive(Clone, Debug)]
pub struct Deciders {
    /// Of the whole set.
    pub digest: String,
    /// `bundle.yaml` and the components, by their paths.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Live {
    /// What a kept set says, by its digest, at least six digits of it, or `live`. Secrets are digested with `salt`.
    pub async fn described(&self, digest: &str, salt: &[u8]) -> Result<Described, KeptError> {
        let (former, files) = self.former(digest).await?;
        Ok(describe(&former.digest, &files, salt))
    }

    /// What decides about requests in a kept set: guards, routers and maskers. Sinks and notifiers, which hold credentials, stay where they are.
    pub async fn deciders(&self, digest: &str) -> Result<Deciders, KeptError> {
        let (former, files) = self.former(digest).await?;
        Ok(deciders(&former.digest, &files))
    }

    /// A kept set, and its files. They are read off the caller's thread.
    async fn former(&self, digest: &str) -> Result<(Former, Arc<Files>), KeptError> {
        let kept = self.shared.kept.clone().ok_or(KeptError::Nowhere)?;
        let wanted = if digest == "live" { self.current().digest.clone() } else { digest.to_owned() };
        let found = background::run(move || {
            let former = kept.find(&wanted)?;
            let files = kept.files(&former)?;
            Ok((former, Arc::new(files)))
        });
        found.await.unwrap_or_else(|why| Err(KeptError::Io { path: self.shared.dir.clone(), source: std::io::Error::other(why) }))
    }
}

/// What a bundle's folder says. Nothing is loaded; the engine's [`Components`](crate::Components) are asked for what it names by references.
///
/// # Errors
/// When it cannot be read, or a component cannot be had.
pub async fn described_folder(engine: &Engine, dir: &Path, salt: &[u8]) -> Result<Described, LoadError> {
    let wanted = dir.to_owned();
    let mut files = background::run(move || read(&wanted)).await.map_err(LoadError::Panicked)?.map_err(|Unread { error, .. }| error)?;
    complete(&mut files, engine.options().components.as_ref()).await?;
    Ok(describe(&files.identity(), &files, salt))
}

fn deciders(digest: &str, files: &Files) -> Deciders {
    let decides = |world| matches!(world, World::Guard | World::ApprovalRouter | World::Masker);
    let entries = files.entries["plugins"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut chosen = BTreeMap::new();
    let mut plugins: Vec<Value> = Vec::new();
    for (entry, raw) in files.manifest.plugins.iter().zip(entries).filter(|(entry, _)| decides(entry.world)) {
        let mut raw = raw.clone();
        raw.as_object_mut().map(|entry| entry.remove("cases"));
        let component = &entry.component.value;
        let mut name = component.clone();
        if is_reference(component) {
            // What was got once need not be got again by whoever this is for.
            name = format!("components/{}.wasm", files.digest(component).trim_start_matches("sha256:"));
            raw["component"] = Value::from(name.clone());
        }
        plugins.push(raw);
        chosen.insert(name, files.content(component).to_vec());
    }
    // JSON is YAML.
    let manifest = json!({ "apiVersion": "portcullis.dev/v1", "kind": "Bundle", "plugins": plugins });
    chosen.insert(FILE.to_owned(), manifest.to_string().into_bytes());
    Deciders { digest: digest.to_owned(), files: chosen }
}
