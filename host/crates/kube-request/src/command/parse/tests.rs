use super::resource::Resource;
use super::*;
use crate::names;

/// What a line sends: method and target, and what kind of body.
fn sent(line: &str, input: Option<&str>) -> (String, String) {
    let line = parse_with(line, input).unwrap_or_else(|error| panic!("{line}: {error}"));
    let kind = match line.content_type {
        None => "",
        Some("application/json") => "json ",
        Some("application/json-patch+json") => "operations ",
        Some("application/merge-patch+json") => "merge ",
        Some("application/strategic-merge-patch+json") => "strategic ",
        Some(_) => "apply ",
    };
    (format!("{} {}", line.method.as_str(), line.target), format!("{kind}{}", line.body.unwrap_or_default()))
}

/// What a request does, without what only says who wrote it and how the answer is cut.
fn meaning(request: &KubeRequest) -> impl PartialEq + std::fmt::Debug {
    let query: Vec<_> = request.query.iter().filter(|(key, _)| !matches!(key.as_str(), "fieldManager" | "fieldValidation" | "limit" | "force")).cloned().collect();
    let body = request.body.as_ref().map(|body| (body.content_type, body.json.clone()));
    (request.verb, request.path.clone(), query, request.dry_run, request.upgrade, body)
}

/// The line that the gateway shows for a line's request stands for the same request.
fn comes_back(line: &str, input: Option<&str>) {
    let first = parse_with(line, input).and_then(|line| line.request().map_err(|refusal| ParseError::Input(refusal.to_string())));
    let first = first.unwrap_or_else(|error| panic!("{line}: {error}"));
    let shown = first.command();
    let body = first.body.as_ref().map(|body| body.json.to_string());
    let reads = shown.contains("-f -") || shown.contains("/dev/stdin");
    let again = parse_with(&shown, body.as_deref().filter(|_| reads)).unwrap_or_else(|error| panic!("{line}: {shown}: {error}"));
    let again = again.request().unwrap_or_else(|refusal| panic!("{line}: {shown}: {refusal}"));
    assert_eq!(meaning(&first), meaning(&again), "{line}: {shown}");
    assert_eq!(shown, again.command(), "{line}");
}

#[test]
fn reading() {
    for (line, expected) in [
        ("kubectl get pods", "GET /api/v1/namespaces/default/pods?limit=500"),
        ("get po -n shop", "GET /api/v1/namespaces/shop/pods?limit=500"),
        ("-n shop get po", "GET /api/v1/namespaces/shop/pods?limit=500"),
        ("get pods -A -l app=web --field-selector=status.phase=Running", "GET /api/v1/pods?fieldSelector=status.phase%3DRunning&labelSelector=app%3Dweb&limit=500"),
        ("get pod box -nshop -o yaml", "GET /api/v1/namespaces/shop/pods/box"),
        ("get pod/box -n=shop -owide", "GET /api/v1/namespaces/shop/pods/box"),
        ("get pod box -n shop -w", "GET /api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dbox&watch=true"),
        ("get no", "GET /api/v1/nodes?limit=500"),
        ("get ns prod", "GET /api/v1/namespaces/prod"),
        ("get deployments.apps web", "GET /apis/apps/v1/namespaces/default/deployments/web"),
        ("get deploy/web --subresource=scale", "GET /apis/apps/v1/namespaces/default/deployments/web/scale"),
        ("get hpa.v1.autoscaling web", "GET /apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/web"),
        ("get Widgets.example.com w -n shop", "GET /apis/example.com/v1/namespaces/shop/widgets/w"),
        ("get widgets.v1beta1.example.com", "GET /apis/example.com/v1beta1/widgets?limit=500"),
        ("get pods --chunk-size=0", "GET /api/v1/namespaces/default/pods"),
        ("get --raw '/api/v1/pods?limit=1'", "GET /api/v1/pods?limit=1"),
        ("describe secret db -n shop", "GET /api/v1/namespaces/shop/secrets/db"),
        ("logs box -c main -f --tail=5 --since=1h30m -p", "GET /api/v1/namespaces/default/pods/box/log?container=main&follow=true&previous=true&sinceSeconds=5400&tailLines=5"),
        ("logs pod/box main", "GET /api/v1/namespaces/default/pods/box/log?container=main"),
        ("events --for=pod/box", "GET /api/v1/namespaces/default/events?fieldSelector=involvedObject.kind%3DPod,involvedObject.apiVersion%3Dv1,involvedObject.name%3Dbox&limit=500"),
        ("wait --for=condition=Ready pod/box --timeout=9s", "GET /api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Dbox&watch=true"),
        ("top pods -n shop", "GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"),
        ("top node n", "GET /apis/metrics.k8s.io/v1beta1/nodes/n"),
        ("version", "GET /version"),
        ("api-resources --namespaced=false", "GET /apis"),
        ("cluster-info", "GET /api/v1/namespaces/kube-system/services?labelSelector=kubernetes.io/cluster-service%3Dtrue"),
        ("rollout status deploy/web", "GET /apis/apps/v1/namespaces/default/deployments?fieldSelector=metadata.name%3Dweb&watch=true"),
        ("rollout history deploy/web --revision=2", "GET /apis/apps/v1/namespaces/default/deployments/web"),
    ] {
        assert_eq!(sent(line, None), (expected.to_owned(), String::new()), "{line}");
    }
}

