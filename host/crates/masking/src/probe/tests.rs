use super::*;
use crate::{Action, Encoding, MaskRule, Plan};

fn rule(name: &str, paths: &[&str]) -> MaskRule {
    MaskRule { name: name.to_owned(), paths: paths.iter().map(|path| (*path).to_owned()).collect(), ..MaskRule::default() }
}

fn plan(rules: Vec<MaskRule>, embedded: &[&str]) -> Arc<CompiledPlan> {
    let embedded = embedded.iter().map(|path| (*path).to_owned()).collect();
    Arc::new(CompiledPlan::compile(&Plan { rules, embedded }).unwrap())
}

/// What the default plan is for a Secret, in short.
fn secrets() -> Arc<CompiledPlan> {
    plan(
        vec![
            MaskRule { encoding: Encoding::Base64, ..rule("data", &["/data/*"]) },
            MaskRule { names: Some("(?i)password".into()), ..rule("env", &["/**/env/*/value"]) },
            MaskRule { names: Some("(?i)token".into()), ..rule("annotations", &["/**/annotations/*"]) },
            MaskRule { patterns: vec!["detector:aws-access-key-id".into()], ..rule("credentials", &[]) },
        ],
        &["/**/annotations/last"],
    )
}

#[test]
fn a_test_of_what_is_masked_is_known() {
    let plan = secrets();
    for (pointer, guess) in [
        ("/data/password", r#""aHVudGVyMg==""#),
        ("/data/password", "null"),
        ("/data", r#"{"password":"aHVudGVyMg=="}"#),
        ("", r#"{"data":{"password":"eA=="}}"#),
        ("/spec/containers/0/env/0/value", r#""x""#),
        ("/spec/containers/0/env/0", r#"{"name":"DB_PASSWORD","value":"x"}"#),
        ("/spec/containers/0/env", r#"[{"value":"x","name":"DB_PASSWORD"}]"#),
        ("/spec", r#"{"a":[{"env":[{"name":"PASSWORD","value":"x"}]}]}"#),
        ("/metadata/annotations/api-token", r#""x""#),
        ("/metadata/annotations/last", r#""{}""#),
        // A right guess would be masked in the answer.
        ("/metadata/labels/a", r#""AKIAIOSFODNN7EXAMPLE""#),
        ("/metadata/labels", r#"{"a":["AKIAIOSFODNN7EXAMPLE"]}"#),
        // Neither is a pointer.
        ("data", r#""x""#),
        ("/data/~2", r#""x""#),
    ] {
        assert!(plan.masks_at(pointer, guess.as_bytes()), "{pointer} {guess}");
    }
    for (pointer, guess) in [
        ("/metadata/resourceVersion", r#""12""#),
        ("/metadata/labels/app", r#""web""#),
        ("/metadata/annotations/owner", r#""me""#),
        ("/type", r#""Opaque""#),
        ("/data", "{}"),
        ("/spec/replicas", "3"),
        ("/spec/containers/0/env/0", r#"{"name":"HOME","value":"x"}"#),
        ("/spec/containers/0/env/0/name", r#""DB_PASSWORD""#),
    ] {
        assert!(!plan.masks_at(pointer, guess.as_bytes()), "{pointer} {guess}");
    }
}

#[test]
fn a_copy_out_of_a_masked_place_is_known() {
    let plan = secrets();
    for pointer in ["", "/data", "/data/password", "/spec", "/spec/containers/0/env/0/value", "/metadata", "/metadata/annotations/api-token", "/metadata/annotations/last", "x"] {
        assert!(plan.may_mask(pointer), "{pointer}");
    }
    for pointer in ["/metadata/labels/app", "/metadata/annotations/owner"] {
        assert!(!plan.may_mask(pointer), "{pointer}");
    }
}

#[test]
fn without_deep_paths_the_rest_of_the_object_may_be_copied() {
    let plan = plan(vec![rule("token", &["/spec/token"])], &[]);
    assert!(plan.may_mask("/spec") && plan.may_mask("/spec/token/0") && plan.may_mask(""));
    assert!(!plan.may_mask("/spec/size") && !plan.may_mask("/status"));
    assert!(plan.masks_at("/spec/token/deep/below", b"1"));
}

/// A list's element may be meant by a number that is a key as well.
#[test]
fn a_number_is_a_key_and_an_index() {
    let elements = plan(vec![rule("second", &["/list/1"]), MaskRule { names: Some("secret".into()), ..rule("named", &["/vars/*"]) }], &[]);
    assert!(elements.masks_at("/list/1", b"1") && !elements.masks_at("/list/0", b"1"));
    assert!(elements.masks_at("/vars/0/value", br#""x""#) && elements.may_mask("/vars/0"));
}

#[test]
fn names_everywhere_make_every_copy_one_out_of_its_name() {
    let named = plan(vec![MaskRule { names: Some("password".into()), ..rule("named", &[]) }], &[]);
    assert!(named.may_mask("/a/b"));
    assert!(named.masks_at("/a/password", br#""x""#) && !named.masks_at("/a/b", br#""x""#));
    assert!(named.masks_at("/a", br#"{"password":"x"}"#));
}

#[test]
fn what_an_inspector_might_mask_counts() {
    let inspected = plan(vec![MaskRule { action: Action::Inspect, patterns: vec!["x+".into()], ..rule("ask", &["/a/*"]) }], &[]);
    assert!(inspected.masks_at("/a/b", br#""xx""#) && !inspected.masks_at("/a/b", br#""y""#));
}

#[test]
fn an_empty_plan_masks_nothing() {
    let nothing = plan(Vec::new(), &[]);
    assert!(!nothing.masks_at("/data/password", b"1") && !nothing.may_mask(""));
}

/// Renaming an environment variable decides whether its value is shown.
#[test]
fn the_name_that_masks_what_stands_beside_it_is_known() {
    let env = secrets();
    for pointer in ["/spec/containers/0/env/0/name", "/spec/template/spec/initContainers/1/env/12/name", "/spec/env/db/name"] {
        assert!(env.names_masked(pointer), "{pointer}");
    }
    for pointer in ["", "name", "/metadata/name", "/spec/containers/0/name", "/data/name", "/metadata/annotations/name", "/spec/containers/0/env/0/value"] {
        assert!(!env.names_masked(pointer), "{pointer}");
    }
    assert_eq!(env.masked_by_name("/spec/env/db"), ["value"]);
    assert!(env.masked_by_name("/metadata").is_empty() && env.masked_by_name("/data").is_empty());

    let elements = plan(vec![MaskRule { names: Some("secret".into()), ..rule("named", &["/vars/*"]) }], &[]);
    assert!(elements.names_masked("/vars/0/name") && !elements.names_masked("/vars/name") && !elements.names_masked("/other/0/name"));
    let everywhere = plan(vec![MaskRule { names: Some("password".into()), ..rule("named", &[]) }], &[]);
    assert!(everywhere.names_masked("/a/name"));
}
