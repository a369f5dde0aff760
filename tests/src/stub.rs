//! An API server that answers what a test tells it to, for what a real one never does.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is done with one connection once a request's head has come.
type Answer = Arc<dyn Fn(&mut TcpStream) + Send + Sync>;

/// A server on a free port, over plain HTTP/1.1, one request for each connection.
pub struct Stub {
    port: u16,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// Starts one that knows nothing: everything is an empty list.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let answers: Arc<Mutex<HashMap<String, Answer>>> = Arc::default();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let (known, seen) = (answers.clone(), heads.clone());
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (known, seen) = (known.clone(), seen.clone());
                thread::spawn(move || serve(stream, &known, &seen));
            }
        });
        Self { port, answers, heads }
    }

    /// Writes these bytes, head and all, to whoever asks for a path, and closes.
    pub fn answers(&self, path: &str, bytes: Vec<u8>) {
        self.does(path, move |stream| {
            stream.write_all(&bytes).ok();
        });
    }

    /// Does this with the connection of whoever asks for a path, and closes it then.
    ///
    /// # Panics
    /// When a handler has panicked.
    pub fn does(&self, path: &str, answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) {
        self.answers.lock().expect("no handler panics").insert(path.to_owned(), Arc::new(answer));
    }

    /// The heads of the requests for a path, in order, as they came.
    ///
    /// # Panics
    /// When a handler has panicked.
    #[must_use]
    pub fn heads(&self, path: &str) -> Vec<String> {
        let heads = self.heads.lock().expect("no handler panics");
        heads.iter().filter(|head| head.split(' ').nth(1).is_some_and(|target| target.split('?').next() == Some(path))).cloned().collect()
    }

    /// A kubeconfig for it in a folder.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn kubeconfig(&self, folder: &Path) -> PathBuf {
        let file = folder.join("stub.kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{ name: c, cluster: {{ server: \"http://127.0.0.1:{}\" }} }}]\n\
             contexts: [{{ name: c, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {{ token: the-gateways-own }} }}]\n",
            self.port
        );
        fs::write(&file, text).expect("the folder can be written");
        file
    }
}

/// A head and a body of known length.
#[must_use]
pub fn response(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut bytes = format!("HTTP/1.1 {status}\r\n{fields}content-length: {}\r\nconnection: close\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn serve(mut stream: TcpStream, known: &Mutex<HashMap<String, Answer>>, seen: &Mutex<Vec<String>>) {
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
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    let path = head.split(' ').nth(1).and_then(|target| target.split('?').next()).unwrap_or_default().to_owned();
    let answer = known.lock().ok().and_then(|known| known.get(&path).cloned());
    if let Ok(mut seen) = seen.lock() {
        seen.push(head);
    }
    match answer {
        Some(answer) => answer(&mut stream),
        None => {
            let empty = response("200 OK", &[("content-type", "application/json")], br#"{"kind":"List","apiVersion":"v1","items":[]}"#);
            stream.write_all(&empty).ok();
        }
    }
}
