use super::*;

fn shown(message: &str) -> serde_json::Value {
    let status = serde_json::json!({ "kind": "Status", "message": message, "details": { "causes": [{ "message": message }] } });
    serde_json::from_slice(&without_dumps(serde_json::to_vec(&status).unwrap())).unwrap()
}

#[test]
fn a_dump_of_the_object_is_left_out_of_a_refusal() {
    let dump = r#"Job "a" is invalid: spec.template: Invalid value: core.PodTemplateSpec{Env:[]core.EnvVar{{Name:"DB_PASSWORD", Value:"hunter2"}}}: field is immutable"#;
    let status = shown(dump);
    let expected = r#"Job "a" is invalid: spec.template: Invalid value: (not shown): field is immutable"#;
    assert_eq!(status["message"], expected);
    assert_eq!(status["details"]["causes"][0]["message"], expected);
}

#[test]
fn a_simple_value_stays_so_that_an_agent_can_mend_it() {
    let message = r#"metadata.name: Invalid value: "Web_1": a lowercase RFC 1123 subdomain must consist of lower case"#;
    assert_eq!(shown(message)["message"], message);
}

#[test]
fn warnings_are_masked_by_the_same_patterns() {
    let rule = masking::MaskRule { name: "word".into(), patterns: vec!["hunter2".into()], ..Default::default() };
    let plan = CompiledPlan::compile(&masking::Plan { rules: vec![rule], embedded: Vec::new() }).unwrap();
    let mut headers = HeaderMap::new();
    headers.append(header::WARNING, HeaderValue::from_static("299 - \"the value hunter2 is weak\""));
    mask_warnings(&mut headers, &Arc::new(plan), &Arc::new(TokenKey::new([7; 32])));
    let warning = headers[header::WARNING].to_str().unwrap();
    assert!(warning.contains("masked:v1:") && !warning.contains("hunter2"), "{warning}");
}
