use serde_json::{Value, json};

use super::*;

fn files() -> Files {
    let file = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec());
    Files::from([file("bundle.yaml", b"plugins: []"), file("b.wasm", b"\0asm b"), file("sub/a.wasm", b"\0asm a"), file("cases/all.yaml", b"cases: []"), file("bundle.sig", b"note")])
}

fn order() -> Vec<String> {
    ["b.wasm", "cases/all.yaml", "sub/a.wasm"].map(str::to_owned).to_vec()
}

#[test]
fn components_come_first_then_the_rest_each_with_its_path() {
    let packed = pack(&files(), &order(), BTreeMap::new()).unwrap();
    let manifest: Value = serde_json::from_slice(&packed.manifest).unwrap();
    let told: Vec<(&str, &str)> = manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| (layer["mediaType"].as_str().unwrap(), layer["annotations"][TITLE].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(COMPONENT, "b.wasm"), (COMPONENT, "sub/a.wasm"), (CASES, "cases/all.yaml"), (SIGNATURE, "bundle.sig"), (BUNDLE, "bundle.yaml")]);
    assert_eq!((&manifest["artifactType"], &manifest["config"]["mediaType"]), (&json!(ARTIFACT), &json!(CONFIG)));
    assert_eq!(packed.digest, sha256(&packed.manifest));
    // The same bundle is the same artifact.
    assert_eq!(pack(&files(), &order(), BTreeMap::new()).unwrap().digest, packed.digest);
    Layout::read(&packed.manifest).unwrap().holds(&files()).unwrap();
}

fn told(layers: Value) -> String {
    let manifest = json!({ "schemaVersion": 2, "mediaType": OCI_IMAGE_MEDIA_TYPE, "config": { "mediaType": CONFIG, "digest": "sha256:00", "size": 2 }, "layers": layers });
    match Layout::read(manifest.to_string().as_bytes()) {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn layer(title: &str, size: i64) -> Value {
    json!({ "mediaType": COMPONENT, "digest": "sha256:00", "size": size, "annotations": { TITLE: title } })
}

#[test]
fn a_manifest_that_is_no_bundles_is_refused() {
    let bundle = || layer("bundle.yaml", 1);
    assert_eq!(told(json!([bundle(), layer("a.wasm", 4)])), "ok");
    for (layers, expected) in [
        (json!([]), "has no bundle.yaml"),
        (json!([layer("a.wasm", 4), layer("b.wasm", 4)]), "has no bundle.yaml"),
        (json!([bundle(), layer("../a.wasm", 4)]), "no path inside a folder"),
        (json!([bundle(), layer("/etc/passwd", 4)]), "no path inside a folder"),
        (json!([bundle(), layer("a/../../b", 4)]), "no path inside a folder"),
        (json!([bundle(), layer("", 4)]), "no path inside a folder"),
        // What says where a bundle came from is written by whoever pulls it.
        (json!([bundle(), layer("bundle.oci.json", 4)]), "no path inside a folder"),
        (json!([bundle(), layer("a", 4), layer("a", 4)]), "two of its layers"),
        (json!([bundle(), layer("a", 4), layer("a/b", 4)]), "two of its layers"),
        (json!([bundle(), layer("a", 4), layer("a-b", 4), layer("a/b", 4)]), "two of its layers"),
        (json!([bundle(), layer("a", 129 << 20)]), "bytes in \"a\""),
        (json!([bundle(), layer("a", -1)]), "bytes in \"a\""),
        (json!([bundle(), layer("a", 128 << 20), layer("b", 128 << 20), layer("c", 128 << 20), layer("d", 128 << 20)]), "make the bundle smaller"),
        (json!((0..300).map(|n| layer(&format!("{n}"), 1)).collect::<Vec<_>>()), "300 layers"),
        (json!("many"), "none of an OCI image"),
        (json!([bundle(), { "mediaType": COMPONENT, "digest": "sha256:00", "size": 4 }]), "no path inside a folder"),
    ] {
        let told = told(layers);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(Layout::read(&[b' '; MANIFEST_BYTES + 1]).is_err());
    assert!(Layout::read(br#"{"schemaVersion":2,"manifests":[]}"#).is_err());
}

#[test]
fn files_that_are_not_the_artifacts_are_found() {
    let packed = pack(&files(), &order(), BTreeMap::new()).unwrap();
    let layout = Layout::read(&packed.manifest).unwrap();
    let mut changed = files();
    changed.insert("b.wasm".into(), b"\0asm B".to_vec());
    assert!(matches!(layout.holds(&changed), Err(LayoutError::Digest { path, .. }) if path == "b.wasm"));
    let mut more = files();
    more.insert("c.wasm".into(), Vec::new());
    assert!(matches!(layout.holds(&more), Err(LayoutError::Strange(path)) if path == "c.wasm"));
}
