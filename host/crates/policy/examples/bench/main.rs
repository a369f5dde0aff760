//! What a judgement costs: `cargo xtask bench policy`.
//!
//! One JSON object a line, as all benchmarks print them. Arguments: a folder with the built default bundle, the components `ten-pointers` and
//! `kubewarden-way` of `tests/components`, and how many rounds. Nothing is remembered here: every judgement runs its components in fresh instances. The sides take
//! turns within a round, so that what else the machine does weighs on all of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Document, Engine, EngineOptions, Facts, Grants, IdentityFacts, IdentityKind, JsonDocument, Live, RequestFacts, SessionFacts};
use serde_json::Value;

mod kubewarden;
mod rounds;

use kubewarden::Kubewarden;
use rounds::{Times, print, print_times};

/// Judgements of one round and side.
const CALLS: usize = 10_000;

/// Of the sides that are slower, so that a round is not theirs alone.
const SLOW_CALLS: usize = 2_000;

/// How long one round of a throughput lasts.
const THROUGHPUT: Duration = Duration::from_millis(800);

/// The rules of all sides: one refuses and one allows, as `plugins/deny-list` and the guest of Kubewarden's way read them.
const RULES: &str = r#"{ "deny": [{ "rule": "no-namespaces", "match": [{ "verbs": ["delete"], "resources": ["namespaces"] }], "message": "not allowed" }],
    "allow": [{ "rule": "rest", "match": [{}] }] }"#;

/// A pod as the API server hands it to admission.
const POD: &str = include_str!("pod.json");

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

/// The same pod with an annotation of 100 KB, and the fields that `ten-pointers` reads.
fn large_pod() -> Result<Arc<dyn Document>, Box<dyn std::error::Error>> {
    let mut pod: Value = serde_json::from_str(POD)?;
    pod["metadata"]["annotations"]["large"] = Value::from("x".repeat(100_000));
    pod["spec"]["nodeName"] = Value::from("node-1");
    pod["spec"]["priorityClassName"] = Value::from("default");
    document(&pod.to_string())
}

fn document(text: &str) -> Result<Arc<dyn Document>, Box<dyn std::error::Error>> {
    Ok(Arc::new(JsonDocument::new(Arc::new(kube_request::Json::parse(text.as_bytes())?))))
}

/// A folder with a bundle of so many guards of one component.
fn bundle(folder: PathBuf, wasm: &[u8], guards: usize, configuration: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("guard.wasm"), wasm)?;
    let mut text = "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins:\n".to_owned();
    for i in 0..guards {
        text.push_str(&format!("  - name: guard-{i}\n    world: guard\n    component: guard.wasm\n    configuration: {}\n", configuration.replace('\n', " ")));
    }
    std::fs::write(folder.join("bundle.yaml"), text)?;
    Ok(folder)
}

/// Times of single judgements.
async fn times(live: &Live, facts: &Facts, body: Option<&Arc<dyn Document>>, n: usize) -> Vec<Duration> {
    let generation = live.current();
    let mut times = Vec::with_capacity(n);
    for _ in 0..n {
        let start = Instant::now();
        let judgement = generation.judge(facts, body.cloned()).await;
        times.push(start.elapsed());
        assert!(judgement.failure.is_none(), "{judgement:?}");
    }
    times
}

