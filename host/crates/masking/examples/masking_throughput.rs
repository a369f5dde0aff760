//! How fast masking is: MB/s of 50 MB answers in chunks of 64 KiB, each the best of five runs.
//!
//! `cargo run --release -p masking --example masking_throughput`

use masking::{CompiledPlan, Encoding, MaskRule, Masker, Plan, TextMasker, TokenKey};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

const SIZE: usize = 50_000_000;
const CHUNK: usize = 64 << 10;

fn rule(name: &str, paths: &[&str]) -> MaskRule {
    MaskRule { name: name.into(), paths: paths.iter().map(|p| (*p).into()).collect(), ..MaskRule::default() }
}

/// Rules for Secrets and for environment variables in known places.
fn plan() -> Plan {
    Plan {
        rules: vec![
            MaskRule { encoding: Encoding::Base64, ..rule("secret-data", &["/data/*"]) },
            rule("secret-string-data", &["/stringData/*"]),
            MaskRule { names: Some("(?i)(password|secret|token|key)".into()), ..rule("env", &["/spec/**/env/*/value"]) },
        ],
        embedded: vec!["/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration".into()],
    }
}

/// Rules like those of the default component, which reach everywhere, with every detector on every string.
fn thorough() -> Plan {
    let mut plan = plan();
    let names = Some("(?i)passw(or)?d|secret|token|(api|private|access)[-_.]?key".to_owned());
    let settings = vec![r#"(?i)(passw(or)?d|secret|token)["']?\s{0,4}[=:]\s{0,4}(?P<secret>[^\s"',;]+)"#.to_owned()];
    plan.rules[2].paths = vec!["/**/env/*/value".into()];
    plan.rules.push(MaskRule { patterns: settings.clone(), ..rule("arguments", &["/**/args/*", "/**/command/*"]) });
    plan.rules.push(MaskRule { names, ..rule("annotations", &["/**/annotations/*"]) });
    plan.rules.push(MaskRule { patterns: settings, ..rule("messages", &["/**/message", "/note"]) });
    plan.rules.push(MaskRule { patterns: CompiledPlan::detectors().map(|name| format!("detector:{name}")).collect(), ..rule("detectors", &[]) });
    plan.embedded = vec!["/**/annotations/kubectl.kubernetes.io~1last-applied-configuration".into()];
    plan
}

/// Numbers that look random enough, the same in every run.
fn noise(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn base64(state: &mut u64, length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..length / 4 * 4).map(|_| ALPHABET[noise(state) as usize % 64] as char).collect()
}

fn secrets(length: usize) -> Vec<u8> {
    let (mut out, mut state, mut n) = (String::from(r#"{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":["#), 1, 0);
    while out.len() < SIZE {
        let (first, second, third) = (base64(&mut state, length), base64(&mut state, 24), base64(&mut state, length));
        let comma = if n == 0 { "" } else { "," };
        write!(
            out,
            r#"{comma}{{"metadata":{{"name":"secret-{n}","namespace":"shop","uid":"0f7c5b7e-3c1d-4f0e-9d5a-{n:012}","resourceVersion":"{n}","creationTimestamp":"2026-01-01T00:00:00Z","managedFields":[{{"manager":"kubectl-create","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{{"f:data":{{".":{{}},"f:ca.crt":{{}},"f:password":{{}},"f:tls.key":{{}}}},"f:type":{{}}}}}}]}},"data":{{"ca.crt":"{first}","password":"{second}","tls.key":"{third}"}},"type":"Opaque"}}"#
        )
        .expect("a string grows");
        n += 1;
    }
    out.push_str("]}");
    out.into_bytes()
}

fn pods() -> Vec<u8> {
    let (mut out, mut n) = (String::from(r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":["#), 0);
    while out.len() < SIZE {
        let comma = if n == 0 { "" } else { "," };
        write!(
            out,
            r#"{comma}{{"metadata":{{"name":"web-{n}","generateName":"web-","namespace":"shop","uid":"0f7c5b7e-3c1d-4f0e-9d5a-{n:012}","resourceVersion":"{n}","creationTimestamp":"2026-01-01T00:00:00Z","labels":{{"app":"web","pod-template-hash":"5d8f9c7b6"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d8f9c7b6","uid":"aaaa","controller":true,"blockOwnerDeletion":true}}]}},"spec":{{"containers":[{{"name":"web","image":"registry.example/shop/web:1.2.3","ports":[{{"containerPort":8080,"protocol":"TCP"}}],"env":[{{"name":"LOG_LEVEL","value":"info"}},{{"name":"DB_PASSWORD","value":"hunter2-{n}"}}],"resources":{{"limits":{{"cpu":"500m","memory":"256Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},"terminationMessagePath":"/dev/termination-log","imagePullPolicy":"IfNotPresent"}}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","nodeName":"node-1","tolerations":[{{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}}]}},"status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"}}],"hostIP":"10.0.0.1","podIP":"10.1.0.7","startTime":"2026-01-01T00:00:00Z"}}}}"#
        )
        .expect("a string grows");
        n += 1;
    }
    out.push_str("]}");
    out.into_bytes()
}

fn best(bytes: usize, mut run: impl FnMut() -> u64) -> (f64, u64) {
    let mut best = (f64::INFINITY, 0);
    for _ in 0..5 {
        let start = Instant::now();
        let masked = run();
        let took = start.elapsed().as_secs_f64();
        if took < best.0 {
            best = (took, masked);
        }
    }
    (bytes as f64 / best.0 / 1e6, best.1)
}

fn measure(what: &str, input: &[u8], plan: Option<&Plan>) {
    let key = Arc::new(TokenKey::new([7; 32]));
    let compiled = plan.map(|plan| Arc::new(CompiledPlan::compile(plan).expect("a plan")));
    // What the gateway does with a chunk: into a buffer that is used again.
    let mut out = Vec::with_capacity(2 * CHUNK);
    let (speed, masked) = best(input.len(), || {
        let mut masker = compiled.as_ref().map(|plan| Masker::new(Arc::clone(plan), Arc::clone(&key)));
        for chunk in input.chunks(CHUNK) {
            out.clear();
            match &mut masker {
                None => out.extend_from_slice(chunk),
                Some(masker) => masker.push(chunk, &mut out).expect("JSON"),
            }
            std::hint::black_box(&out);
        }
        masker.map_or(0, |masker| masker.finish(&mut out).expect("JSON").masked)
    });
    println!("{what:<58} {speed:>8.0} MB/s  {masked:>8} masked");
}

/// A container's log under the rules that apply to text.
fn measure_log() {
    let mut plan = thorough();
    plan.rules.retain(|rule| rule.name == "detectors");
    let settings = vec![r#"(?i)(passw(or)?d|secret|token)["']?\s{0,4}[=:]\s{0,4}(?P<secret>[^\s"',;]+)"#.to_owned()];
    plan.rules.push(MaskRule { patterns: settings, ..rule("settings", &[]) });
    let plan = Arc::new(CompiledPlan::compile(&plan).expect("a plan"));
    let line = "2026-11-22T14:00:00.123456Z INFO request served method=GET path=/api/v1/carts/17 status=200 duration_ms=12 trace=0f7c5b7e3c1d4f0e\n";
    let log = format!("{}login token=hunter2\n", line.repeat(100)).repeat(SIZE / 100 / line.len());
    let mut out = Vec::with_capacity(2 * CHUNK);
    let (speed, masked) = best(log.len(), || {
        let mut masker = TextMasker::new(Arc::clone(&plan), Arc::new(TokenKey::new([7; 32])));
        for chunk in log.as_bytes().chunks(CHUNK) {
            out.clear();
            masker.push(chunk, &mut out);
            std::hint::black_box(&out);
        }
        masker.finish(&mut out).masked
    });
    println!("{:<58} {speed:>8.0} MB/s  {masked:>8} masked", "log, detectors and settings");
}

fn main() {
    let (small, large, pods) = (secrets(64), secrets(1600), pods());
    let nothing = Plan { rules: vec![rule("nothing", &["/nowhere"])], embedded: Vec::new() };
    measure("copy", &large, None);
    measure("SecretList, values of 1600 bytes, narrow plan", &large, Some(&plan()));
    measure("SecretList, values of 64 bytes, narrow plan", &small, Some(&plan()));
    measure("SecretList, values of 1600 bytes, no rule applies", &large, Some(&nothing));
    measure("SecretList, values of 64 bytes, no rule applies", &small, Some(&nothing));
    measure("PodList, narrow plan", &pods, Some(&plan()));
    measure("PodList, no rule applies", &pods, Some(&nothing));
    measure("SecretList, values of 1600 bytes, thorough plan", &large, Some(&thorough()));
    measure("SecretList, values of 64 bytes, thorough plan", &small, Some(&thorough()));
    measure("PodList, thorough plan", &pods, Some(&thorough()));
    measure_log();
}
