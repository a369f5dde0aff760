//! Sets for whoever compares them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::background;
use crate::bundle::FILE;
use crate::bundle::read::{Files, ReadError, Unread, read};
use crate::diff::{Described, describe};
use crate::kept::{Former, KeptError};
use crate::live::Live;
use crate::wit::World;

/// What decides in a set, as a bundle of its own.
#[derive(Clone, Debug)]
pub struct Guards {
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

    /// The guards of a kept set.
    pub async fn guards(&self, digest: &str) -> Result<Guards, KeptError> {
        let (former, files) = self.former(digest).await?;
        Ok(guards(&former.digest, &files))
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

/// What a bundle's folder says. Nothing is loaded. Blocks, for half a second when it keeps changing.
///
/// # Errors
/// When it cannot be read.
pub fn described_folder(dir: &Path, salt: &[u8]) -> Result<Described, ReadError> {
    let files = read(dir).map_err(|Unread { error, .. }| error)?;
    Ok(describe(&files.identity(), &files, salt))
}

fn guards(digest: &str, files: &Files) -> Guards {
    let entries = files.entries["plugins"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut chosen = BTreeMap::new();
    let mut plugins: Vec<Value> = Vec::new();
    for (entry, raw) in files.manifest.plugins.iter().zip(entries).filter(|(entry, _)| entry.world == World::Guard) {
        let mut raw = raw.clone();
        raw.as_object_mut().map(|entry| entry.remove("cases"));
        plugins.push(raw);
        let component = &entry.component.value;
        chosen.insert(component.clone(), files.content(component).to_vec());
    }
    // JSON is YAML.
    let manifest = json!({ "apiVersion": "portcullis.dev/v1", "kind": "Bundle", "plugins": plugins });
    chosen.insert(FILE.to_owned(), manifest.to_string().into_bytes());
    Guards { digest: digest.to_owned(), files: chosen }
}
