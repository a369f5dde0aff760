use crate::{CompiledPlan, MaskRule, Plan, PlanError};

fn rule(patterns: &[&str]) -> MaskRule {
    MaskRule { name: "r".into(), patterns: patterns.iter().map(|p| (*p).into()).collect(), ..MaskRule::default() }
}

fn error(rule: MaskRule) -> String {
    match CompiledPlan::compile(&Plan { rules: vec![rule], embedded: Vec::new() }) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_wrong_with_a_plan_is_said() {
    let cases = [
        (rule(&["a("]), "pattern `a(` of rule `r` cannot be used: unclosed group; correct the regular expression (no look-around, no back-references)"),
        (rule(&["(?=x)"]), "pattern `(?=x)` of rule `r` cannot be used: look-around, including look-ahead and look-behind, is not supported; correct the regular expression (no look-around, no back-references)"),
        (rule(&["x*"]), "pattern `x*` of rule `r` cannot be used: it matches the empty string, and so everywhere; use `+` instead of `*`"),
        (rule(&["(a{1000}){1000}"]), "pattern `(a{1000}){1000}` of rule `r` cannot be used: it is too large when compiled; use smaller repetitions"),
        (
            rule(&["detector:nonsense"]),
            "rule `r` names the detector `nonsense`, which does not exist: use one of jwt, private-key, aws-access-key-id, github-token, slack-token, basic-auth-in-url, bearer-token, google-key, azure-key, gitlab-token, package-token, model-key, payment-key, vault-token, mail-key",
        ),
        (MaskRule { names: Some("[".into()), ..rule(&[]) }, "pattern `[` of rule `r` cannot be used: unclosed character class; correct the regular expression (no look-around, no back-references)"),
        (MaskRule { name: String::new(), ..rule(&[]) }, "rule 0 of the plan has no name: give it one, records refer to it"),
        (rule(&["a"; 65]), "the plan has 65 patterns in rule `r`, more than 64: remove or merge some"),
        (MaskRule { paths: vec!["/a".into(); 129], ..rule(&[]) }, "the plan has 129 paths in rule `r`, more than 128: remove or merge some"),
    ];
    for (rule, message) in cases {
        assert_eq!(error(rule), message);
    }
    let long = "a".repeat(5000);
    let message = error(rule(&[&long]));
    assert!(message.contains("longer than 4096 bytes") && message.len() < 400, "{message}");
    let many = Plan { rules: vec![rule(&[]); 65], embedded: Vec::new() };
    assert_eq!(CompiledPlan::compile(&many).err(), Some(PlanError::TooMany { what: "rules".into(), count: 65, most: 64 }));
}

#[test]
fn a_plan_knows_what_it_needs() {
    let compile = |rules: Vec<MaskRule>| CompiledPlan::compile(&Plan { rules, embedded: vec!["/x".into()] }).expect("a plan");
    assert!(compile(vec![]).is_empty());
    let everywhere = compile(vec![rule(&["x"])]);
    assert!(!everywhere.is_empty() && everywhere.masks_text() && !everywhere.inspects());
    let placed = compile(vec![MaskRule { paths: vec!["/a".into()], action: crate::Action::Inspect, ..rule(&[]) }]);
    assert!(!placed.masks_text() && placed.inspects());
    let named = compile(vec![MaskRule { names: Some("x".into()), ..rule(&[]) }]);
    assert!(!named.masks_text());
}

#[test]
fn a_plan_is_read_from_json_strictly() {
    let text = r#"{"rules":[{"name":"data","paths":["/data/*"],"encoding":"base64","action":"token"}],"embedded":["/x"]}"#;
    let plan: Plan = serde_json::from_str(text).expect("a plan");
    assert_eq!(plan.rules[0].encoding, crate::Encoding::Base64);
    assert_eq!(plan.rules[0].names, None);
    assert!(serde_json::from_str::<Plan>(r#"{"rules":[{"name":"data","pathes":["/data/*"]}]}"#).is_err());
    assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).expect("JSON")).expect("a plan"), plan);
}

#[test]
fn merged_plans_mask_what_any_of_them_masks() {
    let one = Plan { rules: vec![rule(&["a"]), rule(&["b"])], embedded: vec!["/x".into()] };
    let two = Plan { rules: vec![rule(&["b"]), rule(&["c"])], embedded: vec!["/x".into(), "/y".into()] };
    let merged = Plan::merge([&one, &two]);
    assert_eq!(merged.rules, vec![rule(&["a"]), rule(&["b"]), rule(&["c"])]);
    assert_eq!(merged.embedded, vec!["/x".to_owned(), "/y".to_owned()]);
}

#[test]
fn a_field_that_a_column_could_show_is_known() {
    let names = |paths: &[&str], embedded: &[&str]| {
        let rule = MaskRule { paths: paths.iter().map(|path| (*path).into()).collect(), ..rule(&[]) };
        let embedded = embedded.iter().map(|path| (*path).into()).collect();
        CompiledPlan::compile(&Plan { rules: vec![rule], embedded }).unwrap().names_fields()
    };
    assert!(names(&["/spec/token"], &[]) && names(&["/**/env/*/value", "/*/token"], &[]) && names(&["/**/x"], &["/spec/copy"]));
    assert!(!names(&["/**/env/*/value", "/rows/*/cells/*"], &["/**/annotations/last"]) && !names(&[], &[]));
}
