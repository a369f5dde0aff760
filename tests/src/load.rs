//! An open load: requests are due at fixed times on many connections, and a request's latency counts from when it was due.

pub mod figures;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Gateway;

/// From the start of a load to its first request: the connections are made meanwhile.
const SET_UP: Duration = Duration::from_millis(200);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path behind the connection.
    pub path: String,
    /// JSON, or nothing.
    pub body: &'static str,
}

impl Ask {
    /// A read.
    #[must_use]
    pub fn get(path: String) -> Self {
        Self { method: "GET", path, body: "" }
    }
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Which one it was, from zero.
    pub nth: u32,
    /// When it was due, since the load began.
    pub due: Duration,
    /// Which turn it fell in.
    pub turn: usize,
    /// How late the client itself was in sending it.
    pub lateness: Duration,
    /// From when it was due to the end of its answer.
    pub latency: Duration,
    /// Its status code; zero when there was none.
    pub status: u16,
    /// The body of a refusal, or why there was no answer.
    pub refusal: String,
    /// The id of its record.
    pub record: String,
}

/// A load that runs until it is stopped.
pub struct Load {
    over: Arc<AtomicBool>,
    turn: Arc<AtomicUsize>,
    taken: Arc<Mutex<Vec<Answer>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts it: `rate` requests a second, by somebody, on so many connections. A connection has one request in flight at most, so the more there are,
    /// the fewer others wait for one that is late.
    ///
    /// # Panics
    /// When there is no such identity.
    #[must_use]
    pub fn start(gateway: &Gateway, who: &str, rate: u32, connections: u32, ask: impl Fn(u32) -> Ask + Send + Sync + 'static) -> Self {
        let load = Self { over: Arc::default(), turn: Arc::default(), taken: Arc::default(), threads: Vec::new() };
        let ask = Arc::new(ask);
        let begun = Instant::now() + SET_UP;
        let threads = (0..connections).map(|number| {
            let (client, token) = (gateway.client(), format!("Bearer {}", gateway.token(who)));
            let prefix = gateway.path("");
            let (over, turn, taken, ask) = (load.over.clone(), load.turn.clone(), load.taken.clone(), ask.clone());
            thread::spawn(move || {
                let mut connection = client.connect().ok();
                for nth in (number..).step_by(connections as usize) {
                    let due = Duration::from_secs(1) * nth / rate;
                    thread::sleep((begun + due).saturating_duration_since(Instant::now()));
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let Ask { method, path, body } = ask(nth);
                    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
                    let headers = if body.is_empty() { &headers[..1] } else { &headers };
                    let lateness = begun.elapsed().saturating_sub(due);
                    let exchanged = match connection.as_mut() {
                        Some(open) => open.exchange(method, &format!("{prefix}{path}"), headers, body.as_bytes()),
                        None => Err(std::io::ErrorKind::NotConnected.into()),
                    };
                    let latency = begun.elapsed().saturating_sub(due);
                    if exchanged.as_ref().map_or(true, |response| response.header("connection") == Some("close")) {
                        connection = client.connect().ok();
                    }
                    let (status, refusal, record) = match exchanged {
                        Ok(response) if response.status < 300 => (response.status, String::new(), response.record()),
                        Ok(response) => (response.status, response.text(), response.record()),
                        Err(error) => (0, error.to_string(), String::new()),
                    };
                    let answer = Answer { nth, due, turn: turn.load(Ordering::Relaxed), lateness, latency, status, refusal, record };
                    taken.lock().expect("no client panics").push(answer);
                }
            })
        });
        let threads = threads.collect();
        Self { threads, ..load }
    }

    /// What is answered in this time.
    #[must_use]
    pub fn for_a(&self, time: Duration) -> Vec<Answer> {
        self.take();
        thread::sleep(time);
        self.take()
    }

    /// What was answered since the last time.
    pub fn take(&self) -> Vec<Answer> {
        self.turn.fetch_add(1, Ordering::Relaxed);
        std::mem::take(&mut self.taken.lock().expect("no client panics"))
    }

    /// Ends it, and gives what was answered since the last time.
    #[must_use]
    pub fn stop(mut self) -> Vec<Answer> {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("no client panics");
        }
        self.take()
    }
}
