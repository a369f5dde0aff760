use super::*;

#[test]
fn components_are_found_in_a_definition() {
    let definition = "plugins:\n  - name: a\n    component: deny-list.wasm   # why\n  - component: \"field-masking.wasm\"\n    # component: off.wasm\n";
    assert_eq!(named(definition), ["deny-list.wasm", "field-masking.wasm", "off.wasm"]);
}

#[test]
fn a_bundle_is_written_once_and_pruned() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, target) = (folder.path().join("source"), folder.path().join("target"));
    fs::create_dir_all(source.join("cases")).expect("folders");
    fs::write(source.join("bundle.yaml"), "plugins:\n- component: a.wasm\n").expect("written");
    fs::write(source.join("cases/a.yaml"), "cases: []\n").expect("written");
    let components = |name: &str| (name == "a").then(|| Ok(b"component".to_vec()));
    bundle(&source, &target, &components).expect("a bundle");
    let modified = |name: &str| fs::metadata(target.join(name)).expect(name).modified().expect("a time");
    let first = modified("a.wasm");
    fs::write(target.join("old.wasm"), "").expect("written");
    bundle(&source, &target, &components).expect("the same bundle");
    assert_eq!(modified("a.wasm"), first);
    assert!(target.join("cases/a.yaml").is_file() && !target.join("old.wasm").exists());
    fs::write(source.join("bundle.yaml"), "plugins:\n- component: none.wasm\n").expect("written");
    let error = bundle(&source, &target, &components).expect_err("a missing component");
    assert!(error.to_string().contains("no crate plugins/none"), "{error}");
}