#[test]
fn deleting() {
    let options = |more: &str| format!(r#"json {{"kind":"DeleteOptions","apiVersion":"v1",{more}}}"#);
    let background = r#""propagationPolicy":"Background""#;
    for (line, target, body) in [
        ("delete ns prod", "/api/v1/namespaces/prod", background),
        ("delete pod/box -n shop --now", "/api/v1/namespaces/shop/pods/box", r#""gracePeriodSeconds":1,"propagationPolicy":"Background""#),
        ("delete pod box --grace-period=0 --force", "/api/v1/namespaces/default/pods/box", r#""gracePeriodSeconds":0,"propagationPolicy":"Background""#),
        ("delete pod box --force", "/api/v1/namespaces/default/pods/box", r#""gracePeriodSeconds":0,"propagationPolicy":"Background""#),
        ("delete deploy web --cascade=orphan --wait=false", "/apis/apps/v1/namespaces/default/deployments/web", r#""propagationPolicy":"Orphan""#),
        ("delete deploy web --dry-run=server", "/apis/apps/v1/namespaces/default/deployments/web", r#""propagationPolicy":"Background","dryRun":["All"]"#),
        ("delete pods --all -n shop", "/api/v1/namespaces/shop/pods", background),
        ("delete pods -l app=web -A", "/api/v1/pods?labelSelector=app%3Dweb", background),
    ] {
        assert_eq!(sent(line, None), (format!("DELETE {target}"), options(body)), "{line}");
    }
    assert_eq!(sent("delete --raw /api/v1/namespaces/shop/pods", None), ("DELETE /api/v1/namespaces/shop/pods".to_owned(), String::new()));
}

#[test]
fn changing() {
    for (line, target, body) in [
        ("patch cm c -p '{\"data\":{\"a\":\"1\"}}'", "/api/v1/namespaces/default/configmaps/c?fieldManager=kubectl-patch", r#"strategic {"data":{"a":"1"}}"#),
        ("patch cm c --type=merge -p 'data: {a: \"1\"}'", "/api/v1/namespaces/default/configmaps/c?fieldManager=kubectl-patch", r#"merge {"data":{"a":"1"}}"#),
        ("patch cm c --type json -p '[]' --dry-run=server", "/api/v1/namespaces/default/configmaps/c?dryRun=All&fieldManager=kubectl-patch", "operations []"),
        ("patch widgets.example.com w -n a -p '{}'", "/apis/example.com/v1/namespaces/a/widgets/w?fieldManager=kubectl-patch", "merge {}"),
        ("scale deploy web --replicas=3", "/apis/apps/v1/namespaces/default/deployments/web/scale", r#"merge {"spec":{"replicas":3}}"#),
        ("scale --replicas=3 deployment/web", "/apis/apps/v1/namespaces/default/deployments/web/scale", r#"merge {"spec":{"replicas":3}}"#),
        (
            "rollout restart deploy/web",
            "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=kubectl-rollout",
            r#"strategic {"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"1970-01-01T00:00:00Z"}}}}}"#,
        ),
        ("rollout pause deploy web", "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=kubectl-rollout", r#"strategic {"spec":{"paused":true}}"#),
        (
            "set image deploy/web web=nginx:2",
            "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=kubectl-set",
            r#"strategic {"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"web"}],"containers":[{"image":"nginx:2","name":"web"}]}}}}"#,
        ),
        (
            "set env deploy/web -c web A=b",
            "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=kubectl-set",
            r#"strategic {"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"web"}],"containers":[{"env":[{"name":"A","value":"b"}],"name":"web"}]}}}}"#,
        ),
        (
            "set serviceaccount deploy web robot",
            "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=kubectl-set",
            r#"strategic {"spec":{"template":{"spec":{"serviceAccountName":"robot"}}}}"#,
        ),
        ("label pod box tier=front app-", "/api/v1/namespaces/default/pods/box?fieldManager=kubectl-label", r#"merge {"metadata":{"labels":{"tier":"front","app":null}}}"#),
        ("annotate ns prod why='a b'", "/api/v1/namespaces/prod?fieldManager=kubectl-annotate", r#"merge {"metadata":{"annotations":{"why":"a b"}}}"#),
        (
            "taint nodes n a=b:NoSchedule",
            "/api/v1/nodes/n?fieldManager=kubectl-taint&fieldValidation=Strict",
            r#"strategic {"spec":{"taints":[{"effect":"NoSchedule","key":"a","value":"b"}]}}"#,
        ),
        ("cordon n", "/api/v1/nodes/n", r#"strategic {"spec":{"unschedulable":true}}"#),
        ("uncordon node/n", "/api/v1/nodes/n", r#"strategic {"spec":{"unschedulable":null}}"#),
        (
            "debug box --image=busybox --target=main -it -- sh",
            "/api/v1/namespaces/default/pods/box/ephemeralcontainers",
            r#"strategic {"spec":{"ephemeralContainers":[{"name":"debugger","image":"busybox","command":["sh"],"targetContainerName":"main","stdin":true,"tty":true,"securityContext":{"capabilities":{"add":["SYS_PTRACE"]}}}]}}"#,
        ),
    ] {
        assert_eq!(sent(line, None), (format!("PATCH {target}"), body.to_owned()), "{line}");
    }
    assert_eq!(
        sent("scale deploy web --replicas=1 --resource-version=7", None),
        (
            "PUT /apis/apps/v1/namespaces/default/deployments/web/scale".to_owned(),
            r#"json {"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web","namespace":"default","resourceVersion":"7"},"spec":{"replicas":1}}"#.to_owned()
        )
    );
}

#[test]
fn from_a_file() {
    let notes = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes }\n";
    let whole = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"notes","namespace":"shop"}}"#;
    for (line, request, kind) in [
        ("create -n shop -f -", "POST /api/v1/namespaces/shop/configmaps?fieldManager=kubectl-create&fieldValidation=Strict", "json"),
        ("apply -n shop -f notes.yaml", "POST /api/v1/namespaces/shop/configmaps?fieldManager=kubectl-client-side-apply&fieldValidation=Strict", "json"),
        (
            "apply -n shop --server-side --force-conflicts --field-manager=me --dry-run=server -f -",
            "PATCH /api/v1/namespaces/shop/configmaps/notes?dryRun=All&fieldManager=me&fieldValidation=Strict&force=true",
            "apply",
        ),
        ("replace -n shop --validate=warn -f -", "PUT /api/v1/namespaces/shop/configmaps/notes?fieldManager=kubectl-replace&fieldValidation=Warn", "json"),
    ] {
        assert_eq!(sent(line, Some(notes)), (request.to_owned(), format!("{kind} {whole}")), "{line}");
    }
    // Of a kind that nobody knows the plural is guessed, as kubectl's own libraries do.
    let policy = r#"{"apiVersion":"example.com/v1beta1","kind":"Policy","metadata":{"name":"p"}}"#;
    assert_eq!(sent("create -f -", Some(policy)).0, "POST /apis/example.com/v1beta1/policies?fieldManager=kubectl-create&fieldValidation=Strict");
    let eviction = r#"{"apiVersion":"policy/v1","kind":"Eviction"}"#;
    assert_eq!(sent("create --raw /api/v1/namespaces/a/pods/p/eviction -f -", Some(eviction)), ("POST /api/v1/namespaces/a/pods/p/eviction".to_owned(), format!("json {eviction}")));
}

#[test]
fn making_objects() {
    for (line, target, body) in [
        ("create ns prod", "/api/v1/namespaces?fieldManager=kubectl-create&fieldValidation=Strict", r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"prod"}}"#),
        (
            "create secret generic login --from-literal=user=devin -n shop",
            "/api/v1/namespaces/shop/secrets?fieldManager=kubectl-create&fieldValidation=Strict",
            r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"login","namespace":"shop"},"data":{"user":"ZGV2aW4="},"type":"Opaque"}"#,
        ),
        (
            "create deployment d --image=registry.example.com/nginx:1",
            "/apis/apps/v1/namespaces/default/deployments?fieldManager=kubectl-create&fieldValidation=Strict",
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{"app":"d"}},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"d"}},"template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"nginx","image":"registry.example.com/nginx:1"}]}}}}"#,
        ),
        (
            "create job j --image=busybox -- echo hi",
            "/apis/batch/v1/namespaces/default/jobs?fieldManager=kubectl-create&fieldValidation=Strict",
            r#"{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{"template":{"spec":{"containers":[{"name":"j","image":"busybox","command":["echo","hi"]}],"restartPolicy":"Never"}}}}"#,
        ),
        (
            "create clusterrolebinding c --clusterrole=cluster-admin --serviceaccount=shop:robot",
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?fieldManager=kubectl-create&fieldValidation=Strict",
            r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"c"},"subjects":[{"kind":"ServiceAccount","name":"robot","namespace":"shop"}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"}}"#,
        ),
        (
            "create role r --verb=get,list --resource=pods,deployments.apps",
            "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles?fieldManager=kubectl-create&fieldValidation=Strict",
            r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]},{"verbs":["get","list"],"apiGroups":["apps"],"resources":["deployments"]}]}"#,
        ),
        (
            "create token robot -n shop --duration=10m --audience=a",
            "/api/v1/namespaces/shop/serviceaccounts/robot/token",
            r#"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"audiences":["a"],"expirationSeconds":600}}"#,
        ),
        (
            "run probe --image=busybox --restart=Never --privileged -it --env=A=b -- sleep 5",
            "/api/v1/namespaces/default/pods?fieldManager=kubectl-run",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"probe","labels":{"run":"probe"}},"spec":{"containers":[{"name":"probe","image":"busybox","args":["sleep","5"],"env":[{"name":"A","value":"b"}],"securityContext":{"privileged":true},"stdin":true,"stdinOnce":true,"tty":true}],"restartPolicy":"Never"}}"#,
        ),
        (
            "expose deploy web --port=80 --target-port=http --type=NodePort",
            "/api/v1/namespaces/default/services?fieldManager=kubectl-expose",
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"ports":[{"protocol":"TCP","port":80,"targetPort":"http"}],"type":"NodePort"}}"#,
        ),
        (
            "autoscale deploy web --min=1 --max=4 --cpu=70%",
            "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?fieldManager=kubectl-autoscale",
            r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web","apiVersion":"apps/v1"},"maxReplicas":4,"minReplicas":1,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}}]}}"#,
        ),
        (
            "auth can-i delete deployments/web -n shop",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            r#"{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"verb":"delete","resource":"deployments","group":"apps","namespace":"shop","name":"web"}}}"#,
        ),
        ("auth whoami", "/apis/authentication.k8s.io/v1/selfsubjectreviews", r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}"#),
    ] {
        assert_eq!(sent(line, None), (format!("POST {target}"), format!("json {body}")), "{line}");
    }
}

