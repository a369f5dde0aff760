//! Large answers: written to a file for an upstream, and read through a gateway.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use super::{gateway, place};

/// The value of one Secret: etcd takes 1.5 MiB, people keep certificates.
const VALUE: usize = 12_000;
/// The characters of base64.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Reads an answer to its end: how many bytes it had.
pub fn get(gateway: &gateway::Gateway, path: &str) -> Result<usize> {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--fail-with-body", "--insecure", "--output", "/dev/null", "--write-out", "%{size_download}"])
        .args(["--header", &format!("Authorization: Bearer {}", gateway.token)])
        .arg(format!("{}{path}", gateway.url))
        .stdin(Stdio::null());
    Ok(place::output(&mut command)?.trim().parse()?)
}

/// A SecretList of about so many bytes, with values of a common size, no two alike. Gives its exact size.
pub fn write_secrets(file: &Path, bytes: usize) -> Result<usize> {
    let mut out = Counted { file: BufWriter::new(File::create(file)?), written: 0 };
    let mut random = Random::new();
    out.put(br#"{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":["#)?;
    let mut value = vec![0; VALUE];
    for number in 0..bytes / (VALUE + 250) {
        random.fill(&mut value);
        let separator = if number == 0 { "" } else { "," };
        out.put(
            format!(
                "{separator}{{\"metadata\":{{\"name\":\"secret-{number}\",\"namespace\":\"default\",\"uid\":\"00000000-0000-0000-0000-{number:012}\",\
                 \"resourceVersion\":\"{number}\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"}},\"data\":{{\"value\":\""
            )
            .as_bytes(),
        )?;
        out.put(&value)?;
        out.put(b"\"},\"type\":\"Opaque\"}")?;
    }
    out.put(b"]}")?;
    out.end()
}

/// The events of a watch of pods, one after the other as they would come over days; each pod has a variable to mask.
/// Gives the size in bytes.
pub fn write_events(file: &Path, count: usize) -> Result<usize> {
    let mut out = Counted { file: BufWriter::new(File::create(file)?), written: 0 };
    let mut random = Random::new();
    let mut value = [0; 32];
    for number in 0..count {
        random.fill(&mut value);
        let secret = String::from_utf8_lossy(&value);
        out.put(
            format!(
                "{{\"type\":\"MODIFIED\",\"object\":{{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"web-{}\",\"namespace\":\"default\",\
                 \"uid\":\"00000000-0000-0000-0000-{:012}\",\"resourceVersion\":\"{number}\",\"labels\":{{\"app\":\"web\"}}}},\
                 \"spec\":{{\"containers\":[{{\"name\":\"web\",\"image\":\"registry.example.com/web:1\",\
                 \"env\":[{{\"name\":\"DB_PASSWORD\",\"value\":\"{secret}\"}},{{\"name\":\"LEVEL\",\"value\":\"info\"}}]}}]}},\
                 \"status\":{{\"phase\":\"Running\",\"conditions\":[{{\"type\":\"Ready\",\"status\":\"True\"}}]}}}}}}\n",
                number % 500,
                number % 500,
            )
            .as_bytes(),
        )?;
    }
    out.end()
}

struct Counted {
    file: BufWriter<File>,
    written: usize,
}

impl Counted {
    fn put(&mut self, text: &[u8]) -> Result<()> {
        self.written += text.len();
        Ok(self.file.write_all(text)?)
    }

    fn end(mut self) -> Result<usize> {
        self.file.flush()?;
        Ok(self.written)
    }
}

/// xorshift64: no two values are alike, and they do not compress.
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    fn fill(&mut self, text: &mut [u8]) {
        for place in text {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            *place = ALPHABET[(self.0 >> 40) as usize % 64];
        }
    }
}
