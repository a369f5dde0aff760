//! Bodies and frames of an entry.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use memchr::memmem::Finder;

use super::Reader;
use super::entry::Entry;
use super::lines::Lines;
use super::scan::Scan;
use crate::body::{Blob, Inline, blob_path, decode};
use crate::error::ReadError;
use crate::ledger::parse_name;
use crate::line::{self, Content};
use crate::merkle::{Hash, sha256};
use crate::record::{Frame, Phase};
use crate::segment;

/// Where the bodies of one segment are.
pub(crate) struct Index {
    first: u64,
    /// Up to where the segment is indexed.
    length: u64,
    offsets: HashMap<Hash, u64>,
}

/// One entry with its bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The entry.
    pub entry: Entry,
    /// What the client sent.
    pub request_body: Option<Vec<u8>>,
    /// What the client was given; the frames of a stream put together.
    pub response_body: Option<Vec<u8>>,
    /// Whether a body was longer than asked for.
    pub cut: bool,
    /// Whether the request's was.
    pub request_cut: bool,
}

/// What the client was given.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Output {
    /// Nothing that is recorded.
    Nothing,
    /// A body. Reading it to the end fails when its content is not what the hash says.
    Body(Box<dyn Read + Send>),
    /// A stream's frames.
    Frames(Frames),
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Output::Nothing => "Nothing",
            Output::Body(_) => "Body",
            Output::Frames(_) => "Frames",
        })
    }
}

/// Some bytes of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Since the stream began.
    pub offset: Duration,
    /// Which way.
    pub channel: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The frames of one stream, in order.
pub struct Frames {
    scan: Scan,
    id: String,
    needle: Finder<'static>,
    left: u64,
}

impl Iterator for Frames {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let step = self.step().transpose();
        self.left = if matches!(step, Some(Ok(_))) { self.left - 1 } else { 0 };
        step
    }
}

impl Frames {
    fn step(&mut self) -> Result<Option<Chunk>, ReadError> {
        while let Some(item) = self.scan.next()? {
            if item.line.content != Content::Record || self.needle.find(item.line.payload).is_none() {
                continue;
            }
            let record = item.record()?;
            if record.id == self.id
                && record.phase == Phase::Frame
                && let Some(frame) = record.frame
            {
                return chunk(frame).map(Some);
            }
        }
        Ok(None)
    }
}

fn chunk(frame: Frame) -> Result<Chunk, ReadError> {
    let wrong = || ReadError::Body { hash: "of a frame".to_owned(), what: "cannot be decoded" };
    let bytes = decode(frame.text, frame.zstd.as_deref(), frame.bytes).ok_or_else(wrong)?;
    Ok(Chunk { offset: Duration::from_micros(frame.microseconds), channel: frame.channel, bytes })
}

pub(crate) fn output(reader: &Reader, entry: &Entry) -> Result<Output, ReadError> {
    if let Some(hash) = entry.response.as_ref().and_then(|response| response.body.as_deref()) {
        return Ok(Output::Body(open(reader, entry.response_position, hash)?));
    }
    if entry.frames > 0 {
        let needle = Finder::new(&format!("\"id\":\"{}\"", entry.id)).into_owned();
        let scan = reader.scan(reader.segments_from(entry.position)?);
        return Ok(Output::Frames(Frames { scan, id: entry.id.clone(), needle, left: entry.frames }));
    }
    Ok(Output::Nothing)
}

pub(crate) fn request_body(reader: &Reader, entry: &Entry) -> Result<Option<Box<dyn Read + Send>>, ReadError> {
    let hash = entry.request.as_ref().and_then(|request| request.body.as_deref());
    hash.map(|hash| open(reader, entry.position, hash)).transpose()
}

pub(crate) fn show(reader: &Reader, entry: Entry, body_max: u64) -> Result<Shown, ReadError> {
    let read = |from: Box<dyn Read + Send>, hash: &str| -> Result<(Vec<u8>, bool), ReadError> {
        let mut bytes = Vec::new();
        // One byte more tells whether there is more, and reaches the end of a body that fits exactly.
        let result = from.take(body_max.saturating_add(1)).read_to_end(&mut bytes);
        result.map_err(|_| ReadError::Body { hash: hash.to_owned(), what: "is not what it was" })?;
        let cut = bytes.len() as u64 > body_max;
        if cut {
            bytes.truncate(usize::try_from(body_max).unwrap_or(usize::MAX));
        }
        Ok((bytes, cut))
    };
    let (request_body, request_cut) = request_body(reader, &entry)?.map(|body| read(body, "of the request")).transpose()?.unzip();
    let (response_body, response_cut) = match output(reader, &entry)? {
        Output::Nothing => None,
        Output::Body(body) => Some(read(body, "of the response")?),
        Output::Frames(frames) => Some(read(Box::new(Joined { frames, chunk: io::Cursor::new(Vec::new()) }), "of a frame")?),
    }
    .unzip();
    let request_cut = request_cut == Some(true);
    let cut = request_cut || response_cut == Some(true);
    Ok(Shown { entry, request_body, response_body, cut, request_cut })
}