#[test]
fn streams() {
    for (line, target) in [
        ("exec box -- true", "/api/v1/namespaces/default/pods/box/exec?command=true&stderr=true&stdout=true"),
        ("exec -it box -c main -n shop -- sh -c 'echo \"hi\"'", "/api/v1/namespaces/shop/pods/box/exec?command=sh&command=-c&command=echo%20%22hi%22&container=main&stdin=true&stdout=true&tty=true"),
        ("attach pod/box -i", "/api/v1/namespaces/default/pods/box/attach?stderr=true&stdin=true&stdout=true"),
        ("port-forward pod/box 8080:80", "/api/v1/namespaces/default/pods/box/portforward"),
        ("cp shop/box:/etc/hosts ./hosts", "/api/v1/namespaces/shop/pods/box/exec?command=tar&command=cf&command=-&command=/etc/hosts&stderr=true&stdout=true"),
        ("cp ./x box:/tmp/x -n shop", "/api/v1/namespaces/shop/pods/box/exec?command=tar&command=-xmf&command=-&command=-C&command=/tmp&stderr=true&stdin=true&stdout=true"),
    ] {
        let line = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!((line.method, line.target.as_str(), line.stream), (Method::Get, target, true));
        assert_eq!(line.request().expect("a request").verb.as_str(), "create");
    }
}

