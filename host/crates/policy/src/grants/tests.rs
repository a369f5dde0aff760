use super::*;

fn read(resources: &[&str], fields: Option<&[&str]>) -> ClusterRead {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    ClusterRead::new(&owned(resources), fields.map(owned).as_deref()).unwrap()
}

#[test]
fn a_read_covers_what_it_names() {
    let some = read(&["pods", "deployments.apps"], Some(&["/metadata/labels", "/spec/replicas"]));
    for (group, resource, pointer, covered) in [
        ("", "pods", None, true),
        ("apps", "deployments", None, true),
        ("", "deployments", None, false),
        ("apps", "pods", None, false),
        ("", "pod", None, false),
        ("", "pods", Some("/metadata/labels"), true),
        ("", "pods", Some("/metadata/labels/app"), true),
        ("", "pods", Some("/metadata/labelsx"), false),
        ("", "pods", Some("/metadata"), false),
        ("", "pods", Some(""), false),
    ] {
        assert_eq!(some.covers(group, resource, pointer), covered, "{resource}.{group} {pointer:?}");
    }
    assert!(read(&["pods"], None).covers("", "pods", Some("")));
}

#[test]
fn secrets_have_to_be_named() {
    assert!(!read(&["*"], None).covers("", "secrets", None));
    assert!(read(&["*"], None).covers("", "pods", None));
    assert!(read(&["*"], None).covers("example.com", "secrets", None), "another group's are not the cluster's");
    assert!(read(&["secrets"], None).covers("", "secrets", Some("/type")));
}

#[test]
fn a_bundle_may_ask_for_less_and_never_for_more() {
    let granted = [read(&["pods", "namespaces"], Some(&["/metadata"])), read(&["deployments.apps"], None)];
    for (asked, beyond) in [
        (read(&["pods"], Some(&["/metadata/labels"])), None),
        (read(&["pods"], Some(&["/spec"])), Some("`/spec` of `pods`")),
        (read(&["pods"], None), Some("`pods` with all fields")),
        (read(&["deployments.apps"], None), None),
        (read(&["deployments.apps", "services"], Some(&["/metadata/name"])), Some("`/metadata/name` of `services`")),
        (read(&["*"], Some(&["/metadata"])), Some("`/metadata` of `*`")),
    ] {
        assert_eq!(ClusterRead::beyond(&asked, &granted).as_deref(), beyond, "{asked:?}");
    }
    let all = [read(&["*"], None)];
    assert_eq!(ClusterRead::beyond(&read(&["*"], None), &all), None);
    assert_eq!(ClusterRead::beyond(&read(&["secrets"], None), &all).as_deref(), Some("`secrets` with all fields"));
    assert_eq!(ClusterRead::beyond(&read(&["secrets", "*"], None), &[ClusterRead::everything()]), None);
}

#[test]
fn what_is_no_resource_or_field_is_refused() {
    let new = |resource: &str, field: &str| ClusterRead::new(&[resource.to_owned()], Some(&[field.to_owned()])).unwrap_err().to_string();
    assert!(new("Pods", "/spec").contains("`Pods` is not a resource"));
    assert!(new("pods/log", "/spec").contains("`pods/log` is not a resource"));
    assert!(new("pods", "spec").contains("`spec` is not a field"));
    assert!(new("pods", "/spec/").contains("`/spec/` is not a field"));
}
