use super::*;

fn named(bundle: Option<&str>) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("few-replicas");
    fs::create_dir(&dir).expect("made");
    if let Some(text) = bundle {
        fs::write(dir.join(BUNDLE), text).expect("written");
    }
    match component(&dir) {
        Ok(path) => Ok(path.strip_prefix(&dir).expect("inside").display().to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn the_component_has_the_name_that_the_bundle_gives_it() {
    for (bundle, name) in [
        (None, "few-replicas.wasm"),
        (Some("plugins: []"), "few-replicas.wasm"),
        (Some("plugins: [{ name: a, component: out/a.wasm }]"), "out/a.wasm"),
        (Some("plugins: [{ name: a, component: a.wasm }, { name: b, component: a.wasm }]"), "a.wasm"),
        (Some("plugins: [{ component: a.wasm }, { component: few-replicas.wasm }]"), "few-replicas.wasm"),
    ] {
        assert_eq!(named(bundle).as_deref(), Ok(name), "{bundle:?}");
    }
}

#[test]
fn a_bundle_that_does_not_say_is_refused() {
    for (bundle, why) in [
        ("plugins: [{ component: a.wasm }, { component: b.wasm }]", "several components"),
        ("plugins: [{ component: ../a.wasm }]", "outside the folder"),
        ("plugins: [{ component: /a.wasm }]", "outside the folder"),
        ("plugins: [{ name: a }]", "1:1"),
    ] {
        let error = named(Some(bundle)).expect_err(bundle);
        assert!(error.contains(why) && error.contains("bundle.yaml:"), "{bundle}: {error}");
    }
}