#[test]
fn words_are_a_shells() {
    for (line, words) in [
        ("a  b\tc", vec!["a", "b", "c"]),
        ("a 'b c' \"d e\" f\\ g", vec!["a", "b c", "d e", "f g"]),
        ("a '' \"\" b''c", vec!["a", "", "", "bc"]),
        (r#"a "\"\$x\\y\z""#, vec!["a", r#""$x\y\z"#]),
        (r"a $'b\n\x41\'\U0001f600'", vec!["a", "b\nA'\u{1f600}"]),
        ("a b # c 'd", vec!["a", "b"]),
        ("a#b", vec!["a#b"]),
        ("a \\\n b", vec!["a", "b"]),
        ("a 'x=$(y)|z'", vec!["a", "x=$(y)|z"]),
    ] {
        assert_eq!(words::split(line).expect(line), words, "{line}");
    }
    for line in ["a | b", "a > b", "a; b", "a & b", "a $X", "a \"$X\"", "a `b`", "a 'b", "a \"b", "a \\", "a\nb", "a (b)"] {
        assert!(matches!(words::split(line), Err(ParseError::Words(_))), "{line}");
    }
}

/// Each says what to write instead.
#[test]
fn what_is_no_one_request_is_refused_in_a_sentence() {
    for (line, message) in [
        ("", "`kubectl COMMAND` is no command that is read here: write the request itself, such as `GET /api/v1/namespaces/shop/pods`"),
        ("frobnicate x", "`kubectl frobnicate` is no command that is read here: write the request itself, such as `GET /api/v1/namespaces/shop/pods`"),
        ("get pods | grep x", "the line is not one plain command: it has a character by which a shell does more than run it: leave pipes and redirections out, or quote the word"),
        ("get unicorns", "`unicorns` is none of Kubernetes' own resources: write it with its group, such as widgets.example.com"),
        ("get pods,services", "`kubectl get` asks for several resources: a line stands for one request, so write one for each"),
        ("get pod a b", "`kubectl get` has the word `b` too many: a line stands for one request, so write one for each object"),
        ("get all", "`kubectl get` asks for `all`, which is many resources: write the one that you mean"),
        ("get pods --frob", "`kubectl get` has no flag --frob that is read here: leave it out, or write the request itself"),
        ("get pods --as=bob", "the flag --as is refused by the gateway, since an agent is who it is: leave it out"),
        ("get pod a -A", "`kubectl get` names an object in all namespaces: write `-n` and its namespace"),
        ("get pods -n", "the flag --namespace needs a value: write one"),
        ("delete pods", "`kubectl delete` needs the name of an object, or a selector, or --all: write one of them"),
        ("delete pod a --dry-run=client", "the flag --dry-run sends nothing to the cluster unless it is `server`: write --dry-run=server"),
        ("create -f -", "`kubectl create` reads a body, and none was given: give it beside the line"),
        ("drain n", "`kubectl drain` cordons the node and evicts each of its pods: write `cordon NODE`, or for one pod `create --raw /api/v1/namespaces/NAMESPACE/pods/POD/eviction -f -`"),
        ("exec deploy/web -- sh", "`kubectl exec` takes one of the pods of deploy/web, which the line does not say: name the pod"),
        ("exec web", "`kubectl exec` needs a command: write it behind `--`"),
        ("scale deploy web", "`kubectl scale` needs --replicas: write how many"),
        ("scale deploy web --replicas=many", "the flag --replicas is `many`: write a number"),
        ("set image deploy/web '*=nginx'", "`kubectl set image` has the word `*=nginx`: write CONTAINER=IMAGE, since only the cluster knows all containers"),
        ("config view", "`kubectl config` asks nothing of the cluster: there is no request to judge"),
    ] {
        assert_eq!(parse(line).expect_err(line).to_string(), message, "{line}");
    }
    for (line, body, message) in [
        ("get pods", "{}", "`kubectl get` reads nothing: leave the body out, or write `-f -`"),
        ("create -f -", "{}", "the body is no Kubernetes object: write its apiVersion and kind"),
        ("create -f -", r#"{"apiVersion":"v1","kind":"List","items":[]}"#, "the body is a List, and kubectl sends a request for each of its items: give one object"),
        ("create -n a -f -", r#"{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"b"}}"#, "the body's namespace is b and the line's is a, which kubectl refuses: write one of them"),
    ] {
        assert_eq!(parse_with(line, Some(body)).expect_err(line).to_string(), message, "{line}");
    }
    assert!(parse_with("create -f -", Some("a: [")).expect_err("no YAML").to_string().starts_with("the body is not one document of JSON or YAML ("));
    assert!(parse(&"x ".repeat(MAX_LINE)).is_err());
}

/// For every resource of Kubernetes' own: what is rendered is read as what it was rendered from.
#[test]
fn what_the_gateway_shows_is_read_as_the_same_request() {
    for word in names::words() {
        let resource = Resource::parse(word).expect(word);
        if resource.resource.starts_with("selfsubject") {
            continue;
        }
        let object = format!(r#"{{"apiVersion":"{}","kind":"{}","metadata":{{"name":"x"}}}}"#, resource.api_version(), resource.kind.expect("built in"));
        for line in [
            format!("get {word} x -n shop"),
            format!("get {word} -n shop -l 'a in (b,c)' --field-selector=metadata.name=x"),
            format!("get {word} -A --chunk-size=20"),
            format!("get {word} -n shop -w"),
            format!("get {word} x -n shop --subresource=status"),
            format!("delete {word} x -n shop"),
            format!("delete {word} x -n shop --grace-period=0 --force --cascade=foreground --dry-run=server"),
            format!("delete {word} --all -n shop --cascade=orphan"),
            format!("delete {word} -A -l a=b --grace-period=5"),
            format!("patch {word} x -n shop -p '{{}}'"),
            format!("patch {word} x -n shop --type=json -p '[]' --dry-run=server"),
            format!("patch {word} x -n shop --type=merge --subresource=status -p '{{\"a\":1}}'"),
            format!("label {word} x -n shop a=b c-"),
        ] {
            comes_back(&line, None);
        }
        for line in ["create -f -", "apply --server-side -f -", "apply --server-side --force-conflicts --dry-run=server --field-manager=me -f -", "replace --validate=ignore -f -"] {
            comes_back(line, Some(&object));
        }
    }
    for line in [
        "get widgets.example.com w -n shop",
        "delete widgets.example.com w -n shop",
        "get widgets.example.com",
        "scale deploy web --replicas=3",
        "scale deploy web --replicas=3 --resource-version=7 --dry-run=server",
        "logs box -n shop -c main -f --previous --timestamps --tail=5 --since=90s --limit-bytes=9",
        "exec box -n shop -c main -it -- sh -c 'echo \"it'\\''s\" > x; exit'",
        "exec box -- $'a\\nb' '' '#'",
        "attach box -i",
        "port-forward box 80",
        "create token robot --duration=10m --audience=a --bound-object-kind=Pod --bound-object-name=p",
        "auth can-i delete deployments/web -n shop",
        "auth can-i get pods --subresource=log -A",
        "auth can-i get /logs",
        "auth can-i --list -n shop",
        "auth whoami",
        "version",
        "get --raw '/readyz?verbose='",
        "rollout restart deploy/web",
        "cordon n",
        "top pods",
    ] {
        comes_back(line, None);
    }
}

/// Held against what a real kubectl sent to a real API server. What it looked up first is not in the line, and so not compared.
#[test]
fn lines_are_read_as_kubectl_sends_them() {
    const LOOKED_UP: [&str; 3] = ["container", "resourceVersion", "timeout"];
    let mut lines = 0;
    for recorded in include_str!("recorded.txt").lines().filter(|line| !line.starts_with('#')) {
        let [line, input, method, target, content_type] = recorded.split('\t').collect::<Vec<_>>()[..] else { panic!("{recorded}") };
        let read = parse_with(line, Some(input).filter(|input| !input.is_empty())).unwrap_or_else(|error| panic!("{line}: {error}"));
        let query = |target: &str| {
            let mut pairs = crate::query::decode(target.split_once('?').map_or("", |(_, query)| query)).expect("a query");
            pairs.retain(|(key, _)| !LOOKED_UP.contains(&key.as_str()));
            pairs
        };
        let path = |target: &str| target.split('?').next().map(str::to_owned);
        assert_eq!((read.method.as_str(), path(&read.target), query(&read.target)), (method, path(target), query(target)), "{line}");
        if !content_type.is_empty() {
            assert_eq!(read.content_type, Some(content_type), "{line}");
        }
        read.request().unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
        lines += 1;
    }
    assert!(lines > 50, "{lines}");
}
