use serde_json::json;

use super::*;

fn body() -> Body<'static> {
    let value = json!({"spec": {"replicas": 3, "paused": null, "a/b": "slash"}});
    Body::native(value, Ok(json!({"spec": {"replicas": 9}})))
}

#[test]
fn values_by_pointer() {
    assert_eq!(body().get("/spec/replicas"), Some(3));
    assert_eq!(body().get("/spec/a~1b"), Some("slash".to_owned()));
    assert_eq!(body().get::<bool>("/spec/paused"), None);
    assert!(body().has("/spec/paused") && !body().has("/spec/none"));
    assert_eq!(body().get_all::<u32>(&["/spec/none", "/spec/replicas"]), [None, Some(3)]);
    assert_eq!(Body::none().get::<u32>("/spec"), None);
}

#[test]
#[should_panic(expected = "/spec/replicas is not what the policy expects")]
fn another_type_stops_the_evaluation() {
    body().get::<String>("/spec/replicas");
}

#[test]
fn previews() {
    assert_eq!(body().preview().expect("given").get("/spec/replicas"), Some(9));
    assert!(Body::none().preview().is_err());
}
