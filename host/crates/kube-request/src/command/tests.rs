use crate::{Head, KubeRequest};

fn command(method: &str, target: &str, body: &str) -> String {
    let upgrade = ["/exec", "/attach", "/portforward"].iter().any(|part| target.split('?').next().unwrap().ends_with(part));
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    if upgrade {
        headers.extend([("connection", &b"upgrade"[..]), ("upgrade", b"SPDY/3.1")]);
    }
    // A patch's type stands before its body: `merge {…}`.
    let (kind, body) = match body.split_once(' ') {
        Some((kind @ ("json" | "merge" | "strategic" | "apply"), body)) => (kind, body),
        _ => ("", body),
    };
    headers.push((
        "content-type",
        match kind {
            "json" => b"application/json-patch+json",
            "merge" => b"application/merge-patch+json",
            "strategic" => b"application/strategic-merge-patch+json",
            "apply" => b"application/apply-patch+yaml",
            _ => b"application/json",
        },
    ));
    KubeRequest::parse(&Head { method, target, headers: &headers })
        .and_then(|request| request.with_body(body.as_bytes()))
        .unwrap_or_else(|refusal| panic!("{method} {target}: {refusal}"))
        .command()
}

#[test]
fn reading() {
    for (target, line) in [
        ("/api/v1/namespaces/shop/pods", "kubectl get pods -n shop"),
        ("/api/v1/pods?limit=500", "kubectl get pods -A"),
        ("/api/v1/nodes", "kubectl get nodes"),
        ("/api/v1/namespaces", "kubectl get namespaces"),
        ("/api/v1/namespaces/shop", "kubectl get namespace shop"),
        ("/apis/apps/v1/namespaces/shop/deployments/web", "kubectl get deployment web -n shop"),
        ("/apis/apps/v1/namespaces/shop/deployments/web/scale", "kubectl get deployment web -n shop --subresource=scale"),
        ("/apis/example.com/v1/namespaces/shop/widgets/w", "kubectl get widgets.example.com w -n shop"),
        ("/apis/example.com/v1/widgets", "kubectl get widgets.example.com -A"),
        ("/apis/metrics.k8s.io/v1beta1/nodes", "kubectl get nodes.metrics.k8s.io -A"),
        ("/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb,tier+in+(a)", "kubectl get pods -n shop -l 'app=web,tier in (a)'"),
        ("/api/v1/pods?fieldSelector=metadata.name%3Dweb-1&watch=true", "kubectl get pods -A --field-selector=metadata.name=web-1 -w"),
        ("/api/v1/watch/namespaces/shop/pods", "kubectl get pods -n shop -w"),
        ("/api/v1/namespaces/shop/pods/web-1/log", "kubectl logs web-1 -n shop"),
        (
            "/api/v1/namespaces/shop/pods/web-1/log?container=main&follow=true&previous=false&tailLines=10&sinceSeconds=3600&timestamps=true&limitBytes=9",
            "kubectl logs web-1 -n shop -c main -f --timestamps --tail=10 --since=3600s --limit-bytes=9",
        ),
        ("/version", "kubectl get --raw /version"),
        ("/readyz?verbose", "kubectl get --raw '/readyz?verbose='"),
        ("/api/v1/nodes/n/proxy/logs/", "kubectl get --raw /api/v1/nodes/n/proxy/logs/"),
        ("/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval", "kubectl get --raw /apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval"),
        ("/api/v1/pods?limit=20&continue=eyJ2Ijoi", "kubectl get pods -A --chunk-size=20 # continue=eyJ2Ijoi"),
        ("/api/v1/pods?limit=0&pretty=true&timeout=10s", "kubectl get pods -A"),
        ("/api/v1/pods?resourceVersion=0&resourceVersionMatch=NotOlderThan", "kubectl get pods -A # resourceVersion=0, resourceVersionMatch=NotOlderThan"),
        (
            "/api/v1/namespaces/shop/pods?allowWatchBookmarks=true&fieldSelector=metadata.name%3Dw&sendInitialEvents=true&timeoutSeconds=462&watch=true",
            "kubectl get pods -n shop --field-selector=metadata.name=w -w # sendInitialEvents=true",
        ),
        ("/api/v1/watch/namespaces/shop/pods/w", "kubectl get pod w -n shop -w"),
        // Of one object nothing is selected, and the server does not look there.
        ("/api/v1/namespaces/shop/pods/w?fieldSelector=a%3Db", "kubectl get pod w -n shop # fieldSelector=a=b"),
        ("/api/v1/namespaces/shop/pods?x=a+b%3B%23,+c", "kubectl get pods -n shop # 'x=a b;#, c'"),
        ("/api/v1/namespaces/shop/pods/w/log?stream=Stderr&insecureSkipTLSVerifyBackend=true", "kubectl logs w -n shop --insecure-skip-tls-verify-backend # stream=Stderr"),
        // Below a subresource of a group, and in a namespace in a namespace: no command reaches these.
        ("/apis/example.com/v1/namespaces/a/things/t/scale/x", "kubectl get --raw /apis/example.com/v1/namespaces/a/things/t/scale/x"),
        ("/api/v1/namespaces/a/namespaces/b", "kubectl get --raw /api/v1/namespaces/a/namespaces/b"),
    ] {
        assert_eq!(command("GET", target, ""), line, "{target}");
    }
}

