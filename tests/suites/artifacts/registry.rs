//! A registry of its own for each test, on a free port, over a folder that a test can look into.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portcullis_tests::process::{self, Watchdog, end};
use portcullis_tests::{places, until};
use serde_json::Value;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// cosign, in a folder with its keys.
pub fn cosign(home: &Path, arguments: &[&str]) -> process::Output {
    let mut command = Command::new(program("cosign"));
    command.args(arguments).env("COSIGN_PASSWORD", "").env("HOME", home).current_dir(home);
    process::run(&mut command, b"", Duration::from_secs(60))
}

/// `registry`, `referrers` or `cosign`.
pub fn program(name: &str) -> PathBuf {
    let path = places::workspace().join("target/tools/artifacts").join(name);
    assert!(path.is_file(), "{} is missing; `cargo xtask test` makes it", path.display());
    path
}

pub struct Registry {
    folder: tempfile::TempDir,
    port: u16,
    process: Option<(Child, Watchdog)>,
    /// It lists by itself what refers to a manifest, and keeps everything in memory.
    lists: bool,
}

impl Registry {
    pub fn start() -> Registry {
        Self::with("")
    }

    /// One that lets in only who says this name and password.
    pub fn start_for(name: &str, password: &str) -> Registry {
        assert_eq!((name, password), ("devin", "sesame"), "the hash below is of these");
        // bcrypt with few rounds: what it protects is this test.
        Self::with("devin:$2b$05$8XWKm9lUSiKZn1N.QS36Iec6IwQbkjhimTxmowMHsrSMjTeyN.Q0u\n")
    }

    /// One that lists what refers to a manifest (OCI distribution spec 1.1), so that nobody has to keep a tag for it.
    pub fn start_listing() -> Registry {
        let mut registry = Registry { folder: places::folder(), port: places::free_port(), process: None, lists: true };
        registry.come_back();
        registry
    }

    fn with(passwords: &str) -> Registry {
        let folder = places::folder();
        let port = places::free_port();
        let data = folder.path().join("data");
        let mut config = format!(
            "version: 0.1\nlog: {{ level: warn }}\nstorage:\n  filesystem: {{ rootdirectory: {} }}\n  delete: {{ enabled: true }}\nhttp: {{ addr: '127.0.0.1:{port}' }}\n",
            data.display()
        );
        if !passwords.is_empty() {
            fs::write(folder.path().join("passwords"), passwords).expect("it can be written");
            config += &format!("auth:\n  htpasswd: {{ realm: test, path: {} }}\n", folder.path().join("passwords").display());
        }
        fs::write(folder.path().join("config.yaml"), config).expect("it can be written");
        let mut registry = Registry { folder, port, process: None, lists: false };
        registry.come_back();
        registry
    }

    /// Ends it; its port stays its own as long as nobody takes it.
    pub fn go_away(&mut self) {
        if let Some((mut child, watchdog)) = self.process.take() {
            drop(watchdog);
            end(&mut child);
        }
    }

    pub fn come_back(&mut self) {
        let log = File::create(self.folder.path().join("log")).expect("it can be written");
        let mut command = Command::new(program(if self.lists { "referrers" } else { "registry" }));
        match self.lists {
            true => command.arg(self.host()),
            false => command.arg("serve").arg(self.folder.path().join("config.yaml")).env("OTEL_TRACES_EXPORTER", "none"),
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("the registry runs");
        let watchdog = Watchdog::over(child.id(), self.folder.path());
        self.process = Some((child, watchdog));
        until(Duration::from_secs(30), "for the registry to listen", || TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn reference(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.host())
    }

    pub fn get_manifest(&self, repository: &str, tag: &str) -> Value {
        let body = self.http("GET", &format!("/v2/{repository}/manifests/{tag}"), &format!("Accept: {MANIFEST}\r\n"), "");
        serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"))
    }

    /// The digest that a tag stands for.
    pub fn digest(&self, repository: &str, tag: &str) -> String {
        let body = self.http("GET", &format!("/v2/{repository}/manifests/{tag}"), &format!("Accept: {MANIFEST}\r\n"), "");
        let hex: String = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }

    pub fn tags(&self, repository: &str) -> Vec<String> {
        let body: Value = serde_json::from_str(&self.http("GET", &format!("/v2/{repository}/tags/list"), "", "")).expect("JSON");
        body["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub fn put_manifest(&self, repository: &str, tag: &str, manifest: &Value) {
        self.http("PUT", &format!("/v2/{repository}/manifests/{tag}"), &format!("Content-Type: {MANIFEST}\r\n"), &manifest.to_string());
    }

    /// A blob as it lies on the registry's disk.
    pub fn blob(&self, digest: &str) -> Vec<u8> {
        fs::read(self.blob_file(digest)).expect("the blob is there")
    }

    /// Changes it there, as a broken disk or a thief would.
    pub fn put_blob(&self, digest: &str, bytes: &[u8]) {
        fs::write(self.blob_file(digest), bytes).expect("it can be written");
    }

    fn blob_file(&self, digest: &str) -> PathBuf {
        let hex = digest.trim_start_matches("sha256:");
        self.folder.path().join(Path::new("data/docker/registry/v2/blobs/sha256")).join(&hex[..2]).join(hex).join("data")
    }

    fn http(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the registry is there");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("it can be set");
        let head = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n", self.host(), body.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.0 2") || head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        body.to_owned()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.go_away();
    }
}
