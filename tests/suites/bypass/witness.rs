//! What reached the cluster: the API server's own audit log, read from where it ended before.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The gateway's own user on the cluster.
const GATEWAY: &str = "gateway";

/// Reads the log as it grows. An event is in the file before its request is answered, so nothing needs waiting for.
pub struct Witness {
    log: PathBuf,
    at: u64,
}

/// A request that the API server saw.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `verb /path?query`.
    pub what: String,
    /// The body as the API server read it.
    pub body: Value,
}

impl Witness {
    /// From now on.
    pub fn of(log: &Path) -> Self {
        let mut witness = Self { log: log.to_owned(), at: 0 };
        witness.news();
        witness
    }

    /// What came from the gateway since the last call. A request that streams is there twice, when it begins and
    /// when it ends, and told once.
    pub fn news(&mut self) -> Vec<Seen> {
        let mut file = File::open(&self.log).expect("there is an audit log");
        file.seek(SeekFrom::Start(self.at)).expect("it has not become shorter");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("it is text");
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.at += whole as u64;
        let events = text[..whole].lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut seen: Vec<(String, Seen)> = Vec::new();
        for event in events.filter(|event| event["user"]["username"] == GATEWAY) {
            let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
            let id = text("auditID");
            if !seen.iter().any(|(other, _)| *other == id) {
                let what = format!("{} {}", text("verb"), text("requestURI"));
                seen.push((id, Seen { what, body: event["requestObject"].clone() }));
            }
        }
        seen.into_iter().map(|(_, seen)| seen).collect()
    }
}
