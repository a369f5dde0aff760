//! What comes of patches, as the standards say and as Kubernetes merges.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_tests::oracle::ask;
use serde_json::{Value, json};

/// What comes of each patch: `TYPE KIND`, the object, the patch.
fn results(patches: &[(&str, Value, Value)]) -> Vec<Result<Value, String>> {
    let encoded = |value: &Value| STANDARD.encode(value.to_string());
    let cases: Vec<String> = patches.iter().map(|(what, object, patch)| format!("{what} {} {}", encoded(object), encoded(patch))).collect();
    let answers = ask("patch", &cases);
    let result = |answer: Value| match answer["json"].as_str() {
        Some(text) => Ok(serde_json::from_str(text).expect("the result is JSON")),
        None => Err(answer["error"].as_str().expect("a result or an error").to_owned()),
    };
    answers.into_iter().map(result).collect()
}

/// RFC 7386, appendix A, where it patches objects.
#[test]
fn merge_patches_merge_as_the_standard_says() {
    let cases = [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ];
    let patches: Vec<_> = cases.iter().map(|(object, patch, _)| ("merge -", object.clone(), patch.clone())).collect();
    for (result, (object, patch, wanted)) in results(&patches).iter().zip(&cases) {
        assert_eq!(result.as_ref(), Ok(wanted), "{object} and {patch}");
    }
}

/// RFC 6902, appendix A.
#[test]
fn json_patches_do_what_their_operations_say_or_nothing() {
    let cases = [
        (json!({"foo": "bar"}), json!([{"op": "add", "path": "/baz", "value": "qux"}]), Some(json!({"baz": "qux", "foo": "bar"}))),
        (json!({"foo": ["bar", "baz"]}), json!([{"op": "add", "path": "/foo/1", "value": "qux"}]), Some(json!({"foo": ["bar", "qux", "baz"]}))),
        (json!({"foo": ["bar", "qux", "baz"]}), json!([{"op": "remove", "path": "/foo/1"}]), Some(json!({"foo": ["bar", "baz"]}))),
        (json!({"foo": {"bar": 1}, "qux": {}}), json!([{"op": "move", "from": "/foo/bar", "path": "/qux/thud"}]), Some(json!({"foo": {}, "qux": {"thud": 1}}))),
        (json!({"baz": "qux"}), json!([{"op": "test", "path": "/baz", "value": "bar"}]), None),
        (json!({"foo": "bar"}), json!([{"op": "add", "path": "/baz/bat", "value": "qux"}]), None),
        (json!({"/": 9, "~1": 10}), json!([{"op": "test", "path": "/~01", "value": 10}]), Some(json!({"/": 9, "~1": 10}))),
    ];
    let patches: Vec<_> = cases.iter().map(|(object, patch, _)| ("json -", object.clone(), patch.clone())).collect();
    for (result, (object, patch, wanted)) in results(&patches).iter().zip(&cases) {
        assert_eq!(result.as_ref().ok(), wanted.as_ref(), "{object} and {patch}: {result:?}");
    }
}

/// The reason why a guard cannot judge a strategic merge patch by its text.
#[test]
fn strategic_merge_patches_merge_lists_by_their_keys() {
    let pod = |containers: Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}});
    let one = pod(json!([{"name": "a", "image": "i", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]));
    let patches = [
        json!({"spec": {"containers": [{"name": "a", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}]}}),
        json!({"spec": {"containers": [{"name": "a", "env": [{"name": "A", "$patch": "delete"}]}]}}),
        json!({"spec": {"containers": [{"name": "a", "image": "j", "$patch": "replace"}]}}),
    ];
    let asked: Vec<_> = patches.iter().map(|patch| ("strategic /v1/Pod", one.clone(), patch.clone())).collect();
    let results = results(&asked);
    let environment = |result: &Result<Value, String>| {
        let env = result.as_ref().expect("it can be merged").pointer("/spec/containers/0/env").cloned().unwrap_or_default();
        let mut env: Vec<String> = env.as_array().into_iter().flatten().map(|one| format!("{}={}", one["name"].as_str().unwrap_or_default(), one["value"].as_str().unwrap_or_default())).collect();
        env.sort();
        env.join(" ")
    };
    assert_eq!(environment(&results[0]), "A=1 B=3 C=4");
    assert_eq!(environment(&results[1]), "B=2");
    assert_eq!(environment(&results[2]), "");
    // A custom resource takes none.
    let refused = self::results(&[("strategic -", json!({}), json!({}))]);
    assert!(refused[0].as_ref().is_err_and(|error| error.contains("custom resources take none")), "{refused:?}");
}
