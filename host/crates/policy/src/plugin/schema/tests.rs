use serde_json::json;

use super::*;

fn described(schema: &str) -> Description {
    Description { name: "x".into(), version: "1.0.0".into(), summary: String::new(), configuration_schema: schema.to_owned() }
}

/// What is said of a schema, with an empty configuration.
fn refused(schema: &Value) -> String {
    match validate(&described(&schema.to_string()), &json!({})) {
        Err(ConfigureError::Schema(why)) => why,
        other => panic!("{schema}: {other:?}"),
    }
}

#[test]
fn a_wrong_configuration_is_told_with_its_place_and_without_its_value() {
    let schema = json!({ "type": "object", "properties": { "token": { "type": "string", "maxLength": 3 } }, "additionalProperties": false });
    let schema = described(&schema.to_string());
    assert!(validate(&schema, &json!({ "token": "abc" })).is_ok());
    let error = validate(&schema, &json!({ "token": "hunter2" })).unwrap_err().to_string();
    assert!(error.contains("/token") && !error.contains("hunter2"), "{error}");
    let error = validate(&schema, &json!({ "tokn": "abc" })).unwrap_err().to_string();
    assert!(error.contains("tokn"), "{error}");
}

#[test]
fn a_misspelt_key_is_told_before_the_one_that_is_missing_for_it() {
    let schema = json!({ "type": "object", "properties": { "most": {}, "b": { "type": "string" } }, "required": ["most"], "additionalProperties": false });
    let error = validate(&described(&schema.to_string()), &json!({ "b": 1, "msot": 1 })).unwrap_err().to_string();
    assert!(error.starts_with("its configuration at `/msot` is wrong"), "{error}");
    let error = validate(&described(&schema.to_string()), &json!({})).unwrap_err().to_string();
    assert!(error.starts_with("its configuration is wrong: \"most\" is a required property"), "{error}");
}

#[test]
fn a_wrong_schema_is_the_authors_mistake() {
    refused(&json!({ "type": 5 }));
    assert!(matches!(validate(&described("{"), &json!({})), Err(ConfigureError::Schema(_))));
}

/// Without the network: a schema that refers to another document cannot make the gateway fetch it.
#[test]
fn nothing_is_fetched_for_a_schema() {
    for elsewhere in ["https://schemas.example/x.json", "http://127.0.0.1:1/x", "file:///etc/passwd"] {
        refused(&json!({ "$ref": elsewhere }));
    }
}

#[test]
fn a_schema_that_refers_to_itself_for_the_same_value_is_refused() {
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "allOf": [{ "$ref": "#/%24defs/a" }] } } }),
        json!({ "$id": "https://x.example/root", "$ref": "root" }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$id": "https://x.example/a", "allOf": [{ "$ref": "https://x.example/a#" }] } } }),
        json!({ "$ref": "#one", "$defs": { "x": { "$anchor": "one", "anyOf": [{ "not": { "$ref": "#one" } }] } } }),
    ] {
        assert_eq!(refused(&schema), "it refers to itself without end");
    }
}

/// A tree is described by a schema that refers to itself one level further down.
#[test]
fn a_schema_may_describe_a_tree() {
    let schema = json!({ "type": "object", "properties": { "children": { "type": "array", "items": { "$ref": "#" } } }, "additionalProperties": false });
    let schema = described(&schema.to_string());
    assert!(validate(&schema, &json!({ "children": [{ "children": [] }] })).is_ok());
    assert!(validate(&schema, &json!({ "children": [{ "child": [] }] })).is_err());
}

#[test]
fn a_schema_that_doubles_at_every_reference_is_refused() {
    let mut definitions = serde_json::Map::new();
    for i in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/d{}", i + 1) });
        definitions.insert(format!("d{i}"), json!({ "allOf": [next, next] }));
    }
    definitions.insert("d40".to_owned(), json!({ "type": "object" }));
    let why = refused(&json!({ "$ref": "#/$defs/d0", "$defs": definitions }));
    assert!(why.contains("hold for one value"), "{why}");
}

/// Patterns run in linear time; one that is too large for that, or that needs another way, is refused.
#[test]
fn patterns_take_linear_time() {
    let schema = described(&json!({ "properties": { "a": { "pattern": "^(a+)+$" } } }).to_string());
    assert!(validate(&schema, &json!({ "a": "a".repeat(100_000) + "!" })).is_err());
    refused(&json!({ "properties": { "a": { "pattern": "((a{1,1000}){1,1000}){1,1000}" } } }));
    refused(&json!({ "properties": { "a": { "pattern": "(?<x>a)\\k<x>" } } }));
}

#[test]
fn a_schema_of_a_megabyte_is_refused() {
    let why = refused(&json!({ "description": "x".repeat(1 << 20) }));
    assert!(why.contains("and may have"), "{why}");
}
