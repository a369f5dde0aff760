use super::*;
use serde_json::json;

/// Object, patch, result: each row is one rule of strategic merge.
#[test]
fn strategic_merge() {
    let rows = [
        (
            "scalars and deletion",
            json!({"a": 1, "b": 2}),
            json!({"a": 3, "b": null}),
            json!({"a": 3}),
        ),
        (
            "plain lists are replaced",
            json!({"args": ["a", "b"]}),
            json!({"args": ["c"]}),
            json!({"args": ["c"]}),
        ),
        (
            "keyed lists are merged",
            json!({"containers": [{"name": "web", "image": "a", "tty": true}, {"name": "log", "image": "l"}]}),
            json!({"containers": [{"name": "web", "image": "b"}, {"name": "new", "image": "n"}]}),
            json!({"containers": [{"name": "web", "image": "b", "tty": true}, {"name": "log", "image": "l"}, {"name": "new", "image": "n"}]}),
        ),
        (
            "nested keyed lists",
            json!({"containers": [{"name": "web", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]}),
            json!({"containers": [{"name": "web", "env": [{"name": "B", "value": "3"}]}]}),
            json!({"containers": [{"name": "web", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]}]}),
        ),
        (
            "an element is deleted",
            json!({"env": [{"name": "A"}, {"name": "B"}]}),
            json!({"env": [{"name": "A", "$patch": "delete"}]}),
            json!({"env": [{"name": "B"}]}),
        ),
        (
            "a keyed list is replaced",
            json!({"env": [{"name": "A"}, {"name": "B"}]}),
            json!({"env": [{"name": "C"}, {"$patch": "replace"}]}),
            json!({"env": [{"name": "C"}]}),
        ),
        (
            "order is set",
            json!({"env": [{"name": "A"}, {"name": "B"}]}),
            json!({"$setElementOrder/env": [{"name": "C"}, {"name": "B"}], "env": [{"name": "C"}]}),
            json!({"env": [{"name": "C"}, {"name": "B"}, {"name": "A"}]}),
        ),
        (
            "keys are retained",
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}),
            json!({"strategy": {"type": "Recreate", "$retainKeys": ["type"]}}),
            json!({"strategy": {"type": "Recreate"}}),
        ),
        (
            "an object is replaced",
            json!({"labels": {"a": "1", "b": "2"}}),
            json!({"labels": {"$patch": "replace", "c": "3"}}),
            json!({"labels": {"c": "3"}}),
        ),
        (
            "primitive lists",
            json!({"finalizers": ["a", "b"]}),
            json!({"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}),
            json!({"finalizers": ["b", "c"]}),
        ),
        (
            "a container's ports by containerPort, a service's by port",
            json!({"c": {"ports": [{"containerPort": 80}]}, "s": {"ports": [{"port": 80, "nodePort": 1}]}}),
            json!({"c": {"ports": [{"containerPort": 81}]}, "s": {"ports": [{"port": 80, "targetPort": 8}]}}),
            json!({"c": {"ports": [{"containerPort": 80}, {"containerPort": 81}]}, "s": {"ports": [{"port": 80, "nodePort": 1, "targetPort": 8}]}}),
        ),
    ];
    for (name, object, patch, expected) in rows {
        assert_eq!(
            patched(&object, PatchType::Strategic, &patch).unwrap(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn json_and_merge_patches() {
    let object = json!({"spec": {"replicas": 2, "paused": true}});
    let patch = json!([{"op": "test", "path": "/spec/replicas", "value": 2}, {"op": "replace", "path": "/spec/replicas", "value": 3}]);
    assert_eq!(
        patched(&object, PatchType::Json, &patch).unwrap()["spec"]["replicas"],
        3
    );
    let failing = json!([{"op": "test", "path": "/spec/replicas", "value": 9}]);
    assert_eq!(
        patched(&object, PatchType::Json, &failing)
            .unwrap_err()
            .code,
        422
    );
    assert_eq!(
        patched(&object, PatchType::Json, &json!({"op": "add"}))
            .unwrap_err()
            .code,
        400
    );
    let merged = patched(
        &object,
        PatchType::Merge,
        &json!({"spec": {"paused": null}}),
    )
    .unwrap();
    assert_eq!(merged, json!({"spec": {"replicas": 2}}));
    assert_eq!(
        patched(&object, PatchType::Merge, &json!("text"))
            .unwrap_err()
            .code,
        400
    );
}

#[test]
fn content_types_name_the_patch() {
    assert_eq!(
        PatchType::of("application/json-patch+json; charset=utf-8"),
        Some(PatchType::Json)
    );
    assert_eq!(PatchType::of("application/json"), None);
    assert_eq!(PatchType::of("application/apply-patch+cbor"), None);
}