#[test]
fn writing() {
    let web = "/apis/apps/v1/namespaces/shop/deployments/web";
    for (method, target, body, line) in [
        ("POST", "/apis/apps/v1/namespaces/shop/deployments", r#"{"metadata":{"name":"web"}}"#, "kubectl create -n shop -f - # deployment web"),
        ("POST", "/api/v1/namespaces?dryRun=All", "{}", "kubectl create --dry-run=server -f - # namespace"),
        ("PUT", web, "{}", "kubectl replace -n shop -f - # deployment web"),
        ("PUT", "/api/v1/namespaces/shop/pods/p/status", "{}", "kubectl replace -n shop --subresource=status -f - # pod p"),
        ("PUT", "/api/v1/namespaces/shop/finalize", "{}", "kubectl replace --raw /api/v1/namespaces/shop/finalize -f -"),
        ("PATCH", web, r#"merge {"spec":{"secret":"x"}}"#, "kubectl patch deployment web -n shop --type=merge --patch-file=/dev/stdin"),
        ("PATCH", web, "strategic {}", "kubectl patch deployment web -n shop --type=strategic --patch-file=/dev/stdin"),
        ("PATCH", web, "json []", "kubectl patch deployment web -n shop --type=json --patch-file=/dev/stdin"),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/shop/deployments/web?force=true&fieldManager=devin&dryRun=All",
            "apply {}",
            "kubectl apply --server-side -n shop --force-conflicts --field-manager=devin --dry-run=server -f - # deployment web",
        ),
        ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/scale", r#"merge {"spec":{"replicas":3}}"#, "kubectl scale deployment web -n shop --replicas=3"),
        ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/scale", r#"json [{"op":"replace","path":"/spec/replicas","value":0}]"#, "kubectl scale deployment web -n shop --replicas=0"),
        ("PUT", "/apis/apps/v1/namespaces/shop/deployments/web/scale", r#"{"spec":{"replicas":5}}"#, "kubectl scale deployment web -n shop --replicas=5"),
        ("DELETE", web, "", "kubectl delete deployment web -n shop"),
        ("DELETE", "/api/v1/namespaces/prod", "", "kubectl delete namespace prod"),
        ("DELETE", web, r#"{"gracePeriodSeconds":0,"propagationPolicy":"Foreground"}"#, "kubectl delete deployment web -n shop --grace-period=0 --force --cascade=foreground"),
        ("DELETE", "/api/v1/namespaces/shop/pods/p?gracePeriodSeconds=30&propagationPolicy=Orphan&dryRun=All", "", "kubectl delete pod p -n shop --grace-period=30 --cascade=orphan --dry-run=server"),
        ("DELETE", web, r#"{"dryRun":["All"]}"#, "kubectl delete deployment web -n shop --dry-run=server"),
        ("DELETE", "/api/v1/namespaces/shop/pods", "", "kubectl delete pods -n shop --all"),
        ("DELETE", "/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb", "", "kubectl delete pods -n shop -l app=web"),
        ("DELETE", "/api/v1/pods", "", "kubectl delete pods -A --all"),
        ("POST", "/api/v1/namespaces/shop/pods/p/eviction", "{}", "kubectl create --raw /api/v1/namespaces/shop/pods/p/eviction -f - # evicts pod p"),
        ("POST", "/api/v1/namespaces/shop/serviceaccounts/sa/token", "{}", "kubectl create token sa -n shop"),
        (
            "PUT",
            "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval",
            r#"{"status":{"conditions":[{"type":"Approved"}]}}"#,
            "kubectl certificate approve c",
        ),
        ("PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval", r#"{"status":{"conditions":[{"type":"Denied"}]}}"#, "kubectl certificate deny c"),
        (
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            r#"{"spec":{"resourceAttributes":{"verb":"delete","group":"apps","resource":"deployments","name":"web","namespace":"shop"}}}"#,
            "kubectl auth can-i delete deployments/web -n shop",
        ),
        (
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            r#"{"spec":{"resourceAttributes":{"verb":"get","resource":"pods","subresource":"log"}}}"#,
            "kubectl auth can-i get pods --subresource=log -A",
        ),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", r#"{"spec":{"nonResourceAttributes":{"verb":"get","path":"/logs"}}}"#, "kubectl auth can-i get /logs"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", r#"{"spec":{"namespace":"shop"}}"#, "kubectl auth can-i --list -n shop"),
        ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", "kubectl auth whoami"),
        ("POST", "/anything", "{}", "kubectl create --raw /anything -f -"),
        ("DELETE", "/anything", "", "kubectl delete --raw /anything"),
        ("DELETE", "/anything", "{}", "kubectl delete --raw /anything -f -"),
        ("HEAD", "/api/v1/pods", "", "kubectl get pods -A # HEAD"),
        ("HEAD", "/readyz", "", "kubectl get --raw /readyz # HEAD"),
        ("OPTIONS", "/readyz", "", "curl -X OPTIONS http://127.0.0.1:8001/readyz # through kubectl proxy"),
        (
            "PATCH",
            "/api/v1/namespaces/a/pods/p/proxy/x",
            "merge {}",
            "curl -X PATCH -H content-type:application/merge-patch+json --data-binary @- http://127.0.0.1:8001/api/v1/namespaces/a/pods/p/proxy/x # through kubectl proxy",
        ),
        ("POST", "/api/v1/namespaces/a/pods", r#"{"metadata":{"generateName":"web-"}}"#, "kubectl create -n a -f - # pod, generateName=web-"),
        ("POST", "/api/v1/namespaces/a/pods", r#"{"metadata":{"generateName":"web-","name":"w"}}"#, "kubectl create -n a -f - # pod w"),
        ("POST", "/api/v1/namespaces/a/pods?fieldManager=helm&fieldValidation=Ignore", "{}", "kubectl create -n a --validate=ignore --field-manager=helm -f - # pod"),
        ("POST", "/api/v1/namespaces/a/pods?fieldManager=kubectl-create&fieldValidation=Strict", "{}", "kubectl create -n a -f - # pod"),
        ("POST", "/api/v1/namespaces/a/pods/p", "{}", "kubectl create --raw /api/v1/namespaces/a/pods/p -f -"),
        ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web?fieldValidation=Warn", "merge {}", "kubectl patch deployment web -n shop --type=merge --patch-file=/dev/stdin # fieldValidation=Warn"),
        // A test is no change, and an apply owns what it sets.
        (
            "PATCH",
            "/apis/apps/v1/namespaces/shop/deployments/web/scale",
            r#"json [{"op":"test","path":"/spec/replicas","value":3}]"#,
            "kubectl patch deployment web -n shop --subresource=scale --type=json --patch-file=/dev/stdin",
        ),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/shop/deployments/web/scale?fieldManager=devin",
            r#"apply {"spec":{"replicas":3}}"#,
            "kubectl apply --server-side -n shop --subresource=scale --field-manager=devin -f - # deployment web",
        ),
        (
            "PUT",
            "/apis/apps/v1/namespaces/shop/deployments/web/scale",
            r#"{"metadata":{"resourceVersion":"7","uid":"u"},"spec":{"replicas":5}}"#,
            "kubectl scale deployment web -n shop --replicas=5 --resource-version=7 # uid=u",
        ),
        (
            "POST",
            "/api/v1/namespaces/shop/serviceaccounts/sa/token?dryRun=All",
            r#"{"spec":{"audiences":["vault","a b"],"expirationSeconds":3600,"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"u"}}}"#,
            "kubectl create token sa -n shop --audience=vault '--audience=a b' --duration=3600s --bound-object-kind=Pod --bound-object-name=p --bound-object-uid=u # dryRun=All",
        ),
        (
            "POST",
            "/api/v1/namespaces/shop/pods/p/binding",
            r#"{"target":{"name":"node-1"}}"#,
            "kubectl create --raw /api/v1/namespaces/shop/pods/p/binding -f - # binds pod p to node node-1",
        ),
        (
            "PUT",
            "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval?dryRun=All",
            r#"{"status":{"conditions":[{"type":"Approved"}]}}"#,
            "kubectl certificate approve c # dryRun=All",
        ),
        (
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            r#"{"spec":{"resourceAttributes":{"verb":"list","resource":"pods","labelSelector":{"rawSelector":"a=b"}}}}"#,
            "kubectl auth can-i list pods -A # labelSelector=a=b",
        ),
    ] {
        assert_eq!(command(method, target, body), line, "{method} {target} {body}");
    }
}

#[test]
fn deleting() {
    let pod = "/api/v1/namespaces/shop/pods/p";
    let job = "/apis/batch/v1/namespaces/shop/jobs/j";
    for (target, body, line) in [
        // kubectl's own word, and the server's.
        (pod, r#"{"propagationPolicy":"Background"}"#, "kubectl delete pod p -n shop"),
        (job, r#"{"propagationPolicy":"Background"}"#, "kubectl delete job j -n shop"),
        // What is not said is said by the server: a job's pods stay.
        (job, "", "kubectl delete job j -n shop --cascade=orphan"),
        (job, "{}", "kubectl delete job j -n shop --cascade=orphan"),
        ("/apis/batch/v1/namespaces/shop/cronjobs/c", "", "kubectl delete cronjob c -n shop"),
        (pod, r#"{"orphanDependents":true}"#, "kubectl delete pod p -n shop --cascade=orphan"),
        (job, r#"{"orphanDependents":false}"#, "kubectl delete job j -n shop"),
        ("/api/v1/namespaces/shop/pods/p?orphanDependents", "", "kubectl delete pod p -n shop --cascade=orphan"),
        (pod, r#"{"orphanDependents":true,"propagationPolicy":"Foreground"}"#, "kubectl delete pod p -n shop --cascade=foreground # orphanDependents=true"),
        ("/api/v1/namespaces/shop/pods/p?propagationPolicy=some", "", "kubectl delete pod p -n shop # propagationPolicy=some"),
        (pod, r#"{"preconditions":{"resourceVersion":"7","uid":"u"}}"#, "kubectl delete pod p -n shop # uid=u, resourceVersion=7"),
        ("/api/v1/namespaces/shop/pods/p?uid=u&resourceVersion=7", "", "kubectl delete pod p -n shop # uid=u, resourceVersion=7"),
        // With a body the query is not read.
        ("/api/v1/namespaces/shop/pods/p?uid=u&resourceVersion=7&gracePeriodSeconds=0", "{}", "kubectl delete pod p -n shop"),
        ("/api/v1/namespaces/shop/pods?resourceVersion=7&limit=5", "{}", "kubectl delete pods -n shop --all # resourceVersion=7, limit=5"),
        (
            pod,
            r#"{"ignoreStoreReadErrorWithClusterBreakingPotential":true}"#,
            "kubectl delete pod p -n shop # ignoreStoreReadErrorWithClusterBreakingPotential=true",
        ),
        (
            "/api/v1/namespaces/shop/pods/p?ignoreStoreReadErrorWithClusterBreakingPotential=true&labelSelector=a",
            "",
            "kubectl delete pod p -n shop # ignoreStoreReadErrorWithClusterBreakingPotential=true, labelSelector=a",
        ),
    ] {
        assert_eq!(command("DELETE", target, body), line, "{target} {body}");
    }
    let eviction = r#"{"deleteOptions":{"gracePeriodSeconds":30,"dryRun":["All"],"preconditions":{"uid":"u"}}}"#;
    assert_eq!(
        command("POST", "/api/v1/namespaces/shop/pods/p/eviction", eviction),
        "kubectl create --raw /api/v1/namespaces/shop/pods/p/eviction -f - # evicts pod p, gracePeriodSeconds=30, dryRun=All, uid=u"
    );
}

#[test]
fn streaming() {
    for (target, line) in [
        ("/api/v1/namespaces/shop/pods/web-1/exec?command=sh&container=main&stdin=true&stdout=true&tty=true", "kubectl exec web-1 -n shop -c main -i -t -- sh"),
        (
            "/api/v1/namespaces/shop/pods/web-1/exec?stdout=1&stderr=1&command=sh&command=-c&command=echo+%22it's%22+%3E%3E+x",
            r#"kubectl exec web-1 -n shop -- sh -c 'echo "it'\''s" >> x'"#,
        ),
        ("/api/v1/namespaces/shop/pods/web-1/exec?stdout=1&stderr=1&command=&command=a%0Ab%1b%5B2J", r"kubectl exec web-1 -n shop -- '' $'a\nb\x1b[2J'"),
        ("/api/v1/namespaces/shop/pods/web-1/attach?stdin=true", "kubectl attach web-1 -n shop -i # stdout=false, stderr=false"),
        ("/api/v1/namespaces/shop/pods/web-1/exec?command=sh&stdout=true&stderr=true&tty=true", "kubectl exec web-1 -n shop -t -- sh # stderr=true"),
        ("/api/v1/namespaces/shop/pods/web-1/exec?command=sh&stdout=false&stderr=true", "kubectl exec web-1 -n shop -- sh # stdout=false"),
        ("/api/v1/namespaces/shop/pods/web-1/portforward?ports=80,443", "kubectl port-forward pod/web-1 -n shop 80 443"),
        ("/api/v1/namespaces/shop/pods/web-1/portforward", "kubectl port-forward pod/web-1 -n shop"),
    ] {
        assert_eq!(command("POST", target, ""), line, "{target}");
    }
}

/// P4: the line is shown to many, so nothing of a body but names and numbers may be in it.
#[test]
fn no_body_is_quoted() {
    let secret = "c3VwZXItc2VjcmV0";
    for (method, target, body) in [
        ("POST", "/api/v1/namespaces/a/secrets", format!(r#"{{"metadata":{{"name":"db"}},"data":{{"k":"{secret}"}}}}"#)),
        ("PUT", "/api/v1/namespaces/a/secrets/db", format!(r#"{{"data":{{"k":"{secret}"}}}}"#)),
        ("PATCH", "/api/v1/namespaces/a/secrets/db", format!(r#"merge {{"data":{{"k":"{secret}"}}}}"#)),
        ("PATCH", "/api/v1/namespaces/a/secrets/db", format!(r#"json [{{"op":"add","path":"/data/k","value":"{secret}"}}]"#)),
        ("PATCH", "/api/v1/namespaces/a/secrets/db", format!(r#"apply {{"data":{{"k":"{secret}"}}}}"#)),
    ] {
        let line = command(method, target, &body);
        assert!(!line.contains(secret) && line.contains("db"), "{line}");
    }
}
