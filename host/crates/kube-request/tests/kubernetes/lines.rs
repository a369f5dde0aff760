//! Requests that differ in what they do, made from everything that Kubernetes serves.

use kube_request::{Head, KubeRequest};

use super::endpoints::Endpoint;
use super::random::Random;

/// A way to say something: what it does, the query that says it, the member of the body that says it.
struct Choice {
    does: &'static str,
    query: &'static str,
    body: &'static str,
}

const fn q(does: &'static str, query: &'static str) -> Choice {
    Choice { does, query, body: "" }
}

const fn b(does: &'static str, body: &'static str) -> Choice {
    Choice { does, query: "", body }
}

const fn either(does: &'static str, query: &'static str, body: &'static str) -> Choice {
    Choice { does, query, body }
}

/// Of each line one choice is taken, or none.
type Options = &'static [&'static [Choice]];

const ONE: Options = &[&[q("HEAD", "")], &[q("version 0", "resourceVersion=0"), q("version 7", "resourceVersion=7")]];
const MANY: Options = &[
    &[q("labels a", "labelSelector=app%3Da"), q("labels a or b", "labelSelector=app%20in%20(a,b)")],
    &[q("fields a", "fieldSelector=metadata.name%3Da"), q("fields b", "fieldSelector=spec.nodeName%3Db,spec.x%3Dy")],
    &[q("version 0", "resourceVersion=0"), q("version 7", "resourceVersion=7")],
    &[q("exact", "resourceVersionMatch=Exact"), q("newer", "resourceVersionMatch=NotOlderThan")],
    &[q("continue", "continue=abc"), q("continue", "continue=abd")],
    &[q("initial events", "sendInitialEvents=true")],
    &[q("limit", "limit=20"), q("limit 1", "limit=1")],
    &[q("whole objects", "includeObject=Object")],
    &[q("unknown", "x=1,%20y%3D2"), q("unknown", "x=1&y=2")],
];
const LOGS: Options = &[
    &[q("container a", "container=a"), q("container b", "container=b")],
    &[q("follow", "follow=true")],
    &[q("previous", "previous=true")],
    &[q("timestamps", "timestamps=true")],
    &[q("tail", "tailLines=5"), q("tail 0", "tailLines=0")],
    &[q("since", "sinceSeconds=5"), q("since then", "sinceTime=2026-01-01T00:00:00Z")],
    &[q("bytes", "limitBytes=5")],
    &[q("errors", "stream=Stderr"), q("output", "stream=Stdout")],
    &[q("unchecked", "insecureSkipTLSVerifyBackend=true")],
];
const WRITE: Options = &[
    &[q("dry run", "dryRun=All")],
    &[q("ignore", "fieldValidation=Ignore"), q("warn", "fieldValidation=Warn")],
    &[q("manager a", "fieldManager=a"), q("manager b", "fieldManager=b")],
];
const CREATE: Options = &[&[b("name a", r#""name":"a""#), b("name b", r#""name":"b""#), b("prefix a", r#""generateName":"a""#)]];
const SCALE: Options = &[&[b("version 7", r#""metadata":{"resourceVersion":"7"}"#), b("uid 7", r#""metadata":{"uid":"7"}"#)]];
/// `Background` is what the server does unasked, but for two resources; kubectl always says it.
const DELETE: Options = &[
    &[either("now", "gracePeriodSeconds=0", r#""gracePeriodSeconds":0"#), either("in 5 s", "gracePeriodSeconds=5", r#""gracePeriodSeconds":5"#)],
    &[
        either("orphan", "propagationPolicy=Orphan", r#""propagationPolicy":"Orphan""#),
        either("orphan", "orphanDependents=true", r#""orphanDependents":true"#),
        either("foreground", "propagationPolicy=Foreground", r#""propagationPolicy":"Foreground""#),
        either("background", "propagationPolicy=Background", r#""propagationPolicy":"Background""#),
        either("background", "orphanDependents=false", r#""orphanDependents":false"#),
    ],
    &[
        either("uid 7", "uid=7", r#""preconditions":{"uid":"7"}"#),
        either("uid 8", "uid=8", r#""preconditions":{"uid":"8"}"#),
        either("uid 8 version 7", "uid=8&resourceVersion=7", r#""preconditions":{"uid":"8","resourceVersion":"7"}"#),
    ],
    &[either("dry run", "dryRun=All", r#""dryRun":["All"]"#)],
    &[either(
        "unsafe",
        "ignoreStoreReadErrorWithClusterBreakingPotential=true",
        r#""ignoreStoreReadErrorWithClusterBreakingPotential":true"#,
    )],
];
const STREAM: Options = &[
    &[q("container a", "container=a"), q("container b", "container=b")],
    &[q("input", "stdin=true")],
    &[q("output", "stdout=true")],
    &[q("errors", "stderr=true")],
    &[q("terminal", "tty=true")],
];
const EXEC: Options = &[&[q("sh", "command=sh"), q("sh -c", "command=sh&command=-c"), q("sh -c in one", "command=sh%20-c"), q("#", "command=sh&command=%23")]];
const PORTS: Options = &[&[q("80", "ports=80"), q("80 81", "ports=80,81"), q("80 81", "ports=80&ports=81")]];
const TOKEN: Options = &[
    &[b("for a", r#""audiences":["a"]"#), b("for a and b", r#""audiences":["a","b"]"#)],
    &[b("an hour", r#""expirationSeconds":3600"#), b("a day", r#""expirationSeconds":86400"#)],
    &[
        b("with pod a", r#""boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"a"}"#),
        b("with pod a 7", r#""boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"a","uid":"7"}"#),
        b("with secret a", r#""boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":"a"}"#),
    ],
];
const APPROVAL: Options = &[&[b("yes", r#""type":"Approved""#), b("no", r#""type":"Denied""#)]];
const BINDING: Options = &[&[b("a", r#""name":"a""#), b("b", r#""name":"b""#)]];

/// The options that an endpoint has, and what stands round the members of its body.
fn options(endpoint: &Endpoint) -> (Vec<Options>, (&'static str, &'static str)) {
    let review = endpoint.resource.starts_with("selfsubject");
    match (endpoint.resource.as_str(), endpoint.subresource.as_deref(), endpoint.verb.as_str()) {
        (_, Some("proxy"), _) => (vec![], ("", "")),
        ("pods", Some("log"), _) => (vec![ONE, LOGS], ("", "")),
        ("pods", Some("exec"), _) => (vec![STREAM, EXEC], ("", "")),
        ("pods", Some("attach"), _) => (vec![STREAM], ("", "")),
        ("pods", Some("portforward"), _) => (vec![PORTS], ("", "")),
        ("pods", Some("eviction"), _) => (vec![DELETE], (r#"{"deleteOptions":{"#, "}}")),
        ("pods", Some("binding"), _) => (vec![WRITE, BINDING], (r#"{"target":{"#, "}}")),
        ("serviceaccounts", Some("token"), _) => (vec![WRITE, TOKEN], (r#"{"spec":{"#, "}}")),
        (_, Some("approval"), "update") => (vec![WRITE, APPROVAL], (r#"{"status":{"conditions":[{"#, "}]}}")),
        (_, Some("scale"), "update" | "patch") => (vec![WRITE, SCALE], ("{", "}")),
        (_, _, "get") => (vec![ONE], ("", "")),
        (_, _, "list" | "watch") => (vec![MANY], ("", "")),
        (_, None, "create") if !review => (vec![WRITE, CREATE], (r#"{"metadata":{"#, "}}")),
        (_, _, "delete") => (vec![DELETE], ("{", "}")),
        (_, _, "deletecollection") => (vec![&DELETE[..2], &DELETE[3..], MANY], ("{", "}")),
        _ => (vec![WRITE], ("{", "}")),
    }
}

/// A request to the endpoint, and all that it does.
pub fn request(endpoint: &Endpoint, random: &mut Random) -> (KubeRequest, String) {
    let (options, (before, after)) = options(endpoint);
    let (namespace, name) = (random.pick(&[Some("n"), Some("m"), None]).filter(|_| endpoint.namespaced), *random.pick(&["a", "b"]));
    let mut does = vec![endpoint.group.clone(), endpoint.resource.clone(), endpoint.subresource.clone().unwrap_or_default(), namespace.unwrap_or_default().to_owned()];
    if !endpoint.is_collection() {
        does.push(name.to_owned());
    }
    let is_scale = endpoint.subresource.as_deref() == Some("scale") && endpoint.verb != "get";
    let is_stream = matches!(endpoint.subresource.as_deref(), Some("exec" | "attach" | "portforward"));
    // A scale is the same by either verb, and so is a stream.
    does.push(if is_scale { "scale" } else if is_stream { "stream" } else { &endpoint.verb }.to_owned());

    // What a DELETE can say in two places is said in one of them; an eviction has only one.
    let in_body = endpoint.subresource.as_deref() == Some("eviction") || random.one_in(2);
    let (mut query, mut members, mut head) = (Vec::new(), Vec::new(), false);
    if is_scale {
        let replicas = random.below(3);
        members.push(format!(r#""spec":{{"replicas":{replicas}}}"#));
        does.push(replicas.to_string());
    }
    let mut cascade = matches!((endpoint.resource.as_str(), endpoint.verb.as_str()), ("jobs" | "replicationcontrollers", "delete" | "deletecollection")).then_some("orphan");
    for choices in options.into_iter().flatten() {
        let Some(choice) = choices.get(random.below(2 * choices.len())) else { continue };
        match choice.does {
            "HEAD" => head = true,
            "orphan" | "foreground" if endpoint.subresource.is_none() => cascade = Some(choice.does),
            "background" if endpoint.subresource.is_none() => cascade = None,
            _ => {}
        }
        if matches!(choice.does, "orphan" | "foreground" | "background") && endpoint.subresource.is_none() {
            // Said below, together with what is done unasked.
        } else if choice.does.starts_with("continue") || choice.does == "unknown" {
            does.push(choice.query.to_owned());
        } else {
            does.push(choice.does.to_owned());
        }
        match (choice.query, choice.body) {
            (query, body) if !body.is_empty() && (query.is_empty() || in_body) => members.push(body.to_owned()),
            ("", _) => {}
            (part, _) => query.push(part),
        }
    }
    does.extend(cascade.map(str::to_owned));

    let (mut method, mut headers): (&str, Vec<(&str, &[u8])>) = (
        match endpoint.verb.as_str() {
            "get" | "list" | "watch" if head => "HEAD",
            "get" | "list" | "watch" => "GET",
            "create" => "POST",
            "update" => "PUT",
            "patch" => "PATCH",
            _ => "DELETE",
        },
        vec![("content-type", b"application/json")],
    );
    if is_stream {
        method = if endpoint.verb == "get" { "GET" } else { "POST" };
        headers.extend([("connection", &b"upgrade"[..]), ("upgrade", b"SPDY/3.1")]);
    }
    let mut body = if members.is_empty() && matches!(method, "DELETE" | "GET" | "HEAD") { String::new() } else { format!("{before}{}{after}", members.join(",")) };
    if is_stream || endpoint.subresource.as_deref() == Some("proxy") {
        body.clear();
    }
    if endpoint.verb == "patch" {
        let kinds: [(&str, &[u8]); 4] = [
            ("merge", b"application/merge-patch+json"),
            ("strategic", b"application/strategic-merge-patch+json"),
            ("apply", b"application/apply-patch+yaml"),
            ("json", b"application/json-patch+json"),
        ];
        // A list of operations says none of what the members say.
        let (kind, content_type) = *random.pick(&kinds[..if is_scale { 3 } else { 4 }]);
        headers[0].1 = content_type;
        if body.is_empty() {
            body = "{}".to_owned();
        }
        match kind {
            "json" => body = "[]".to_owned(),
            "apply" if random.one_in(2) => {
                query.push("force=true");
                does.push("force".to_owned());
            }
            _ => {}
        }
        if is_scale && kind == "apply" {
            // The values of an apply are the body's own, which is not told.
            does = vec![endpoint.path(namespace, name), "apply".to_owned(), query.join("&")];
        } else if !is_scale {
            does.push(kind.to_owned());
        }
    }
    let mut path = endpoint.path(namespace, name);
    if endpoint.verb == "watch" {
        query.push("watch=true");
    }
    if endpoint.subresource.as_deref() == Some("proxy") {
        path.push_str(random.pick::<&str>(&["", "/", "/x", "/x/status"]));
        does.push(path.clone());
    }
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let parsed = KubeRequest::parse(&Head { method, target: &target, headers: &headers }).and_then(|request| request.with_body(body.as_bytes()));
    (parsed.unwrap_or_else(|refusal| panic!("{method} {target} {body}: {refusal}")), does.join("; "))
}
