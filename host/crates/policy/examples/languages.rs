//! What one rule costs in each language: `cargo run --release -p policy --example languages -- FOLDER...`.
//!
//! Each folder is a bundle of one guard, named by its language first: `go-allowed-images`; the first is what the others are compared with. One JSON
//! object a line, as `cargo xtask bench` prints them. The rounds of all languages take turns, so that what else the machine does falls on all of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Document, Engine, EngineOptions, Facts, Grants, IdentityFacts, IdentityKind, JsonDocument, Live, RequestFacts, SessionFacts};

type Failed = Box<dyn std::error::Error>;

const ROUNDS: usize = 5;

/// Calls of a round, for as long as they may take.
const CALLS: usize = 2_000;
const ROUND: Duration = Duration::from_secs(2);

/// A pod with two containers, which the policies let pass: the longest way through them.
const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"web","image":"ghcr.io/acme/web:1.4.2","env":[{"name":"MODE","value":"production"}]},{"name":"side","image":"registry.example.com:5000/team/side:7"}]}}"#;

fn creation() -> Facts {
    Facts {
        identity: IdentityFacts { issuer: "https://issuer.example".into(), subject: "devin".into(), kind: IdentityKind::Agent, sponsor: Some("bob".into()), groups: vec![] },
        session: SessionFacts { id: "session".into(), purpose: Some("mend the shop".into()), opened: 1_767_225_600_000, expires: 1_767_229_200_000 },
        request: RequestFacts {
            connection: "demo".into(),
            verb: "create".into(),
            is_resource: true,
            group: String::new(),
            version: "v1".into(),
            resource: "pods".into(),
            subresource: None,
            namespace: Some("shop".into()),
            name: None,
            path: "/api/v1/namespaces/shop/pods".into(),
            query: vec![],
            dry_run: false,
            hash: "sha256:0000000000000000000000000000000000000000000000000000000000000000".into(),
            command: "kubectl create -f -".into(),
            claimed_command: None,
        },
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The median of the rounds, and of the ratios to the rounds of another language that were beside them.
fn print(figure: &str, rounds: &[f64], unit: &str, beside: Option<(&str, &[f64])>) {
    let values = sorted(rounds);
    let (low, middle, high) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    let (against, ratio) = match beside {
        Some((name, others)) => {
            let ratios: Vec<f64> = rounds.iter().zip(others).map(|(own, other)| own / other).collect();
            (format!("\"{name}\""), format!("{:.1}", sorted(&ratios)[ratios.len() / 2]))
        }
        None => ("null".to_owned(), "null".to_owned()),
    };
    println!(r#"{{"bench":"languages","figure":"{figure}","value":{middle:.2},"unit":"{unit}","spread":[{low:.2},{high:.2}],"against":{against},"ratio":{ratio}}}"#);
}

/// One language's policy, live.
struct Subject {
    language: String,
    live: Live,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

/// Loads a bundle with an empty cache, which compiles it, and again with what that left. No call is remembered.
async fn load(folder: &Path, cache: &Path) -> Result<Subject, Failed> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let language = name.split('-').next().unwrap_or_default().to_owned();
    let cache = cache.join(&name);
    let component = folder.join(format!("{name}.wasm"));
    print(&format!("{language}, size of the component"), &[std::fs::metadata(component)?.len() as f64 / 1024.0], "KB", None);
    let engine = || Engine::new(EngineOptions { remember: 0, cache_dir: Some(cache.clone()), ..EngineOptions::default() });
    let start = Instant::now();
    drop(Live::open(engine()?, folder, Grants::default()).await?);
    print(&format!("{language}, load with an empty cache"), &[start.elapsed().as_secs_f64() * 1000.0], "ms", None);
    let engine = engine()?;
    let start = Instant::now();
    let live = Live::open(engine, folder, Grants::default()).await?;
    print(&format!("{language}, load from the cache"), &[start.elapsed().as_secs_f64() * 1000.0], "ms", None);
    Ok(Subject { language, live, p50: vec![], p99: vec![] })
}

impl Subject {
    async fn round(&mut self, facts: &Facts, body: &Arc<dyn Document>) -> Result<(), Failed> {
        let generation = self.live.current();
        let begun = Instant::now();
        let mut times = Vec::with_capacity(CALLS);
        while times.len() < CALLS && begun.elapsed() < ROUND {
            let start = Instant::now();
            let judgement = generation.judge(facts, Some(body.clone())).await;
            times.push(start.elapsed().as_nanos() as f64 / 1000.0);
            if judgement.failure.is_some() || !judgement.findings.is_empty() {
                return Err(format!("{}: {judgement:?}", self.language).into());
            }
        }
        times.sort_by(f64::total_cmp);
        self.p50.push(times[times.len() / 2]);
        self.p99.push(times[times.len() * 99 / 100]);
        Ok(())
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failed> {
    let scratch = std::env::temp_dir().join(format!("policy-languages-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut subjects = Vec::new();
    for folder in &folders {
        subjects.push(load(folder, &scratch).await?);
    }
    let facts = creation();
    let body: Arc<dyn Document> = Arc::new(JsonDocument::new(Arc::new(kube_request::Json::parse(POD.as_bytes()).map_err(|e| e.to_string())?)));
    for _ in 0..ROUNDS {
        for subject in &mut subjects {
            subject.round(&facts, &body).await?;
        }
    }
    for (n, subject) in subjects.iter().enumerate() {
        let first = (n > 0).then(|| &subjects[0]);
        let beside = |rounds: fn(&Subject) -> &Vec<f64>| first.map(|first| (first.language.as_str(), rounds(first).as_slice()));
        print(&format!("{}, one call in a fresh instance, p50", subject.language), &subject.p50, "us", beside(|s| &s.p50));
        print(&format!("{}, one call in a fresh instance, p99", subject.language), &subject.p99, "us", beside(|s| &s.p99));
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}
