//! What the metrics and the span of a plugin cost a request, apart from its call: `cargo xtask bench span`.
//!
//! Each call of a component goes through `PluginMetrics::observe`. Here judgements with one such layer more around them take turns, call by call, with
//! judgements as they are: the difference is what a layer costs. Filters are those of a gateway, which tell nothing of spans unless `PORTCULLIS_LOG` says so.
//! One JSON object a line, as all benchmarks print them. Arguments: a folder with the built default bundle, and how many rounds.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use policy::metrics::PluginMetrics;
use policy::{Engine, EngineOptions, Facts, Failure, Generation, Grants, IdentityFacts, IdentityKind, Live, RequestFacts, SessionFacts, World};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, reload};

/// Judgements of one round and side.
const CALLS: usize = 10_000;
/// Layers around nothing, of one round.
const LAYERS: usize = 100_000;

/// What is told, and which spans are then listened to.
const FILTERS: [(&str, &str); 2] = [("as it comes", "info"), ("spans listened to", "info,portcullis::plugin=debug")];

fn facts() -> Facts {
    Facts {
        identity: IdentityFacts { issuer: "https://issuer.example".into(), subject: "devin".into(), kind: IdentityKind::Agent, sponsor: Some("bob".into()), groups: vec![] },
        session: SessionFacts { id: "session".into(), purpose: None, opened: 1_767_225_600_000, expires: 1_767_229_200_000 },
        request: RequestFacts {
            connection: "demo".into(),
            verb: "get".into(),
            is_resource: true,
            group: String::new(),
            version: "v1".into(),
            resource: "pods".into(),
            subresource: None,
            namespace: Some("shop".into()),
            name: Some("web".into()),
            path: "/api/v1/namespaces/shop/pods/web".into(),
            query: vec![],
            dry_run: false,
            hash: "sha256:0000000000000000000000000000000000000000000000000000000000000000".into(),
            command: "kubectl get pod web -n shop".into(),
            claimed_command: None,
        },
    }
}

/// Figures of one filter, a value for each round.
#[derive(Default)]
struct Side {
    /// Microseconds of a judgement, p50 and p99.
    plain: [Vec<f64>; 2],
    layered: [Vec<f64>; 2],
    /// Nanoseconds of a layer around nothing.
    alone: Vec<f64>,
}

impl Side {
    async fn round(&mut self, generation: &Generation, facts: &Facts, metrics: &PluginMetrics) {
        let mut times = [Vec::with_capacity(CALLS), Vec::with_capacity(CALLS)];
        for _ in 0..CALLS {
            let start = Instant::now();
            black_box(generation.judge(facts, None).await);
            times[0].push(start.elapsed());
            let start = Instant::now();
            let judged = metrics.observe("one-more", World::Guard, async { Ok::<_, Failure>(generation.judge(facts, None).await) });
            black_box(judged.await).ok();
            times[1].push(start.elapsed());
        }
        for (times, side) in times.iter_mut().zip([&mut self.plain, &mut self.layered]) {
            times.sort();
            for (side, share) in side.iter_mut().zip([50, 99]) {
                side.push(times[CALLS * share / 100].as_nanos() as f64 / 1e3);
            }
        }
        let start = Instant::now();
        for _ in 0..LAYERS {
            black_box(metrics.observe("one-more", World::Guard, async { Ok::<_, Failure>(()) }).await).ok();
        }
        self.alone.push(start.elapsed().as_nanos() as f64 / LAYERS as f64);
    }

    fn print(&self, name: &str) {
        for (i, share) in ["p50", "p99"].into_iter().enumerate() {
            print(&format!("the default bundle's guards, {name}, {share}"), "us", &self.plain[i], None);
            let against = format!("without one more layer, {share}");
            print(&format!("the same with one more layer of metrics and span, {share}"), "us", &self.layered[i], Some((&against, &self.plain[i])));
        }
        let more: Vec<f64> = self.layered[0].iter().zip(&self.plain[0]).map(|(with, without)| (with - without) * 1e3).collect();
        print(&format!("metrics and span of a plugin, {name}, difference at p50"), "ns", &more, None);
        print(&format!("metrics and span of a plugin, {name}, around nothing"), "ns", &self.alone, None);
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let bundle = PathBuf::from(arguments.next().ok_or("arguments: BUNDLE ROUNDS")?);
    let rounds: usize = arguments.next().map_or(Ok(5), |text| text.to_string_lossy().parse())?;
    let (filter, change) = reload::Layer::new(EnvFilter::new(FILTERS[0].1));
    tracing_subscriber::registry().with(filter).with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).init();

    // Nothing is remembered: every judgement runs its components.
    let engine = Engine::new(EngineOptions { remember: 0, ..EngineOptions::default() })?;
    let live = Live::open(engine, bundle, Grants::default()).await?;
    let (generation, facts, metrics) = (live.current(), facts(), PluginMetrics::default());
    let mut sides: [Side; 2] = Default::default();
    // The first round warms everything up and does not count.
    for round in 0..=rounds {
        for (side, (_, directives)) in sides.iter_mut().zip(FILTERS) {
            change.reload(EnvFilter::new(directives))?;
            match round {
                0 => Side::default().round(&generation, &facts, &metrics).await,
                _ => side.round(&generation, &facts, &metrics).await,
            }
        }
    }
    for (side, (name, _)) in sides.iter().zip(FILTERS) {
        side.print(name);
    }
    Ok(())
}

fn print(figure: &str, unit: &str, rounds: &[f64], against: Option<(&str, &[f64])>) {
    let round = |value: f64| (value * 1e3).round() / 1e3;
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let values = sorted(rounds.to_vec());
    let ratio = against.map(|(_, others)| {
        let ratios = sorted(rounds.iter().zip(others).map(|(own, other)| own / other).collect());
        round(ratios[ratios.len() / 2])
    });
    let line = serde_json::json!({
        "bench": "span", "figure": figure, "value": round(values[values.len() / 2]), "unit": unit,
        "spread": [round(values[0]), round(values[values.len() - 1])], "against": against.map(|(name, _)| name), "ratio": ratio,
    });
    println!("{line}");
}
