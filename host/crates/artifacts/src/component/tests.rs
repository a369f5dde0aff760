use serde_json::Value;

use super::*;
use crate::layout::Layout;

const WASM: &[u8] = b"\0asm\x0d\0\x01\0 and so on";

fn told() -> Told {
    Told {
        imports: vec!["portcullis:policy/types@0.1.0".to_owned()],
        exports: vec!["portcullis:policy/guard@0.1.0".to_owned()],
        annotations: BTreeMap::from([("org.opencontainers.image.version".to_owned(), "1.2.3".to_owned())]),
    }
}

#[test]
fn it_is_laid_out_as_the_wasm_artifact_says() {
    let packed = pack(WASM, told()).unwrap();
    let manifest: Value = serde_json::from_slice(&packed.manifest).unwrap();
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!((&manifest["layers"][0]["mediaType"], &manifest["layers"][0]["digest"]), (&json!("application/wasm"), &json!(sha256(WASM))));
    assert_eq!(manifest["annotations"]["org.opencontainers.image.version"], "1.2.3");
    let config: Value = serde_json::from_slice(&packed.blobs[1]).unwrap();
    assert_eq!(
        config,
        json!({
            "created": "1970-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip2", "layerDigests": [sha256(WASM)],
            "component": { "imports": ["portcullis:policy/types@0.1.0"], "exports": ["portcullis:policy/guard@0.1.0"] },
        })
    );
    assert_eq!(pack(WASM, told()).unwrap().digest, packed.digest, "the same is the same artifact");
    let layout = Layout::read(&packed.manifest).unwrap();
    assert_eq!(layout.component().unwrap().digest, sha256(WASM));
}

#[test]
fn what_is_no_component_is_refused_by_what_it_is() {
    for (bytes, expected) in [(&b"\0asm\x01\0\0\0"[..], "core WebAssembly module"), (b"#!/bin/sh", "no WebAssembly"), (b"", "no WebAssembly")] {
        let error = pack(bytes, Told::default()).err().unwrap().to_string();
        assert!(error.contains(expected) && error.contains("`portcullis plugin build`"), "{error}");
    }
}

fn read(layers: Value) -> Result<String, String> {
    let manifest = json!({ "schemaVersion": 2, "config": { "mediaType": "application/vnd.wasm.config.v1+json", "digest": "sha256:00", "size": 2 }, "layers": layers });
    let layout = Layout::read(manifest.to_string().as_bytes()).map_err(|e| e.to_string())?;
    layout.component().map(|layer| layer.digest.clone()).map_err(|e| e.to_string())
}

#[test]
fn a_manifest_of_one_wasm_layer_is_read_whoever_wrote_it() {
    let layer = |kind: &str, size: i64| json!({ "mediaType": kind, "digest": "sha256:01", "size": size });
    assert_eq!(read(json!([layer(COMPONENT, 4)])), Ok("sha256:01".to_owned()));
    assert_eq!(read(json!([layer(OLDER, 4)])), Ok("sha256:01".to_owned()));
    for (layers, expected) in [
        (json!([layer(COMPONENT, 129 << 20)]), "are the most"),
        (json!([layer(COMPONENT, -1)]), "are the most"),
        (json!([layer("application/vnd.oci.image.layer.v1.tar+gzip", 4)]), "no path inside a folder"),
        (json!([layer(COMPONENT, 4), layer(COMPONENT, 5)]), "no path inside a folder"),
        (json!([]), "has no bundle.yaml"),
    ] {
        let told = read(layers).unwrap_err();
        assert!(told.contains(expected), "{expected}: {told}");
    }
}
