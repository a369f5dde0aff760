use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// How many.
    #[serde(default)]
    most: u32,
}

#[test]
fn a_configuration_is_taken_once() {
    let slot = Slot::<Config>::new();
    slot.take(r#"{"most": 3}"#, |_| Ok(())).expect("valid");
    assert_eq!(slot.get().most, 3);
    assert!(slot.take("{}", |_| Ok(())).expect_err("a second time").contains("configured already"));
}

#[test]
fn a_bad_configuration_is_refused_in_a_sentence() {
    let slot = Slot::<Config>::new();
    assert_eq!(slot.take(r#"{"least": 3}"#, |_| Ok(())), Err("unknown field `least`, expected `most`".to_owned()));
    assert_eq!(slot.take("", |_| Err("most: too few".to_owned())), Err("most: too few".to_owned()));
    assert_eq!(parse::<Config>("null").expect("empty").most, 0);
}

#[test]
fn the_schema_carries_the_documentation() {
    let schema: serde_json::Value = serde_json::from_str(&schema::<Config>()).expect("JSON");
    assert_eq!(schema["properties"]["most"]["description"], "How many.");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn the_schema_names_what_may_stand_there() {
    /// What to do.
    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[allow(dead_code)]
    enum Then {
        /// Refuse.
        Deny,
        /// Ask.
        Approve,
    }
    #[derive(Debug, Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Options {
        then: Option<Then>,
        name: Option<String>,
    }
    let schema = plain_schema::<Options>();
    assert_eq!(schema["$defs"]["Then"]["enum"], serde_json::json!(["deny", "approve"]));
    assert_eq!(schema["$defs"]["Then"]["description"], "What to do.\ndeny: Refuse.\napprove: Ask.");
    assert_eq!(schema["properties"]["name"]["type"], "string");
    assert_eq!(schema["properties"]["then"]["$ref"], "#/$defs/Then");
    assert!(!schema.to_string().contains("null"), "{schema}");
}
