//! An open load: requests are due at fixed times on many connections.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portcullis_tests::Gateway;

/// Connections: each has a request in flight at most, so that one that is late delays few others.
const CONNECTIONS: u32 = 64;

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// When it was due, since the load began.
    pub due: Duration,
    /// Which turn it fell in.
    pub turn: usize,
    /// From when it was due to the end of its answer.
    pub latency: Duration,
    /// Its status code; zero when there was none.
    pub status: u16,
}

#[derive(Default)]
struct Taken {
    answers: Vec<Answer>,
    ids: Vec<String>,
}

/// A load that runs until it is stopped.
pub struct Load {
    over: Arc<AtomicBool>,
    turn: Arc<AtomicUsize>,
    taken: Arc<Mutex<Taken>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts it: `rate` requests a second.
    pub fn start(gateway: &Gateway, rate: u32) -> Self {
        let load = Self { over: Arc::default(), turn: Arc::default(), taken: Arc::default(), threads: Vec::new() };
        let begun = Instant::now() + Duration::from_millis(100);
        let threads = (0..CONNECTIONS).map(|number| {
            let client = gateway.client();
            let token = format!("Bearer {}", gateway.token("devin"));
            let path = gateway.path("/api/v1/namespaces/shop/configmaps");
            let (over, turn, taken) = (load.over.clone(), load.turn.clone(), load.taken.clone());
            thread::spawn(move || {
                let mut connection = client.connect().ok();
                for nth in (number..).step_by(CONNECTIONS as usize) {
                    let due = Duration::from_secs(1) * nth / rate;
                    thread::sleep((begun + due).saturating_duration_since(Instant::now()));
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    // One in two asks what was asked before, so that both fresh and remembered verdicts are under way.
                    let path = if nth % 2 == 0 { path.clone() } else { format!("{path}?labelSelector=app%3Dx{nth}") };
                    let exchanged = match &mut connection {
                        Some(open) => open.exchange("GET", &path, &[("authorization", &token)], b""),
                        None => Err(std::io::ErrorKind::NotConnected.into()),
                    };
                    let latency = begun.elapsed().saturating_sub(due);
                    let status = exchanged.as_ref().map_or(0, |response| response.status);
                    if status != 200 {
                        eprintln!("a request failed: {:?}", exchanged.as_ref().map(portcullis_tests::https::Response::text));
                    }
                    if exchanged.is_err() {
                        connection = client.connect().ok();
                    }
                    let mut taken = taken.lock().expect("no client panics");
                    taken.answers.push(Answer { due, turn: turn.load(Ordering::Relaxed), latency, status });
                    taken.ids.extend(exchanged.ok().map(|response| response.record()));
                }
            })
        });
        let threads = threads.collect();
        Self { threads, ..load }
    }

    /// What is answered in this time.
    pub fn for_a(&self, time: Duration) -> Vec<Answer> {
        self.take();
        thread::sleep(time);
        self.take()
    }

    /// What was answered since the last time.
    pub fn take(&self) -> Vec<Answer> {
        self.turn.fetch_add(1, Ordering::Relaxed);
        std::mem::take(&mut self.taken.lock().expect("no client panics").answers)
    }

    /// Ends it; gives the records' ids of all that was answered.
    pub fn stop(mut self) -> Vec<String> {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("no client panics");
        }
        std::mem::take(&mut self.taken.lock().expect("no client panics").ids)
    }
}
