//! What a judgement costs: `cargo run --release -p policy --example bench [BUNDLE]`.
//!
//! One JSON object a line, as `cargo xtask bench` prints them. BUNDLE is a folder with guards; by default the built default bundle. Nothing is
//! remembered here: every judgement runs its components in fresh instances.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Document, Engine, EngineOptions, Facts, Grants, IdentityFacts, IdentityKind, JsonDocument, Live, RequestFacts, SessionFacts};

const ROUNDS: usize = 5;

fn facts(i: usize) -> Facts {
    Facts {
        identity: IdentityFacts {
            issuer: "https://issuer.example".into(),
            subject: "devin".into(),
            kind: IdentityKind::Agent,
            sponsor: Some("bob".into()),
            groups: vec!["agents".into()],
        },
        session: SessionFacts { id: format!("session-{i}"), purpose: Some("fix the shop".into()), opened: 1_767_225_600_000, expires: 1_767_229_200_000 },
        request: RequestFacts {
            connection: "demo".into(),
            verb: "get".into(),
            is_resource: true,
            group: String::new(),
            version: "v1".into(),
            resource: "pods".into(),
            subresource: None,
            namespace: Some("shop".into()),
            name: Some("web-6c9f7".into()),
            path: "/api/v1/namespaces/shop/pods/web-6c9f7".into(),
            query: vec![],
            dry_run: false,
            hash: "sha256:0000000000000000000000000000000000000000000000000000000000000000".into(),
            command: "kubectl get pod web-6c9f7 -n shop".into(),
            claimed_command: Some("kubectl get".into()),
        },
    }
}

fn creation() -> Facts {
    let mut facts = facts(0);
    facts.request.verb = "create".into();
    facts.request.name = None;
    facts.request.path = "/api/v1/namespaces/shop/pods".into();
    facts
}

/// A pod with an annotation of 100 KB, as the gateway has it after parsing.
fn pod() -> Arc<dyn Document> {
    let text = format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"x","annotations":{{"a":"{}"}}}},"spec":{{"containers":[{{"name":"c","image":"nginx"}}]}}}}"#,
        "x".repeat(100_000)
    );
    match kube_request::Json::parse(text.as_bytes()) {
        Ok(json) => Arc::new(JsonDocument::new(Arc::new(json))),
        Err(error) => unreachable!("{error}"),
    }
}

fn print(figure: &str, value: f64, unit: &str, spread: (f64, f64)) {
    println!(
        r#"{{"bench":"policy","figure":"{figure}","value":{value:.2},"unit":"{unit}","spread":[{:.2},{:.2}],"against":null,"ratio":null}}"#,
        spread.0, spread.1
    );
}

/// Times of single judgements, sorted.
async fn times(live: &Live, facts: &Facts, body: Option<&Arc<dyn Document>>, n: usize) -> Vec<Duration> {
    let generation = live.current();
    let mut times = Vec::with_capacity(n);
    for _ in 0..n {
        let start = Instant::now();
        let judgement = generation.judge(facts, body.cloned()).await;
        times.push(start.elapsed());
        assert!(judgement.failure.is_none(), "{judgement:?}");
    }
    times.sort();
    times
}

async fn report(figure: &str, live: &Live, facts: &Facts, body: Option<&Arc<dyn Document>>) {
    times(live, facts, body, 5_000).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(times(live, facts, body, 20_000).await);
    }
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let mut values: Vec<f64> = rounds.iter().map(|t| t[(t.len() as f64 * share) as usize].as_nanos() as f64 / 1000.0).collect();
        values.sort_by(f64::total_cmp);
        print(&format!("{figure}, {name}"), values[ROUNDS / 2], "us", (values[0], values[ROUNDS - 1]));
    }
}

/// Judgements a second on so many threads.
async fn throughput(live: &Arc<Live>, threads: usize) -> f64 {
    let until = Instant::now() + Duration::from_millis(1500);
    let tasks: Vec<_> = (0..threads)
        .map(|i| {
            let live = live.clone();
            tokio::spawn(async move {
                let facts = facts(i);
                let mut n = 0u64;
                while Instant::now() < until {
                    live.current().judge(&facts, None).await;
                    n += 1;
                }
                n
            })
        })
        .collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap_or_default();
    }
    total as f64 / 1.5
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = std::env::args().nth(1).map(PathBuf::from).unwrap_or_else(|| "target/bundles/default".into());
    let wasm = std::fs::read(source.join("deny-list.wasm"))?;
    let scratch = std::env::temp_dir().join(format!("policy-bench-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    std::fs::write(scratch.join("guard.wasm"), &wasm)?;
    let bundle = |n: usize| {
        let mut text = "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n".to_owned();
        for i in 0..n {
            text.push_str(&format!(
                "  - name: guard-{i}\n    world: guard\n    component: guard.wasm\n    configuration: {{ deny: [{{ rule: no-namespaces, match: [{{ verbs: [delete], resources: [namespaces] }}], message: not allowed }}], allow: [{{ rule: rest, match: [{{}}] }}] }}\n"
            ));
        }
        text
    };
    let engine = Engine::new(EngineOptions { remember: 0, cache_dir: Some(scratch.join("cache")), ..EngineOptions::default() })?;

    std::fs::write(scratch.join("bundle.yaml"), bundle(1))?;
    let start = Instant::now();
    let one = Arc::new(Live::open(engine.clone(), &scratch, Grants::default()).await?);
    print("cold load of one guard", start.elapsed().as_secs_f64() * 1000.0, "ms", (0.0, 0.0));
    let start = Instant::now();
    one.reload().await?;
    print("warm load of one guard", start.elapsed().as_secs_f64() * 1000.0, "ms", (0.0, 0.0));
    report("one guard, fresh state", &one, &facts(0), None).await;
    let mut singles = Vec::new();
    let mut doubles = Vec::new();
    for _ in 0..ROUNDS {
        singles.push(throughput(&one, 1).await);
        doubles.push(throughput(&one, 2).await);
    }
    singles.sort_by(f64::total_cmp);
    doubles.sort_by(f64::total_cmp);
    print("judgements a second, one thread", singles[ROUNDS / 2], "1/s", (singles[0], singles[ROUNDS - 1]));
    print("judgements a second, two threads", doubles[ROUNDS / 2], "1/s", (doubles[0], doubles[ROUNDS - 1]));
    drop(one);

    std::fs::write(scratch.join("bundle.yaml"), bundle(4))?;
    let four = Live::open(engine, &scratch, Grants::default()).await?;
    report("four guards, fresh state", &four, &facts(0), None).await;
    drop(four);

    let engine = Engine::new(EngineOptions { remember: 0, cache_dir: Some(scratch.join("cache")), ..EngineOptions::default() })?;
    for name in ["cold", "warm"] {
        let start = Instant::now();
        let live = Live::open(engine.clone(), &source, Grants::default()).await?;
        print(&format!("{name} load of the bundle, its cases included"), start.elapsed().as_secs_f64() * 1000.0, "ms", (0.0, 0.0));
        if name == "warm" {
            report("the bundle's guards, a get", &live, &facts(0), None).await;
            report("the bundle's guards, a pod of 100 KB", &live, &creation(), Some(&pod())).await;
        }
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}
