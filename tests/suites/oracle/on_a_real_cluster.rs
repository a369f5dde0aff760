//! The same answer as Kubernetes' own code, or a refusal: never another answer.

#[path = "patches.rs"]
mod patches;

use kube_request::{Head, KubeRequest, Verb};
use portcullis_tests::oracle::ask;
use serde_json::Value;

/// How many requests are made up.
const CASES: usize = 40_000;

/// A generator without surprises: the same seed gives the same cases (`xorshift64*`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const METHODS: [&str; 11] = ["GET", "GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND"];
const PREFIXES: [&str; 10] =
    ["/api/v1", "/api/v1", "/apis/apps/v1", "/apis/example.com/v1alpha1", "/apis/metrics.k8s.io/v1beta1", "/api", "/apis", "/version", "/healthz", "/api/v1/watch"];
const SEGMENTS: [&str; 44] = [
    "pods", "pods", "services", "nodes", "secrets", "deployments", "namespaces", "namespaces", "shop", "default", "web", "web-0", "watch", "proxy", "status", "finalize",
    "exec", "attach", "portforward", "log", "scale", "eviction", "binding", "token", "ephemeralcontainers", "resize", "http:web:80", "system:node:a", "", ".", "..",
    "%2e%2e", "%2F", "a%2Fb", "%252F", "%5c", "%00", "%zz", "%C3%A4", "%ff", "p%6fds", "n%61mespaces", "w%61tch", "a+b",
];
const PAIRS: [&str; 40] = [
    "watch", "watch=", "watch=1", "watch=0", "watch=true", "watch=True", "watch=false", "watch=FALSE", "watch=no", "watch=yes", "watch=t", "w%61tch=1", "watch=%31",
    "watch=false&watch=true", "watch=true&watch=false", "Watch=1", "limit=500", "limit=x", "limit=", "timeoutSeconds=5", "timeoutSeconds=x", "fieldSelector=metadata.name=web",
    "fieldSelector=metadata.name%3Dweb", "fieldSelector=metadata.name%3D%3Dweb", "fieldSelector=metadata.name!%3Dweb", "fieldSelector=metadata.name%3Dweb,spec.x%3Dy",
    "fieldSelector=spec.nodeName%3Da", "fieldSelector=metadata.name%3Da/b", "fieldSelector=metadata.name", "fieldSelector=", "fieldSelector=metadata.name%3D..",
    "labelSelector=app%3Dweb", "labelSelector=app%20in%20(a,b)", "labelSelector=((", "resourceVersion=0", "sendInitialEvents=true", "dryRun=All", "a;b=c", "%zz=1", "x=%",
];

fn target(dice: &mut Dice) -> String {
    let mut target = dice.pick(&PREFIXES).to_owned();
    for _ in 0..dice.roll(7) {
        target.push('/');
        target.push_str(dice.pick(&SEGMENTS));
    }
    if dice.roll(24) == 0 {
        target.push('/');
    }
    for n in 0..dice.roll(4) {
        target.push(if n == 0 { '?' } else { '&' });
        target.push_str(dice.pick(&PAIRS));
    }
    target
}

fn parse(method: &str, target: &str) -> Option<KubeRequest> {
    let plain = KubeRequest::parse(&Head { method, target, headers: &[] });
    let switching: &[(&str, &[u8])] = &[
        ("connection", b"Upgrade"),
        ("upgrade", b"websocket"),
        ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", b"v5.channel.k8s.io"),
    ];
    plain.or_else(|_| KubeRequest::parse(&Head { method, target, headers: switching })).ok()
}

/// What differs between the gateway's reading and Kubernetes'.
fn difference(request: &KubeRequest, kubernetes: &Value) -> Option<String> {
    let text = |key: &str| kubernetes[key].as_str().unwrap_or("?").to_owned();
    // By GET these carry the verb `get` there; what they do is what a POST to them does.
    let is_stream = request.upgrade.is_some() && request.verb == Verb::Create && text("verb") == "get";
    let ours = [
        ("isResource", request.is_resource.to_string(), kubernetes["isResource"].to_string()),
        ("verb", request.verb.as_str().to_owned(), if is_stream { "create".to_owned() } else { text("verb") }),
        ("group", request.group.clone(), text("group")),
        ("version", request.version.clone(), text("version")),
        ("resource", request.resource.clone(), text("resource")),
        ("subresource", request.subresource.clone().unwrap_or_default(), text("subresource")),
        ("namespace", request.namespace.clone().unwrap_or_default(), text("namespace")),
        ("name", request.name.clone().unwrap_or_default(), text("name")),
    ];
    // Of a path that is no resource Kubernetes keeps parts it found; nothing reads them.
    let compared = if request.is_resource { 8 } else { 2 };
    let different: Vec<String> =
        ours[..compared].iter().filter(|(_, ours, theirs)| ours != theirs).map(|(key, ours, theirs)| format!("{key}: {ours:?}, not {theirs:?}")).collect();
    (!different.is_empty()).then(|| different.join("; "))
}

#[test]
fn a_request_means_what_it_means_to_kubernetes_or_is_refused() {
    for seed in [0x5eed_0001, 0x5eed_0002] {
        let mut dice = Dice(seed);
        let cases: Vec<(&str, String)> = (0..CASES).map(|_| (dice.pick(&METHODS), target(&mut dice))).collect();
        let understood: Vec<(&str, &str, KubeRequest)> =
            cases.iter().filter_map(|(method, target)| Some((*method, target.as_str(), parse(method, target)?))).collect();
        assert!(understood.len() > CASES / 20, "only {} of {CASES} are understood", understood.len());
        // As the client wrote it, and as it is sent on.
        let original: Vec<String> = understood.iter().map(|(method, target, _)| format!("{method} {target}")).collect();
        let canonical: Vec<String> = understood.iter().map(|(method, _, request)| format!("{method} {}", request.target())).collect();
        let mut wrong = Vec::new();
        for (lines, what) in [(&original, "as written"), (&canonical, "as sent")] {
            for ((_, _, request), (line, answer)) in understood.iter().zip(lines.iter().zip(ask("requestinfo", lines))) {
                let difference = match answer["error"].as_str() {
                    Some(error) => Some(format!("Kubernetes refuses it: {error}")),
                    None => difference(request, &answer),
                };
                wrong.extend(difference.map(|difference| format!("{line} ({what}): {difference}")));
            }
        }
        wrong.sort();
        assert!(wrong.is_empty(), "seed {seed:#x}: {} differ, such as\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    }
}
