use super::*;

#[test]
fn one_text_for_one_configuration() {
    let value: serde_json::Value = serde_json::from_str(r#"{ "b": [1, {"z": null, "a": "é\n"}], "a": 1.5 }"#).unwrap();
    assert_eq!(canonical(&value), r#"{"a":1.5,"b":[1,{"a":"é\n","z":null}]}"#);
}

fn described(name: &str, version: &str, summary: &str) -> Description {
    Description { name: name.into(), version: version.into(), summary: summary.into(), configuration_schema: String::new() }
}

#[test]
fn what_a_component_says_of_itself_can_be_printed() {
    assert!(checked(described("deny-list", "1.2.3-rc.1+build.5", "refuses what may not be, „quoted“")).is_ok());
    for (name, version, summary, wrong) in [
        ("", "1.0.0", "", "a name"),
        ("Deny", "1.0.0", "", "a name"),
        ("x\u{1b}[2J", "1.0.0", "", "a name"),
        ("x", "", "", "a version"),
        ("x", "1.0\n", "", "a version"),
        ("x", "1.0.0", "a\r\nb", "a summary"),
        ("x", "1.0.0", &"x".repeat(1025), "a summary"),
    ] {
        let error = checked(described(name, version, summary)).unwrap_err().to_string();
        assert!(error.contains(wrong) && !error.contains(char::is_control), "{error}");
    }
}
