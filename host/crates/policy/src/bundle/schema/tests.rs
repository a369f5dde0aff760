use std::path::Path;

use serde_json::Value;

use super::*;

/// The published files say what the types say. `UPDATE_SCHEMAS=1` writes them anew.
#[test]
fn the_published_schemas_are_current() {
    for (name, schema) in [("bundle.schema.json", bundle_schema()), ("cases.schema.json", cases_schema())] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let published = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(published, text, "{name} is not current: run this test with UPDATE_SCHEMAS=1");
    }
}

fn repository() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn errors(schema: &Value, text: &str) -> Vec<String> {
    let value: Value = serde_saphyr::from_str(text).unwrap();
    let validator = jsonschema::draft7::new(schema).unwrap();
    validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_bundle_of_the_repository_fits_its_schema() {
    let (bundle, cases) = (bundle_schema(), cases_schema());
    for folder in ["plugins/default", "examples/bundles/observe"] {
        let folder = repository().join(folder);
        let text = std::fs::read_to_string(folder.join("bundle.yaml")).unwrap();
        assert_eq!(errors(&bundle, &text), [""; 0], "{}", folder.display());
        for file in std::fs::read_dir(folder.join("cases")).into_iter().flatten() {
            let file = file.unwrap().path();
            assert_eq!(errors(&cases, &std::fs::read_to_string(&file).unwrap()), [""; 0], "{}", file.display());
        }
    }
}

/// What an editor underlines is what the gateway refuses.
#[test]
fn the_schema_finds_the_mistakes_that_have_a_form() {
    let schema = bundle_schema();
    let with = |entry: &str| format!("apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins: [{entry}]\n");
    assert_eq!(errors(&schema, &with("{ name: a, world: guard, component: a.wasm, canary: { share: 5% }, limits: { memory: 16MiB } }")), [""; 0]);
    for wrong in [
        "{ name: a, world: guard, component: a.wasm, colour: red }",
        "{ name: a, world: gaurd, component: a.wasm }",
        "{ name: a, world: guard }",
        "{ name: A b, world: guard, component: a.wasm }",
        "{ name: a, world: guard, component: a.wasm, mode: watch }",
        "{ name: a, world: guard, component: a.wasm, match: { verb: [get] } }",
        "{ name: a, world: guard, component: a.wasm, limits: { memory: lots } }",
        "{ name: a, world: guard, component: a.wasm, canary: { share: ten } }",
    ] {
        assert_eq!(errors(&schema, &with(wrong)).len(), 1, "{wrong}");
        assert!(Manifest::parse(with(wrong).as_bytes()).is_err(), "{wrong}");
    }
    assert_eq!(errors(&schema, "apiVersion: portcullis.dev/v2\nkind: Bundles\nplugins: []\n").len(), 2);
}

/// The names that are written down here are all that serde takes.
#[test]
fn the_names_of_the_interface_are_its_own() {
    fn hold<T: serde::de::DeserializeOwned + JsonSchema>(more: &str) {
        let schema = schemars::schema_for!(T).to_value();
        let names: Vec<String> = serde_json::from_value(schema["enum"].clone()).unwrap();
        for name in &names {
            serde_json::from_value::<T>(Value::from(name.as_str())).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        // serde lists what it would have taken.
        let error = serde_json::from_value::<T>(Value::from(more)).err().unwrap().to_string();
        assert_eq!(error.matches('`').count() / 2 - 1, names.len(), "{error}");
    }
    hold::<World>("no such world");
    hold::<IdentityKind>("no such kind");
    hold::<GrantScope>("no such scope");
    serde_json::from_value::<Finding>(serde_json::json!({ "rule": "r", "message": "m" })).unwrap();
}
