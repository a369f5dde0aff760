use kube_request::Head;
use masking::{MaskRule, Plan};

use super::*;

fn plan(paths: &[&str]) -> Arc<CompiledPlan> {
    let rule = MaskRule { name: "secret".into(), paths: paths.iter().map(|path| (*path).into()).collect(), ..MaskRule::default() };
    let rules = if paths.is_empty() { vec![] } else { vec![rule] };
    Arc::new(CompiledPlan::compile(&Plan { rules, embedded: vec![] }).unwrap())
}

fn kept(paths: &[&str], method: &str, media_type: &str, body: &str) -> Result<String, NotKept> {
    let headers: [(&str, &[u8]); 2] = [("accept", b"application/json"), ("content-type", media_type.as_bytes())];
    let target = if method == "POST" { "/apis/example.com/v1/namespaces/shop/vaults" } else { "/apis/example.com/v1/namespaces/shop/vaults/a" };
    let head = Head { method, target, headers: &headers };
    let request = KubeRequest::parse(&head).ok().unwrap().with_body(body.as_bytes()).ok().unwrap();
    let kept = by(&plan(paths), &Arc::new(TokenKey::new([7; 32])), &request).expect("there is a body");
    kept.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

fn patched(paths: &[&str], body: &str) -> String {
    kept(paths, "PATCH", "application/json-patch+json", body).unwrap()
}

#[test]
fn an_object_is_masked_as_an_answer_with_it_is() {
    let object = r#"{"apiVersion":"example.com/v1","kind":"Vault","metadata":{"name":"a"},"spec":{"key":"hunter2","size":3}}"#;
    let shown = kept(&["/spec/key"], "POST", "application/json", object).unwrap();
    assert!(shown.contains(r#""key":"masked:v1:"#) && shown.contains(r#""size":3"#) && !shown.contains("hunter2"), "{shown}");
    let merged = kept(&["/spec/key"], "PATCH", "application/merge-patch+json", r#"{"spec":{"key":"hunter2"}}"#).unwrap();
    assert!(merged.starts_with(r#"{"spec":{"key":"masked:v1:"#), "{merged}");
}

#[test]
fn a_list_of_operations_keeps_what_no_rule_reaches() {
    let operations = r#"[{"op":"replace","path":"/spec/size","value":3},{"op":"remove","path":"/spec/old"}]"#;
    assert_eq!(patched(&["/spec/key"], operations), operations);
    assert_eq!(patched(&[], operations), operations);
}

#[test]
fn a_value_that_would_be_masked_where_it_is_put_is_redacted() {
    let rules = &["/spec/key", "/spec/users/*/password"][..];
    let cases = [
        (r#"[{"op":"add","path":"/spec/key","value":"hunter2"}]"#, r#"[{"op":"add","path":"/spec/key","value":"masked"}]"#),
        (r#"[{"op":"test","path":"/spec/key","value":"hunter2"}]"#, r#"[{"op":"test","path":"/spec/key","value":"masked"}]"#),
        (r#"[{"op":"replace","path":"/spec","value":{"key":"hunter2"}}]"#, r#"[{"op":"replace","path":"/spec","value":"masked"}]"#),
        (r#"[{"op":"replace","path":"","value":{"spec":{"key":"hunter2"}}}]"#, r#"[{"op":"replace","path":"","value":"masked"}]"#),
        (r#"[{"op":"add","path":"/spec/users/-","value":{"password":"hunter2"}}]"#, r#"[{"op":"add","path":"/spec/users/-","value":"masked"}]"#),
        (r#"[{"op":"add","path":"/spec/users/4/password","value":"hunter2"}]"#, r#"[{"op":"add","path":"/spec/users/4/password","value":"masked"}]"#),
        (r#"[{"op":"add","path":"/spec/k~0ey~2","value":"hunter2"}]"#, r#"[{"op":"add","path":"/spec/k~0ey~2","value":"masked"}]"#),
        (r#"[{"op":"add","path":"/spec/size","value":3,"note":"hunter2"}]"#, r#"[{"op":"add","path":"/spec/size","value":3}]"#),
    ];
    for (body, expected) in cases {
        assert_eq!(patched(rules, body), expected, "{body}");
    }
}

/// An operation before may have moved the elements.
#[test]
fn an_index_is_not_trusted_where_a_rule_names_one() {
    let operations = r#"[{"op":"remove","path":"/spec/keys/0"},{"op":"replace","path":"/spec/keys/0","value":"hunter2"}]"#;
    assert!(!patched(&["/spec/keys/1"], operations).contains("hunter2"));
}
