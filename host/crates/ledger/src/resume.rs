//! Where a restart resumes: the Merkle tree at the beginning of each segment.
//!
//! A file beside the segments, `resume.json`, holds the tree's roots for the newest segment together with a signed
//! checkpoint of them, so a start reads one segment and trusts nothing that is not signed. Lost or changed,
//! it costs a start that reads everything.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checkpoint;
use crate::line::{Cursor, lower_hex};
use crate::log::{Boundary, Open};
use crate::merkle::CompactRange;
use crate::note::PublicKey;

const FILE: &str = "resume.json";

#[derive(Serialize, Deserialize)]
struct Resume {
    size: u64,
    head: String,
    at: i64,
    roots: Vec<String>,
    open: HashMap<String, Open>,
    note: String,
}

/// Keeps a boundary, in place of the one before.
pub(crate) fn keep(directory: &Path, boundary: &Boundary, note: &str) -> io::Result<()> {
    let resume = Resume {
        size: boundary.tree.size(),
        head: hex::encode(boundary.cursor.head),
        at: boundary.cursor.at,
        roots: boundary.tree.roots().iter().map(hex::encode).collect(),
        open: boundary.open.clone(),
        note: note.to_owned(),
    };
    crate::note::write_new(&directory.join(FILE), &serde_json::to_vec(&resume)?, 0o600)
}

/// The kept boundary, when it is signed and begins one of the segments.
pub(crate) fn load(directory: &Path, key: &PublicKey, segments: &[u64]) -> Option<Boundary> {
    let resume: Resume = serde_json::from_slice(&std::fs::read(directory.join(FILE)).ok()?).ok()?;
    let roots = resume.roots.iter().map(|root| lower_hex(root.as_bytes())).collect::<Option<Vec<_>>>()?;
    let tree = CompactRange::from_parts(resume.size, roots)?;
    let signed = checkpoint::parse_one(&resume.note, key).ok()?;
    let cursor = Cursor { next: resume.size, head: lower_hex(resume.head.as_bytes())?, at: resume.at };
    let fits = signed.size == tree.size() && signed.root == tree.root() && segments.contains(&resume.size);
    fits.then_some(Boundary { cursor, tree, open: resume.open })
}
