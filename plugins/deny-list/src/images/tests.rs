use portcullis_sdk::Builder;
use serde_json::json;

use super::*;

fn patterns(all: &[&str]) -> Patterns {
    serde_json::from_value(json!(all)).expect("patterns")
}

fn pod(image: &str) -> Request<'static> {
    let body = json!({"spec": {"containers": [{"name": "ok", "image": "registry.example.com/ok:1"}, {"name": "c", "image": image}]}});
    Request::post("/api/v1/namespaces/shop/pods", &body.to_string())
}

#[test]
fn where_images_come_from() {
    let allowed = patterns(&["registry.example.com/*", "docker.io/library/*"]);
    let refused = patterns(&["*/old-*"]);
    for (image, finds) in [
        ("registry.example.com/team/app:1", None),
        ("nginx", None),
        ("someone/nginx", Some("`docker.io/someone/nginx`, which is not among the allowed ones")),
        ("ghcr.io/team/app", Some("not among the allowed ones")),
        ("registry.example.com.evil.test/app", Some("not among the allowed ones")),
        ("registry.example.com/old-app", Some("which is refused")),
    ] {
        let found = from_elsewhere(&pod(image), Some(&allowed), Some(&refused)).expect("no preview needed");
        match finds {
            Some(text) => assert!(found.as_ref().is_some_and(|found| found.contains(text) && found.contains("container `c`")), "{image}: {found:?}"),
            None => assert_eq!(found, None, "{image}"),
        }
    }
    assert_eq!(from_elsewhere(&pod("ghcr.io/a/b"), None, Some(&refused)), Ok(None), "without a list of what is allowed all else is");
}

#[test]
fn names_that_stay_what_they_are() {
    for (image, versioned, pinned) in [
        ("app", false, false),
        ("app:latest", false, false),
        ("app:1.2", true, false),
        ("app@sha256:ab", true, true),
        ("app:latest@sha256:ab", true, true),
        ("app@md5:ab", true, false),
        ("registry:5000/app", false, false),
    ] {
        let job = json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"initContainers": [{"name": "i", "image": image}]}}}}}});
        let request = Request::post("/apis/batch/v1/namespaces/shop/cronjobs", &job.to_string());
        assert_eq!(of_any_version(&request).expect("no preview needed").is_none(), versioned, "{image}");
        assert_eq!(without_a_digest(&request).expect("no preview needed").is_none(), pinned, "{image}");
    }
}

#[test]
fn every_place_that_an_image_can_be_in() {
    let image = || json!([{"name": "c", "image": "app"}]);
    let path = "/api/v1/namespaces/shop/pods/web/ephemeralcontainers";
    for request in [
        Request::post("/api/v1/namespaces/shop/pods", &json!({"spec": {"initContainers": image()}}).to_string()),
        Request::post("/api/v1/namespaces/shop/pods", &json!({"spec": {"volumes": [{"name": "v", "image": {"reference": "app"}}]}}).to_string()),
        Request::put("/apis/apps/v1/namespaces/shop/deployments/web", &json!({"spec": {"template": {"spec": {"containers": image()}}}}).to_string()),
        Request::patch(path, &json!({"spec": {"ephemeralContainers": image()}}).to_string()),
        Builder::of_path("patch", path).body(r#"[{"op": "add"}]"#).preview(&json!({"spec": {"ephemeralContainers": image()}}).to_string()).build(),
    ] {
        assert!(of_any_version(&request).expect("what is asked for is there").is_some(), "{}", request.path());
    }
    for request in [
        Request::get("/api/v1/namespaces/shop/pods/web"),
        Request::post("/api/v1/namespaces/shop/pods", r#"{"spec": {"containers": [{"name": "left to a controller"}]}}"#),
        Request::patch("/apis/apps/v1/namespaces/shop/deployments/web", r#"{"spec": {"replicas": 3}}"#),
        Request::post("/apis/example.com/v1/namespaces/shop/widgets", r#"{"spec": {"containers": [{"image": "app"}]}}"#),
    ] {
        assert_eq!(of_any_version(&request), Ok(None), "{}", request.path());
    }
    assert!(of_any_version(&Builder::of_path("patch", path).body(r#"[{"op": "add"}]"#).preview_fails("it is invalid").build()).is_err());
}
