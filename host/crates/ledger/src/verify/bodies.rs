//! Bodies during the proof: those that are there are what they were, and those that are named are there.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde::Deserialize;

use super::Why;
use crate::body::{Blob, Inline, blob_path, decode};
use crate::ledger::parse_name;
use crate::line::{Content, Line};
use crate::merkle::{Hash, sha256};
use crate::read::bodies::Checked;

/// The bodies of one segment. Memory: 32 bytes for each, and a segment has a bounded number of lines.
pub(super) struct Bodies<'a> {
    directory: &'a Path,
    known: HashSet<Hash>,
}

pub(super) enum Failure {
    Wrong(Why),
    Unread(PathBuf, io::Error),
}

/// What of a record names bodies.
#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow, default)]
    request: Option<Name<'a>>,
    #[serde(borrow, default)]
    response: Option<Name<'a>>,
}

#[derive(Deserialize)]
struct Name<'a> {
    #[serde(borrow, default)]
    body: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> Bodies<'a> {
    pub(super) fn new(directory: &'a Path) -> Bodies<'a> {
        Bodies { directory, known: HashSet::new() }
    }

    pub(super) fn take(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        match line.content {
            Content::Record => self.named(line.payload),
            Content::Body => self.inline(line.payload),
            Content::Blob => self.blob(line.payload),
        }
    }

    fn named(&self, payload: &[u8]) -> Result<(), Failure> {
        let names: Names<'_> = serde_json::from_slice(payload).map_err(content)?;
        for hash in [names.request, names.response].into_iter().flatten().filter_map(|name| name.body) {
            if !parse_name(&hash).is_some_and(|hash| self.known.contains(&hash)) {
                return Err(Failure::Wrong(Why::BodyMissing(hash.into_owned())));
            }
        }
        Ok(())
    }

    fn inline(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let inline: Inline = serde_json::from_slice(payload).map_err(content)?;
        let bytes = decode(inline.text, inline.zstd.as_deref(), inline.bytes);
        let hash = parse_name(&inline.hash);
        match (bytes, hash) {
            (Some(bytes), Some(hash)) if sha256(&bytes) == hash => {
                self.known.insert(hash);
                Ok(())
            }
            _ => Err(Failure::Wrong(Why::BodyChanged(inline.hash))),
        }
    }

    fn blob(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let blob: Blob = serde_json::from_slice(payload).map_err(content)?;
        let changed = || Failure::Wrong(Why::BodyChanged(blob.hash.clone()));
        let content = parse_name(&blob.hash).ok_or_else(changed)?;
        let file_hash = crate::line::lower_hex(blob.file.as_bytes()).ok_or_else(changed)?;
        let path = self.directory.join(blob_path(&blob.file));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failure::Wrong(Why::BodyMissing(blob.hash))),
            Err(error) => return Err(Failure::Unread(path, error)),
        };
        let unread = |error| Failure::Unread(path.clone(), error);
        let (hash, size) = hash_file(file).map_err(unread)?;
        if hash != file_hash || size != blob.size {
            return Err(changed());
        }
        // The file is the one that was written; it must also be what it was said to be.
        let file = File::open(&path).map_err(unread)?;
        let limit = blob.bytes.saturating_add(1);
        let read = Checked::new(file, content).and_then(|content| io::copy(&mut content.take(limit), &mut io::sink()));
        if read.ok() != Some(blob.bytes) {
            return Err(changed());
        }
        self.known.insert(content);
        Ok(())
    }
}

fn content(error: serde_json::Error) -> Failure {
    Failure::Wrong(Why::Content(error.to_string()))
}

fn hash_file(mut file: File) -> io::Result<(Hash, u64)> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 128 * 1024];
    let mut size = 0;
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            let digest = context.finish();
            let mut hash = [0; 32];
            hash.copy_from_slice(digest.as_ref());
            return Ok((hash, size));
        }
        context.update(&buffer[..length]);
        size += length as u64;
    }
}
