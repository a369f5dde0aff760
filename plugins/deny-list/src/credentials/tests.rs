use super::*;

#[test]
fn secrets_that_become_tokens() {
    let secret = |kind: &str| format!(r#"{{"metadata":{{"name":"s"}},"type":"{kind}"}}"#);
    let secrets = "/api/v1/namespaces/shop/secrets";
    assert!(token_secret(&Request::post(secrets, &secret("kubernetes.io/service-account-token"))).is_some());
    assert!(token_secret(&Request::patch(&format!("{secrets}/s"), &secret("bootstrap.kubernetes.io/token"))).is_some());
    assert_eq!(token_secret(&Request::post(secrets, &secret("Opaque"))), None);
    assert_eq!(token_secret(&Request::get(secrets)), None);
}

#[test]
fn tokens_by_request() {
    let path = "/api/v1/namespaces/shop/serviceaccounts/deployer/token";
    assert!(token_request(&Request::post(path, "{}")).is_some_and(|found| found.contains("`deployer`")));
    assert_eq!(token_request(&Request::post("/api/v1/namespaces/shop/serviceaccounts", "{}")), None);
}

#[test]
fn certificates_that_are_identities() {
    let requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let asks = |signer: &str| Request::post(requests, &format!(r#"{{"spec":{{"signerName":"{signer}"}}}}"#));
    for (request, found) in [
        (asks("kubernetes.io/kube-apiserver-client"), true),
        (asks("kubernetes.io/kubelet-serving"), true),
        (asks("example.com/internal"), false),
        (Request::put(&format!("{requests}/me/approval"), "{}"), true),
        (Request::patch(&format!("{requests}/me/status"), "{}"), true),
        (Request::post("/apis/certificates.k8s.io/v1beta1/clustertrustbundles", "{}"), true),
        (Request::delete(&format!("{requests}/me")), false),
        (Request::get(requests), false),
        (Request::get(&format!("{requests}/me/approval")), false),
    ] {
        assert_eq!(certificate(&request).is_some(), found, "{} {}", request.verb(), request.path());
    }
}
