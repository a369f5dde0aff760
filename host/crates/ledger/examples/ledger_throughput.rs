//! How many records a second, written and durable: `cargo run --release -p ledger --example ledger_throughput [FOLDER]`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::{Bodies, Body, By, Command, Decision, Durability, Filter, Identity, Kind, Ledger, Options, Phase, Record, Request, Response, Upstream, new_id};

/// How long each figure is measured.
const PERIOD: Duration = Duration::from_secs(2);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A record as a small GET through four plugins makes it: about a kilobyte.
fn record(identity: &Arc<Identity>, by: &[By]) -> Record {
    let mut record = Record::new(new_id(), Kind::Request, Phase::Complete);
    record.connection = Some("demo".into());
    record.session = Some("0199a1b2-1111-7000-8000-000000000000".into());
    record.identity = Some(identity.clone());
    record.request = Some(Request {
        verb: "get".into(),
        version: "v1".into(),
        resource: "pods".into(),
        namespace: Some("shop".into()),
        name: Some("web-5d9c7b".into()),
        path: "/api/v1/namespaces/shop/pods/web-5d9c7b".into(),
        hash: format!("sha256:{}", "ab".repeat(32)),
        ..Request::default()
    });
    record.command = Some(Command { rendered: "kubectl get pod web-5d9c7b -n shop".into(), claimed: Some("kubectl get".into()), claimed_session: None });
    record.decision = Some(Decision::Allow);
    record.generation = Some(12);
    record.by = by.to_vec();
    record.upstream = Some(Upstream { status: Some(200) });
    record.response = Some(Response { status: Some(200), ..Response::default() });
    record
}

async fn measure(folder: &std::path::Path, durability: Durability, tasks: usize, body: usize) -> Result<(), Failure> {
    let ledger = Ledger::open(folder, Options::default())?;
    let identity = Arc::new(Identity {
        issuer: "https://issuer.example".into(),
        subject: "devin".into(),
        kind: "agent".into(),
        sponsor: Some("bob".into()),
        groups: vec!["agents".into()],
    });
    let by: Arc<Vec<By>> = Arc::new(
        ["deny-list", "approval-routing"]
            .map(|plugin| By {
                plugin: plugin.into(),
                component: format!("sha256:{}", "cd".repeat(32)).into(),
                configuration: format!("sha256:{}", "ef".repeat(32)).into(),
                verdict: "no-opinion".into(),
                rule: None,
                microseconds: 9,
                remembered: false,
                mode: None,
                canary: None,
            })
            .to_vec(),
    );
    let (began, used) = (Instant::now(), processor_seconds());
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let (ledger, identity, by) = (ledger.clone(), identity.clone(), by.clone());
            tokio::spawn(async move {
                let mut count = 0u64;
                let mut content = vec![b'x'; body];
                while began.elapsed() < PERIOD {
                    let bodies = if body == 0 {
                        Bodies::NONE
                    } else {
                        // Different each time, so nothing is spared by equal bodies.
                        content[..8].copy_from_slice(format!("{task:02}{count:06x}").as_bytes().get(..8).unwrap_or(b"00000000"));
                        Bodies { response: Some(Body::Bytes(&content)), ..Bodies::NONE }
                    };
                    ledger.append(record(&identity, &by), bodies, durability).await?;
                    count += 1;
                }
                Ok::<u64, Failure>(count)
            })
        })
        .collect();
    let mut count = 0;
    for task in running {
        count += task.await??;
    }
    let seconds = began.elapsed().as_secs_f64();
    let used = processor_seconds() - used;
    println!(
        "{durability:?}, {tasks:3} tasks, body of {body:4} bytes: {:7.0} records/s, {:6.2} µs of processor each, {:.2} processors",
        count as f64 / seconds,
        used * 1e6 / count as f64,
        used / seconds,
    );
    if durability == Durability::Written && tasks == 1 && body == 0 {
        reading(ledger, folder)?;
    }
    Ok(())
}

/// How long a start, a query and the proof take on what was just written.
fn reading(ledger: Ledger, folder: &std::path::Path) -> Result<(), Failure> {
    let key = ledger.public_key();
    drop(ledger);
    let began = Instant::now();
    let ledger = Ledger::open(folder, Options::default())?;
    println!("  a start: {:?}", began.elapsed());
    let began = Instant::now();
    let found = ledger.reader().query(Filter { session: Some("nobody".into()), ..Filter::default() })?.count();
    println!("  a query that finds {found}: {:?}", began.elapsed());
    let began = Instant::now();
    let newest = ledger.reader().latest(&Filter { limit: Some(50), ..Filter::default() })?.len();
    println!("  the newest {newest}: {:?}", began.elapsed());
    drop(ledger);
    let began = Instant::now();
    println!("  {}: {:?}", ledger::verify(folder, &key, &[]), began.elapsed());
    Ok(())
}

/// What this process has used so far (proc(5): user and system time in hundredths of a second). On a machine that
/// does other things too, it says more than the clock.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let root = std::env::args_os().nth(1).map_or(scratch.path().to_owned(), Into::into);
    for (number, (durability, tasks, body)) in [
        (Durability::Written, 1, 0),
        (Durability::Written, 16, 0),
        (Durability::Written, 1, 1500),
        (Durability::Written, 1, 8000),
        (Durability::Durable, 1, 0),
        (Durability::Durable, 16, 0),
        (Durability::Durable, 256, 0),
    ]
    .into_iter()
    .enumerate()
    {
        measure(&root.join(format!("run-{number}-{}", std::process::id())), durability, tasks, body).await?;
    }
    Ok(())
}
