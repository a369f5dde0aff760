use portcullis_sdk::Builder;

use super::*;

const API: &str = "/apis/rbac.authorization.k8s.io/v1";

#[test]
fn roles_that_give_too_much() {
    for (rule, finds) in [
        (r#"{"verbs":["get"],"apiGroups":[""],"resources":["pods","pods/log"]}"#, None),
        (r#"{"verbs":["*"],"apiGroups":["apps"],"resources":["deployments"]}"#, Some("`*`")),
        (r#"{"verbs":["get"],"apiGroups":["*"],"resources":["pods"]}"#, Some("`*`")),
        (r#"{"verbs":["get"],"nonResourceURLs":["/*"]}"#, Some("`*`")),
        (r#"{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"]}"#, Some("impersonate")),
        (r#"{"verbs":["impersonate:user-info"],"apiGroups":[""],"resources":["users"]}"#, Some("impersonate")),
        (r#"{"verbs":["bind"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"]}"#, Some("`bind`")),
        (r#"{"verbs":["update"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"]}"#, Some("change roles")),
        (r#"{"verbs":["get"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"]}"#, None),
        (r#"{"verbs":["list"],"apiGroups":[""],"resources":["secrets"]}"#, Some("`secrets`")),
        (r#"{"verbs":["create"],"apiGroups":[""],"resources":["pods/exec"]}"#, Some("pods/exec")),
        (r#"{"verbs":["create"],"apiGroups":[""],"resources":["serviceaccounts/token"]}"#, Some("token")),
        (r#"{"verbs":["get"],"apiGroups":[""],"resources":["*/proxy"]}"#, Some("proxy")),
        (r#"{"verbs":["get"],"apiGroups":[""],"resources":["nodes/proxy"]}"#, Some("nodes/proxy")),
        (r#"{"verbs":["escalate"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"]}"#, Some("`escalate`")),
        (r#"{"verbs":["update"],"apiGroups":["certificates.k8s.io"],"resources":["certificatesigningrequests/approval"]}"#, Some("certificates.k8s.io")),
        (r#"{"verbs":["approve"],"apiGroups":["certificates.k8s.io"],"resources":["signers"]}"#, Some("`approve`")),
        (r#"{"verbs":["get","list"],"apiGroups":["certificates.k8s.io"],"resources":["certificatesigningrequests"]}"#, None),
        (r#"{"verbs":["create"],"apiGroups":["admissionregistration.k8s.io"],"resources":["mutatingwebhookconfigurations"]}"#, Some("admissionregistration.k8s.io")),
        (r#"{"verbs":["patch"],"apiGroups":["apiregistration.k8s.io"],"resources":["apiservices"]}"#, Some("apiregistration.k8s.io")),
        (r#"{"verbs":["create"],"apiGroups":[""],"resources":["persistentvolumes"]}"#, Some("persistentvolumes")),
        (r#"{"verbs":["patch"],"apiGroups":[""],"resources":["namespaces"]}"#, Some("namespaces")),
        (r#"{"verbs":["get","list","watch"],"apiGroups":[""],"resources":["nodes","namespaces","persistentvolumes"]}"#, None),
        (r#"{"verbs":["create"],"apiGroups":["apps"],"resources":["deployments"]}"#, None),
    ] {
        let request = Request::post(&format!("{API}/namespaces/shop/roles"), &format!(r#"{{"rules":[{rule}]}}"#));
        let found = escalation(&request).expect("no preview needed");
        match finds {
            Some(text) => assert!(found.as_ref().is_some_and(|found| found.contains(text)), "{rule}: {found:?}"),
            None => assert_eq!(found, None, "{rule}"),
        }
    }
}

#[test]
fn bindings() {
    let bind = |role: &str, subject: &str| {
        let body = format!(r#"{{"roleRef":{role},"subjects":[{subject}]}}"#);
        escalation(&Request::post(&format!("{API}/namespaces/shop/rolebindings"), &body)).expect("no preview needed")
    };
    let own = r#"{"kind":"Role","name":"admin"}"#;
    let account = r#"{"kind":"ServiceAccount","name":"web"}"#;
    assert_eq!(bind(own, account), None);
    assert!(bind(r#"{"kind":"ClusterRole","name":"cluster-admin"}"#, account).is_some());
    assert!(bind(own, r#"{"kind":"Group","name":"system:authenticated"}"#).is_some());
    let everywhere = Request::post(&format!("{API}/clusterrolebindings"), "{}");
    assert!(escalation(&everywhere).expect("no preview needed").is_some());
    assert_eq!(escalation(&Request::get(&format!("{API}/clusterrolebindings"))), Ok(None));
}

#[test]
fn patches_by_their_result() {
    let path = format!("{API}/clusterroles/reader");
    let patch = |preview: &str| Builder::of_path("patch", &path).body(r#"[{"op":"add","path":"/rules/-","value":{}}]"#).preview(preview).build();
    assert!(escalation(&patch(r#"{"rules":[{"verbs":["*"]}]}"#)).expect("a preview").is_some());
    assert_eq!(escalation(&patch(r#"{"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}"#)), Ok(None));
    let aggregating = r#"{"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]},"rules":[]}"#;
    assert!(escalation(&patch(aggregating)).expect("a preview").is_some());
}

#[test]
fn roles_that_become_part_of_kubernetes_own() {
    let role = |label: &str, value: &str| format!(r#"{{"metadata":{{"labels":{{"{label}":"{value}"}}}},"rules":[]}}"#);
    let roles = format!("{API}/clusterroles");
    for (label, value, finds) in [
        ("rbac.authorization.k8s.io/aggregate-to-edit", "true", true),
        ("rbac.authorization.k8s.io/aggregate-to-cluster-reader", "true", true),
        ("rbac.authorization.k8s.io/aggregate-to-edit", "false", false),
        ("app", "true", false),
    ] {
        let found = escalation(&Request::post(&roles, &role(label, value))).expect("no preview needed");
        assert_eq!(found.is_some(), finds, "{label}={value}: {found:?}");
    }
    // Only cluster roles are gathered.
    let own = Request::post(&format!("{API}/namespaces/shop/roles"), &role("rbac.authorization.k8s.io/aggregate-to-edit", "true"));
    assert_eq!(escalation(&own), Ok(None));
}
