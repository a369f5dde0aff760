//! How a bundle lies in a registry: one OCI image manifest.
//!
//! - `artifactType` `application/vnd.portcullis.bundle.v1`.
//! - Its config is that of the Wasm OCI artifact (CNCF TAG Runtime), `application/vnd.wasm.config.v0+json`.
//! - First a layer for each component, `application/wasm`, in the bundle's order; then `bundle.yaml`, the cases, and the folder's signature
//!   when it has one. Each has its path in the annotation `org.opencontainers.image.title`, so that `oras pull` makes the same folder.

use std::collections::{BTreeMap, BTreeSet};

use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use serde_json::json;

use crate::{Files, Reference, component, is_plain, note, origin, sha256};

/// What the artifact is.
pub const ARTIFACT: &str = "application/vnd.portcullis.bundle.v1";
/// A component, as every tool for Wasm artifacts names it.
pub const COMPONENT: &str = "application/wasm";
/// `bundle.yaml`.
pub const BUNDLE: &str = "application/vnd.portcullis.bundle.v1+yaml";
/// A file of cases.
pub const CASES: &str = "application/vnd.portcullis.cases.v1+yaml";
/// The folder's own signature.
pub const SIGNATURE: &str = "application/vnd.portcullis.signature.v1";

/// The config of the Wasm OCI artifact.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const TITLE: &str = "org.opencontainers.image.title";

/// The file that makes a folder a bundle.
pub(crate) const MANIFEST_FILE: &str = "bundle.yaml";

/// Layers of one artifact: 64 plugins have at most a component and a file of cases each.
const LAYERS: usize = 256;

/// Bytes of one file: what the gateway loads at most.
pub(crate) const FILE_BYTES: u64 = 128 << 20;

/// Bytes of all files together.
const BUNDLE_BYTES: u64 = 512 << 20;

/// Bytes of the manifest itself; registries take 4 MiB.
const MANIFEST_BYTES: usize = 1 << 20;

/// Why an artifact is not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The manifest cannot be read as one.
    #[error("its manifest is none of an OCI image ({0}); give the reference of a bundle that `portcullis bundle push` made")]
    Manifest(String),
    /// A layer's title cannot be a file.
    #[error("its layer {0:?} has no path inside a folder for a title; push the bundle again with `portcullis bundle push`")]
    Title(String),
    /// Two layers are the same file.
    #[error("two of its layers have the title {0:?}; push the bundle again with `portcullis bundle push`")]
    Twice(String),
    /// There is no `bundle.yaml`.
    #[error("it has no {MANIFEST_FILE}, so it is no bundle; give the reference of a bundle that `portcullis bundle push` made")]
    NoBundle,
    /// It is one component.
    #[error("it has no {MANIFEST_FILE}, because it is one component and no bundle; pull it with `portcullis plugin pull`, or name it under `component` in a bundle.yaml")]
    OneComponent,
    /// It is not one component.
    #[error("it has {0} layers, and a component is one of the type {COMPONENT}; push it with `portcullis plugin push` or `wkg oci push`")]
    NoComponent(usize),
    /// What it holds is no component.
    #[error("it holds a core WebAssembly module, as Kubewarden's policies are, and no component; build one with `portcullis plugin build`")]
    Module,
    /// What it holds is no WebAssembly.
    #[error("it holds no WebAssembly; give a component's file, as `portcullis plugin build` makes it")]
    NoWasm,
    /// It is too large.
    #[error("it has {what}, and {allowed} are the most; make the bundle smaller")]
    Large {
        /// What it has too much of, with the number.
        what: String,
        /// How much it may have.
        allowed: String,
    },
    /// A file is not what its digest says.
    #[error("{path:?} is not what its digest says: {expected} was promised, {actual} came; push the bundle again, and find out who changed it")]
    Digest {
        /// The file.
        path: String,
        /// By the manifest.
        expected: String,
        /// Of the bytes.
        actual: String,
    },
    /// A file is not in the artifact.
    #[error("{0:?} is not in the artifact; load the folder as it was pulled")]
    Strange(String),
}

/// What is pushed.
pub(crate) struct Packed {
    /// Config and layers.
    pub blobs: Vec<Vec<u8>>,
    pub manifest: Vec<u8>,
    pub digest: String,
}

/// Lays a bundle out. `order` has its paths in the order of `bundle.yaml`; `annotations` are added to the manifest.
pub(crate) fn pack(files: &Files, order: &[String], annotations: BTreeMap<String, String>) -> Result<Packed, LayoutError> {
    let mut paths: Vec<&String> = order.iter().filter(|path| files.contains_key(*path)).collect();
    let mut rest: Vec<&String> = files.keys().filter(|path| !order.contains(path) && path.as_str() != origin::FILE).collect();
    rest.sort();
    paths.extend(rest);
    // Components first, so that a bundle of one plugin looks like the component that it is.
    paths.sort_by_key(|path| media_type(path, &files[*path]) != COMPONENT);

    let mut layers = Vec::new();
    let mut blobs = Vec::new();
    for path in paths {
        if !is_plain(path) {
            return Err(LayoutError::Title(path.clone()));
        }
        let bytes = &files[path];
        layers.push(OciDescriptor {
            media_type: media_type(path, bytes).to_owned(),
            digest: sha256(bytes),
            size: bytes.len() as i64,
            annotations: Some(BTreeMap::from([(TITLE.to_owned(), path.clone())])),
            ..OciDescriptor::default()
        });
        blobs.push(bytes.clone());
    }
    let digests: Vec<&str> = layers.iter().filter(|layer| layer.media_type == COMPONENT).map(|layer| layer.digest.as_str()).collect();
    let config = json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": digests }).to_string().into_bytes();
    let manifest = OciImageManifest {
        schema_version: 2,
        media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
        config: OciDescriptor { media_type: CONFIG.to_owned(), digest: sha256(&config), size: config.len() as i64, ..OciDescriptor::default() },
        layers,
        artifact_type: Some(ARTIFACT.to_owned()),
        annotations: Some(annotations).filter(|annotations| !annotations.is_empty()),
        ..OciImageManifest::default()
    };
    check(&manifest)?;
    blobs.push(config);
    let manifest = serde_json::to_vec(&manifest).map_err(|e| LayoutError::Manifest(e.to_string()))?;
    Ok(Packed { blobs, digest: sha256(&manifest), manifest })
}

