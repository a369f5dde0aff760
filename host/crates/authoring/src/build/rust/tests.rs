use super::*;

const OUTPUT: &str = r#"{"reason":"compiler-artifact","manifest_path":"/sdk/Cargo.toml","target":{"name":"portcullis_sdk","crate_types":["lib"]},"filenames":["/t/libportcullis_sdk.rlib"]}
{"reason":"compiler-message","manifest_path":"/p/Cargo.toml","target":{"name":"few_replicas","crate_types":["cdylib","rlib"]}}
{"reason":"compiler-artifact","manifest_path":"/q/Cargo.toml","target":{"name":"other","crate_types":["cdylib"]},"filenames":["/t/other.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{"name":"few_replicas","crate_types":["cdylib","rlib"]},"filenames":["/t/few_replicas.wasm","/t/libfew_replicas.rlib"]}
not json
{"reason":"build-finished","success":true}"#;

#[test]
fn the_module_of_a_folder_is_its_own_package_s() {
    let modules = made(OUTPUT, &[], Path::new("/p/Cargo.toml"));
    assert_eq!(modules.into_values().collect::<Vec<_>>(), [Path::new("/t/few_replicas.wasm")]);
}

#[test]
fn the_modules_of_packages_go_by_their_names() {
    let modules = made(OUTPUT, &["few-replicas".to_owned()], Path::new("/workspace/Cargo.toml"));
    assert_eq!(modules.into_iter().collect::<Vec<_>>(), [("few-replicas".to_owned(), PathBuf::from("/t/few_replicas.wasm"))]);
}
