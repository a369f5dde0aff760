//! One component as an artifact by itself: the layout of the Wasm OCI artifact (CNCF TAG Runtime), which `wkg` reads and writes.
//!
//! Its config is `application/vnd.wasm.config.v0+json` and says what the component imports and exports; its one layer is the component. Read are
//! Kubewarden's artifacts too, which have another layer type: what they hold is told by the bytes.

use std::collections::BTreeMap;

use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use serde_json::json;

use crate::layout::{COMPONENT, CONFIG, LayoutError, Packed};
use crate::sha256;

/// The layer of Kubewarden's policies, and of the first tools for Wasm in registries.
pub(crate) const OLDER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// What the only file of such an artifact is called.
pub const COMPONENT_FILE: &str = "component.wasm";

/// What a component says of itself, for whoever looks at the artifact without pulling it.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Its imports, by their full names.
    pub imports: Vec<String>,
    /// Its exports, by their full names.
    pub exports: Vec<String>,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
}

/// Lays a component out. The same component, told the same, is the same artifact.
pub(crate) fn pack(wasm: &[u8], told: Told) -> Result<Packed, LayoutError> {
    is_component(wasm)?;
    let digest = sha256(wasm);
    let config = json!({
        // The format wants a time. That of no clock, so that pushing again changes nothing.
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [digest],
        "component": { "imports": told.imports, "exports": told.exports },
    });
    let config = config.to_string().into_bytes();
    let manifest = OciImageManifest {
        schema_version: 2,
        media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
        config: OciDescriptor { media_type: CONFIG.to_owned(), digest: sha256(&config), size: config.len() as i64, ..OciDescriptor::default() },
        layers: vec![OciDescriptor { media_type: COMPONENT.to_owned(), digest, size: wasm.len() as i64, ..OciDescriptor::default() }],
        annotations: Some(told.annotations).filter(|annotations| !annotations.is_empty()),
        ..OciImageManifest::default()
    };
    let manifest = serde_json::to_vec(&manifest).map_err(|e| LayoutError::Manifest(e.to_string()))?;
    Ok(Packed { blobs: vec![wasm.to_vec(), config], digest: sha256(&manifest), manifest })
}

/// Whether a manifest's layers are one component and nothing else.
pub(crate) fn is_one(layers: &[OciDescriptor]) -> bool {
    matches!(layers, [only] if only.media_type == COMPONENT || only.media_type == OLDER)
}

/// Whether bytes are a component by their first eight (the component model's preamble: version 13, layer 1).
pub(crate) fn is_component(wasm: &[u8]) -> Result<(), LayoutError> {
    match wasm.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => Ok(()),
        Some(b"\0asm\x01\0\0\0") => Err(LayoutError::Module),
        _ => Err(LayoutError::NoWasm),
    }
}

#[cfg(test)]
mod tests;