/// Evaluations a second on so many threads: `work` does one, and is told which thread it is on.
async fn throughput<F: Future<Output = ()> + Send>(threads: usize, work: impl Fn(usize) -> F + Clone + Send + Sync + 'static) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = (0..threads)
        .map(|thread| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut n = 0u64;
                while start.elapsed() < THROUGHPUT {
                    work(thread).await;
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
    total as f64 / start.elapsed().as_secs_f64()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut argument = || arguments.next().ok_or("arguments: BUNDLE TEN-POINTERS.wasm KUBEWARDEN-WAY.wasm ROUNDS");
    let (default, ten, kubewarden) = (argument()?, argument()?, argument()?);
    let rounds: usize = argument()?.to_string_lossy().parse()?;
    let scratch = std::env::temp_dir().join(format!("policy-bench-{}", std::process::id()));
    let result = measure(&default, &std::fs::read(ten)?, &std::fs::read(kubewarden)?, rounds, &scratch).await;
    std::fs::remove_dir_all(&scratch)?;
    result
}

async fn measure(default: &Path, ten: &[u8], kubewarden: &[u8], rounds: usize, scratch: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let deny_list = std::fs::read(default.join("deny-list.wasm"))?;
    let engine = Engine::new(EngineOptions { remember: 0, cache_dir: Some(scratch.join("cache")), ..EngineOptions::default() })?;
    let open = async |folder: PathBuf| Live::open(engine.clone(), folder, Grants::default()).await;

    let start = Instant::now();
    let one = Arc::new(open(bundle(scratch.join("one"), &deny_list, 1, RULES)?).await?);
    let cold = start.elapsed();
    let start = Instant::now();
    one.reload().await?;
    print("load of one guard, compiled", "ms", &[cold.as_secs_f64() * 1000.0], None);
    print("load of one guard, from the cache", "ms", &[start.elapsed().as_secs_f64() * 1000.0], None);
    let four = open(bundle(scratch.join("four"), &deny_list, 4, RULES)?).await?;
    let reader = open(bundle(scratch.join("ten"), ten, 1, "{}")?).await?;
    let all = open(default.to_owned()).await?;
    let settings: Value = serde_json::from_str(RULES)?;
    let theirs = Arc::new(Kubewarden::new(kubewarden, settings.clone(), false)?);
    let pooled = Kubewarden::new(kubewarden, settings, true)?;

    let (get, create) = (facts(0), creation());
    let object: Value = serde_json::from_str(POD)?;
    let (pod, large) = (document(POD)?, large_pod()?);
    let mut sides: [Times; 10] = Default::default();
    let [one_get, one_create, four_get, read, unread, theirs_get, theirs_create, pooled_create, all_get, all_create] = &mut sides;
    // The first round warms everything up and does not count.
    for round in 0..=rounds {
        let add = |side: &mut Times, times| if round > 0 { side.add(times) };
        add(one_get, times(&one, &get, None, CALLS).await);
        add(theirs_get, theirs.times(&get, None, SLOW_CALLS)?);
        add(one_create, times(&one, &create, Some(&pod), CALLS).await);
        add(theirs_create, theirs.times(&create, Some(&object), SLOW_CALLS)?);
        add(pooled_create, pooled.times(&create, Some(&object), SLOW_CALLS)?);
        add(four_get, times(&four, &get, None, CALLS).await);
        add(unread, times(&reader, &create, None, CALLS).await);
        add(read, times(&reader, &create, Some(&large), CALLS).await);
        add(all_get, times(&all, &get, None, SLOW_CALLS).await);
        add(all_create, times(&all, &create, Some(&large), SLOW_CALLS).await);
    }
    print_times("one guard, fresh state, a get", one_get, Some(("the same rules in Kubewarden's way", theirs_get)));
    print_times("one guard, fresh state, a pod of 4 KB unread", one_create, Some(("the same rules in Kubewarden's way", theirs_create)));
    print_times("one guard, fresh state, the same pod", one_create, Some(("Kubewarden's way in pooled instances", pooled_create)));
    print_times("the same rules in Kubewarden's way, a get", theirs_get, None);
    print_times("the same rules in Kubewarden's way, a pod of 4 KB", theirs_create, None);
    print_times("four guards, fresh state, a get", four_get, Some(("one guard", one_get)));
    print_times("ten pointers of a body of 100 KB", read, Some(("the same guard without a body", unread)));
    let more: Vec<f64> = read.quantile(0.5).iter().zip(unread.quantile(0.5)).map(|(with, without)| with - without).collect();
    print("what the ten pointers cost, p50", "us", &more, None);
    print_times("the default bundle's guards, a get", all_get, None);
    print_times("the default bundle's guards, a pod of 100 KB", all_create, None);

    let mut seconds: [Vec<f64>; 4] = Default::default();
    let facts: Arc<[Facts]> = (0..2).map(facts).collect();
    for _ in 0..rounds {
        for (side, threads) in [(0, 1), (1, 2)] {
            let (live, facts) = (one.clone(), facts.clone());
            seconds[side].push(
                throughput(threads, move |thread| {
                    let (generation, facts) = (live.current(), facts.clone());
                    async move { drop(generation.judge(&facts[thread], None).await) }
                })
                .await,
            );
            let (theirs, facts) = (theirs.clone(), get.clone());
            seconds[side + 2].push(
                throughput(threads, move |_| {
                    let accepted = theirs.evaluate(&facts, None);
                    async move { assert!(accepted.is_ok_and(|accepted| accepted)) }
                })
                .await,
            );
        }
    }
    let [single, double, their_single, their_double] = &seconds;
    print("judgements a second, one thread", "1/s", single, Some(("Kubewarden's way", their_single)));
    print("judgements a second, two threads", "1/s", double, Some(("one thread", single)));
    print("Kubewarden's way, two threads", "1/s", their_double, Some(("one thread", their_single)));
    Ok(())
}
