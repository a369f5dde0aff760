use portcullis_sdk::Builder;

use super::*;

const CONFIGMAP: &str = "/api/v1/namespaces/shop/configmaps/settings";
const SET: &str = "/apis/apps/v1/namespaces/shop/statefulsets/db";

#[test]
fn owners_are_the_garbage_collectors_word() {
    let owned = r#"{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"0"}]}}"#;
    for (request, found) in [
        (Request::patch(CONFIGMAP, owned), true),
        (Request::put(CONFIGMAP, owned), true),
        (Request::patch(CONFIGMAP, r#"[{"op":"add","path":"/metadata/ownerReferences","value":[{}]}]"#), true),
        (Request::patch(CONFIGMAP, r#"[{"op":"replace","path":"/metadata/ownerReferences/0/uid","value":"0"}]"#), true),
        (Request::patch(CONFIGMAP, r#"[{"op":"move","from":"/data","path":"/metadata"}]"#), true),
        (Request::patch(CONFIGMAP, r#"[{"op":"replace","path":"","value":{}}]"#), true),
        (Request::patch(CONFIGMAP, r#"[{"op":"add","path":"/metadata/labels/a","value":"b"}]"#), false),
        (Request::patch(CONFIGMAP, r#"[{"op":"test","path":"/metadata/ownerReferences","value":[]}]"#), false),
        (Request::patch(CONFIGMAP, r#"{"metadata":{"ownerReferences":null}}"#), false),
        (Request::patch(CONFIGMAP, r#"{"data":{"a":"b"}}"#), false),
        (Request::put(CONFIGMAP, r#"{"metadata":{"ownerReferences":[]}}"#), false),
        // A new object that nobody owns goes again by itself.
        (Request::post("/api/v1/namespaces/shop/configmaps", owned), false),
        (Request::delete(CONFIGMAP), false),
    ] {
        let judged = indirect(&request).expect("no preview needed");
        assert_eq!(judged.is_some(), found, "{} {}", request.verb(), request.body().text());
    }
}

#[test]
fn a_stateful_set_that_deletes_its_claims() {
    let set = |when: &str| format!(r#"{{"spec":{{"replicas":0,"persistentVolumeClaimRetentionPolicy":{when}}}}}"#);
    let deletes = set(r#"{"whenScaled":"Delete"}"#);
    let patched = Builder::of_path("patch", SET).body(&deletes).preview(&deletes).build();
    assert!(indirect(&patched).expect("a preview").is_some_and(|found| found.contains("whenScaled")));
    assert!(indirect(&Request::put(SET, &set(r#"{"whenDeleted":"Delete"}"#))).expect("no preview needed").is_some());
    assert_eq!(indirect(&Request::put(SET, &set(r#"{"whenDeleted":"Retain","whenScaled":"Retain"}"#))), Ok(None));
    assert_eq!(indirect(&Request::patch(SET, r#"{"spec":{"replicas":0}}"#)), Ok(None));
}
