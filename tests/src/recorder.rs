//! An HTTP server that keeps what it is sent, and answers as a test tells it to: for what talks to the outside.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A request, whole.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `POST`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Seen {
    /// The first header of a name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// The server, on a free port of loopback, for as long as the test process.
pub struct Recorder {
    /// `http://127.0.0.1:PORT`.
    pub origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
}

impl Recorder {
    /// Starts one that answers 200 with a body; see [`Recorder::answer`].
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start(usual: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (seen, answers) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<Mutex<VecDeque<(u16, String)>>>::default());
        let (keep, take, usual) = (seen.clone(), answers.clone(), usual.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (keep, take, usual) = (keep.clone(), take.clone(), usual.clone());
                thread::spawn(move || serve(stream, &keep, &take, &usual));
            }
        });
        Self { origin, seen, answers }
    }

    /// Answers the next request, and one more for each further call, in this way.
    ///
    /// # Panics
    /// When a handler has panicked.
    pub fn answer(&self, status: u16, body: &str) {
        self.answers.lock().expect("no handler panics").push_back((status, body.to_owned()));
    }

    /// What came so far.
    ///
    /// # Panics
    /// When a handler has panicked.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no handler panics").clone()
    }
}

fn serve(mut stream: TcpStream, keep: &Mutex<Vec<Seen>>, answers: &Mutex<VecDeque<(u16, String)>>, usual: &str) {
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    let seen = Seen { method: first.next().unwrap_or_default(), target: first.next().unwrap_or_default(), headers, body };
    if let Ok(mut all) = keep.lock() {
        all.push(seen);
    }
    let (status, body) = answers.lock().ok().and_then(|mut all| all.pop_front()).unwrap_or_else(|| (200, usual.to_owned()));
    write!(stream, "HTTP/1.1 {status} as told\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).ok();
}
