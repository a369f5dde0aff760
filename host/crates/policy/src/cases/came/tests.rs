use serde_json::json;

use super::*;

#[test]
fn what_came_is_written_as_the_yaml_that_expect_takes() {
    let came = Came {
        verdict: Some(Decision::Deny),
        rule: Some("few-replicas".to_owned()),
        message: Some("50 are \"more\" than 10: no".to_owned()),
        masked: Some(json!({ "a": ["x", 1, null, true], "b c": {}, "no": "yes" })),
        ..Came::default()
    };
    let yaml = came.as_yaml();
    assert_eq!(
        yaml,
        r#"{ verdict: deny, rule: few-replicas, message: "50 are \"more\" than 10: no", masked: { a: [x, 1, null, true], "b c": {}, "no": "yes" } }"#
    );
    let read: serde_json::Value = serde_saphyr::from_str(&yaml).expect("YAML");
    assert_eq!(read, serde_json::to_value(&came).expect("JSON"));
    assert_eq!(Came::default().as_yaml(), "{}");
}
