use serde_json::json;

use super::*;

#[test]
fn one_text_for_one_configuration() {
    let value: serde_json::Value = serde_json::from_str(r#"{ "b": [1, {"z": null, "a": "é\n"}], "a": 1.5 }"#).unwrap();
    assert_eq!(canonical(&value), r#"{"a":1.5,"b":[1,{"a":"é\n","z":null}]}"#);
}

fn described(schema: serde_json::Value) -> Description {
    Description { name: "x".into(), version: "1.0.0".into(), summary: String::new(), configuration_schema: schema.to_string() }
}

#[test]
fn a_wrong_configuration_is_told_with_its_place_and_without_its_value() {
    let schema = described(json!({ "type": "object", "properties": { "token": { "type": "string", "maxLength": 3 } }, "additionalProperties": false }));
    assert!(validate(&schema, &json!({ "token": "abc" })).is_ok());
    let error = validate(&schema, &json!({ "token": "hunter2" })).unwrap_err().to_string();
    assert!(error.contains("/token") && !error.contains("hunter2"), "{error}");
    let error = validate(&schema, &json!({ "tokn": "abc" })).unwrap_err().to_string();
    assert!(error.contains("tokn"), "{error}");
}

#[test]
fn a_wrong_schema_is_the_authors_mistake() {
    let mut schema = described(json!({ "type": 5 }));
    assert!(matches!(validate(&schema, &json!({})), Err(ConfigureError::Schema(_))));
    schema.configuration_schema = "{".to_owned();
    assert!(matches!(validate(&schema, &json!({})), Err(ConfigureError::Schema(_))));
    // Without the network: a schema that refers to another document cannot make the gateway fetch it.
    schema.configuration_schema = json!({ "$ref": "https://schemas.example/x.json" }).to_string();
    assert!(matches!(validate(&schema, &json!({})), Err(ConfigureError::Schema(_))));
}
