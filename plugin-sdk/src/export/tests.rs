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