/// Frames one after the other; only what the client was given, not what it sent.
struct Joined {
    frames: Frames,
    chunk: io::Cursor<Vec<u8>>,
}

impl Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.chunk.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            match self.frames.next() {
                None => return Ok(0),
                Some(Err(error)) => return Err(io::Error::other(error)),
                Some(Ok(chunk)) if !crate::stream::is_given(&chunk.channel) => {}
                Some(Ok(chunk)) => self.chunk = io::Cursor::new(chunk.bytes),
            }
        }
    }
}

/// Opens a body by its hash, in the segment of the record that refers to it.
fn open(reader: &Reader, position: u64, hash: &str) -> Result<Box<dyn Read + Send>, ReadError> {
    let wrong = |what| ReadError::Body { hash: hash.to_owned(), what };
    let wanted = parse_name(hash).ok_or_else(|| wrong("has no name of a body"))?;
    let segment = reader.segments_from(position)?.into_iter().next().ok_or_else(|| wrong("is in no segment"))?;
    let path = segment::path(reader.directory(), segment.first);
    let file = |source| ReadError::File { path: path.clone(), source };

    let mut slot = reader.index.lock();
    let index = match &mut *slot {
        Some(index) if index.first == segment.first => index,
        slot => slot.insert(Index { first: segment.first, length: 0, offsets: HashMap::new() }),
    };
    if index.length < segment.length {
        let mut lines = Lines::open_at(&path, index.length, segment.length).map_err(file)?;
        let mut offset = index.length;
        while let Some(bytes) = lines.next().map_err(file)? {
            // The line itself is checked when it is used.
            if let Some(hash) = body_hash(bytes) {
                index.offsets.entry(hash).or_insert(offset);
            }
            offset += bytes.len() as u64 + 1;
        }
        index.length = offset;
    }
    let offset = *index.offsets.get(&wanted).ok_or_else(|| wrong("is missing from its segment"))?;
    drop(slot);

    let mut lines = Lines::open_at(&path, offset, segment.length).map_err(file)?;
    let bytes = lines.next().map_err(file)?.ok_or_else(|| wrong("is cut short"))?;
    let line = line::parse(bytes).map_err(|_| wrong("is in a line that was changed"))?;
    match line.content {
        Content::Body => {
            let inline: Inline = serde_json::from_slice(line.payload).map_err(|_| wrong("cannot be decoded"))?;
            let content = decode(inline.text, inline.zstd.as_deref(), inline.bytes).ok_or_else(|| wrong("cannot be decoded"))?;
            if sha256(&content) != wanted {
                return Err(wrong("is not what it was"));
            }
            Ok(Box::new(io::Cursor::new(content)))
        }
        Content::Blob => {
            let blob: Blob = serde_json::from_slice(line.payload).map_err(|_| wrong("cannot be decoded"))?;
            let file = File::open(reader.directory().join(blob_path(&blob.file))).map_err(|_| wrong("has no file"))?;
            Ok(Box::new(Checked::new(file, wanted).map_err(|_| wrong("cannot be decoded"))?))
        }
        Content::Record => Err(wrong("is a record")),
    }
}

/// The hash that a body or blob line is for; cheap, for the index.
fn body_hash(line: &[u8]) -> Option<Hash> {
    // `{"seq":…,"prev":"…","at":…,"body":{"hash":"sha256:…"`: before the name there are numbers and hex only.
    let head = &line[..line.len().min(160)];
    let name = [&br#","body":{"hash":"sha256:"#[..], &br#","blob":{"hash":"sha256:"#[..]];
    let at = name.iter().find_map(|name| Some(memchr::memmem::find(head, name)? + name.len()))?;
    crate::line::lower_hex(line.get(at..at + 64)?)
}

/// A blob's content, which must have the right hash at its end.
pub(crate) struct Checked {
    decoder: zstd::stream::read::Decoder<'static, io::BufReader<File>>,
    context: Option<Context>,
    wanted: Hash,
}

impl Checked {
    pub(crate) fn new(file: File, wanted: Hash) -> io::Result<Checked> {
        let mut decoder = zstd::stream::read::Decoder::new(file)?;
        // What the ledger writes needs no more; a file that asks for 128 MiB is not its own.
        decoder.window_log_max(crate::body::WINDOW_LOG)?;
        Ok(Checked { decoder, context: Some(Context::new(&SHA256)), wanted })
    }
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.decoder.read(buffer)?;
        if length > 0 {
            if let Some(context) = &mut self.context {
                context.update(&buffer[..length]);
            }
        } else if !buffer.is_empty()
            && let Some(context) = self.context.take()
            && context.finish().as_ref() != self.wanted
        {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the body is not what its hash says"));
        }
        Ok(length)
    }
}