fn media_type(path: &str, bytes: &[u8]) -> &'static str {
    match path {
        MANIFEST_FILE => BUNDLE,
        note::FILE => SIGNATURE,
        _ if bytes.starts_with(b"\0asm") => COMPONENT,
        _ => CASES,
    }
}

/// A manifest, read and found to be a bundle's, or that of one component.
pub(crate) struct Layout {
    pub layers: Vec<(String, OciDescriptor)>,
    /// It is one component, which then is called [`component::COMPONENT_FILE`].
    pub one: bool,
}

impl Layout {
    /// Reads the manifest's own bytes.
    pub(crate) fn read(manifest: &[u8]) -> Result<Layout, LayoutError> {
        if manifest.len() > MANIFEST_BYTES {
            return Err(LayoutError::Large { what: format!("a manifest of {} bytes", manifest.len()), allowed: MANIFEST_BYTES.to_string() });
        }
        let manifest: OciImageManifest = serde_json::from_slice(manifest).map_err(|e| LayoutError::Manifest(e.to_string()))?;
        let one = component::is_one(&manifest.layers) && title(&manifest.layers[0]) != MANIFEST_FILE;
        if one {
            let layer = manifest.layers.into_iter().next();
            let size = layer.as_ref().and_then(|layer| u64::try_from(layer.size).ok()).unwrap_or(u64::MAX);
            if size > FILE_BYTES {
                return Err(LayoutError::Large { what: format!("a component of {size} bytes"), allowed: FILE_BYTES.to_string() });
            }
            return Ok(Layout { layers: layer.map(|layer| (component::COMPONENT_FILE.to_owned(), layer)).into_iter().collect(), one });
        }
        check(&manifest)?;
        Ok(Layout { layers: manifest.layers.into_iter().map(|layer| (title(&layer).to_owned(), layer)).collect(), one })
    }

    /// The layer of one component.
    pub(crate) fn component(&self) -> Result<&OciDescriptor, LayoutError> {
        match &self.layers[..] {
            [(_, layer)] if self.one => Ok(layer),
            layers => Err(LayoutError::NoComponent(layers.len())),
        }
    }

    /// Whether these are exactly the artifact's files: each is what its digest says, none is missing, none is more.
    pub(crate) fn holds(&self, files: &Files) -> Result<(), LayoutError> {
        for (path, layer) in &self.layers {
            // What the bundle does not name is not loaded, and then not asked about.
            if let Some(bytes) = files.get(path) {
                matches(path, layer, bytes)?;
            }
        }
        let known: BTreeSet<&str> = self.layers.iter().map(|(path, _)| path.as_str()).collect();
        match files.keys().find(|path| !origin::is_proof(path) && !Reference::is_meant(path) && !known.contains(path.as_str())) {
            Some(strange) => Err(LayoutError::Strange(strange.clone())),
            None => Ok(()),
        }
    }
}

/// Whether the bytes are what the layer promises.
pub(crate) fn matches(path: &str, layer: &OciDescriptor, bytes: &[u8]) -> Result<(), LayoutError> {
    let actual = sha256(bytes);
    if actual == layer.digest {
        return Ok(());
    }
    Err(LayoutError::Digest { path: path.to_owned(), expected: layer.digest.clone(), actual })
}

fn title(layer: &OciDescriptor) -> &str {
    layer.annotations.as_ref().and_then(|all| all.get(TITLE)).map(String::as_str).unwrap_or_default()
}

fn check(manifest: &OciImageManifest) -> Result<(), LayoutError> {
    let large = |what: String, allowed: u64| Err(LayoutError::Large { what, allowed: allowed.to_string() });
    if manifest.layers.len() > LAYERS {
        return large(format!("{} layers", manifest.layers.len()), LAYERS as u64);
    }
    let mut seen = BTreeSet::new();
    let mut total = 0;
    for layer in &manifest.layers {
        let path = title(layer);
        if !is_plain(path) || path == origin::FILE {
            return Err(LayoutError::Title(path.to_owned()));
        }
        if !seen.insert(path) {
            return Err(LayoutError::Twice(path.to_owned()));
        }
        let size = u64::try_from(layer.size).unwrap_or(u64::MAX);
        total = size.saturating_add(total);
        if size > FILE_BYTES {
            return large(format!("{size} bytes in {path:?}"), FILE_BYTES);
        }
    }
    if total > BUNDLE_BYTES {
        return large(format!("{total} bytes"), BUNDLE_BYTES);
    }
    // A file cannot be a folder too.
    let clash = seen.iter().find(|path| seen.range(format!("{path}/").as_str()..).next().is_some_and(|next| next.starts_with(&format!("{path}/"))));
    if let Some(clash) = clash {
        return Err(LayoutError::Twice((*clash).to_owned()));
    }
    if seen.contains(MANIFEST_FILE) { Ok(()) } else { Err(LayoutError::NoBundle) }
}

#[cfg(test)]
mod tests;
