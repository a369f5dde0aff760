//! Finding entries.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use memchr::memmem::Finder;

use super::Reader;
use super::entry::Entry;
use super::scan::{Item, Scan};
use crate::error::ReadError;
use crate::line::Content;
use crate::record::{Decision, Kind, Phase, Record};
use crate::segment::Segment;

/// How many entries [`Reader::latest`] gives when the filter does not say.
const LATEST: usize = 100;
/// Clocks of the gateway may step; an id's time and a line's time may disagree by this many microseconds.
const CLOCK_SLACK: i64 = 60_000_000;

/// Which entries are wanted: those that fit every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The entry's id.
    pub id: Option<String>,
    /// The session's id.
    pub session: Option<String>,
    /// The identity's subject.
    pub identity: Option<String>,
    /// The connection's name.
    pub connection: Option<String>,
    /// What it is about.
    pub kind: Option<Kind>,
    /// The verb.
    pub verb: Option<String>,
    /// The plural resource.
    pub resource: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The decision.
    pub decision: Option<Decision>,
    /// Began at this time or later.
    pub since: Option<Timestamp>,
    /// Began before this time.
    pub until: Option<Timestamp>,
    /// Found in a command, a path, a name or a message, whatever the case of ASCII letters. Bodies are not searched.
    pub text: Option<String>,
    /// No more entries than this.
    pub limit: Option<usize>,
}

impl Filter {
    /// Whether an entry fits.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        fn fits(wanted: &Option<String>, found: Option<&str>) -> bool {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        }
        let request = entry.request.as_ref();
        fits(&self.id, Some(&entry.id))
            && fits(&self.session, entry.session.as_deref())
            && fits(&self.identity, entry.identity.as_ref().map(|identity| identity.subject.as_str()))
            && fits(&self.connection, entry.connection.as_deref())
            && self.kind.is_none_or(|kind| kind == entry.kind)
            && fits(&self.verb, request.map(|request| request.verb.as_str()))
            && fits(&self.resource, request.map(|request| request.resource.as_str()))
            && fits(&self.namespace, request.and_then(|request| request.namespace.as_deref()))
            && self.decision.is_none_or(|decision| entry.decision == Some(decision))
            && self.since.is_none_or(|since| entry.time >= since)
            && self.until.is_none_or(|until| entry.time < until)
            && self.text.as_deref().is_none_or(|text| has_text(entry, text))
    }

    /// From when on lines have to be read.
    fn begin(&self) -> Option<i64> {
        let since = self.since.map(Timestamp::as_microsecond);
        // Ids are UUIDs of version 7: their time says where to look.
        let made = self.id.as_deref().and_then(|id| uuid::Uuid::parse_str(id).ok()).and_then(|id| id.get_timestamp());
        let made = made.and_then(|made| i64::try_from(made.to_unix().0).ok()?.checked_mul(1_000_000));
        since.max(made).map(|begin| begin - CLOCK_SLACK)
    }
}

fn has_text(entry: &Entry, text: &str) -> bool {
    let request = entry.request.as_ref();
    let identity = entry.identity.as_ref();
    let fields = [
        entry.command.as_ref().map(|command| command.rendered.as_str()),
        entry.command.as_ref().and_then(|command| command.claimed.as_deref()),
        request.map(|request| request.path.as_str()),
        request.and_then(|request| request.query.as_deref()),
        request.and_then(|request| request.name.as_deref()),
        identity.map(|identity| identity.subject.as_str()),
        identity.and_then(|identity| identity.sponsor.as_deref()),
        entry.refusal.as_ref().map(|refusal| refusal.message.as_str()),
        entry.message.as_deref(),
        entry.approval.as_deref(),
    ];
    let wanted = text.to_ascii_lowercase();
    fields.into_iter().flatten().any(|field| field.to_ascii_lowercase().contains(&wanted))
        || entry.by.iter().any(|by| by.rule.as_deref().is_some_and(|rule| rule.to_ascii_lowercase().contains(&wanted)))
}

/// Lets most lines be dropped before they are parsed: every record has its id, every whole record its session.
struct Sieve {
    id: Option<Finder<'static>>,
    session: Option<Finder<'static>>,
}

impl Sieve {
    fn new(filter: &Filter) -> Sieve {
        let finder = |key: &str, value: &String| {
            // As it stands in the line, escapes included.
            serde_json::to_string(value).ok().map(|value| Finder::new(&format!("\"{key}\":{value}")).into_owned())
        };
        Sieve {
            id: filter.id.as_ref().and_then(|id| finder("id", id)),
            session: filter.session.as_ref().and_then(|session| finder("session", session)),
        }
    }

    fn drops(&self, payload: &[u8]) -> bool {
        let misses = |finder: &Option<Finder<'static>>| finder.as_ref().is_some_and(|finder| finder.find(payload).is_none());
        if misses(&self.id) {
            return true;
        }
        let head = &payload[..payload.len().min(crate::record::ID_MAX + 64)];
        misses(&self.session) && memchr::memmem::find(head, br#""phase":"complete""#).is_some()
    }
}

/// Entries, one by one.
pub struct Query {
    filter: Filter,
    sieve: Sieve,
    scan: Scan,
    from_start: bool,
    under_way: HashMap<String, Entry>,
    ready: VecDeque<Entry>,
    given: usize,
    ended: bool,
}

impl Query {
    pub(crate) fn new(reader: &Reader, filter: Filter) -> Result<Query, ReadError> {
        let segments = reader.segments_since(filter.begin())?;
        let from_start = segments.first().is_none_or(|segment| segment.first == 0);
        Ok(Query {
            sieve: Sieve::new(&filter),
            scan: reader.scan(segments),
            from_start,
            filter,
            under_way: HashMap::new(),
            ready: VecDeque::new(),
            given: 0,
            ended: false,
        })
    }

    fn step(&mut self) -> Result<Option<Entry>, ReadError> {
        loop {
            if self.filter.limit.is_some_and(|limit| self.given >= limit) {
                return Ok(None);
            }
            if let Some(entry) = self.ready.pop_front() {
                if self.filter.matches(&entry) {
                    self.given += 1;
                    return Ok(Some(entry));
                }
                continue;
            }
            if self.ended {
                return Ok(None);
            }
            match self.scan.next()? {
                Some(item) => {
                    if let Some(entry) = take(&item, &self.sieve, &mut self.under_way, self.from_start)? {
                        self.ready.push_back(entry);
                    }
                }
                None => {
                    self.ended = true;
                    let mut rest: Vec<Entry> = self.under_way.drain().map(|(_, entry)| entry).collect();
                    rest.sort_by_key(|entry| entry.position);
                    self.ready.extend(rest);
                }
            }
        }
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query").field("filter", &self.filter).finish_non_exhaustive()
    }
}

impl Iterator for Query {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().transpose();
        if matches!(step, Some(Err(_))) {
            // What follows a line that was changed proves nothing.
            self.ended = true;
            self.ready.clear();
            self.under_way.clear();
        }
        step
    }
}

/// Takes one line; gives the entry that it ends.
fn take(
    item: &Item<'_>,
    sieve: &Sieve,
    under_way: &mut HashMap<String, Entry>,
    keep_orphans: bool,
) -> Result<Option<Entry>, ReadError> {
    if item.line.content != Content::Record || sieve.drops(item.line.payload) {
        return Ok(None);
    }
    let record = item.record()?;
    let seq = item.line.seq;
    Ok(match record.phase {
        Phase::Complete => Some(Entry::new(record, seq)),
        Phase::Intent => {
            match under_way.get_mut(&record.id) {
                // It was held for a person before: one story.
                Some(entry) => entry.merge(record, seq),
                None => drop(under_way.insert(record.id.clone(), Entry::new(record, seq))),
            }
            None
        }
        Phase::Frame => {
            if let Some(entry) = under_way.get_mut(&record.id) {
                entry.merge(record, seq);
            }
            None
        }
        Phase::Outcome => match under_way.remove(&record.id) {
            Some(mut entry) => {
                entry.merge(record, seq);
                Some(entry)
            }
            // It began before what was read, or nowhere.
            None => keep_orphans.then(|| Entry::new(record, seq)),
        },
    })
}

/// Backwards, segment by segment.
pub(crate) fn latest(reader: &Reader, filter: &Filter) -> Result<Vec<Entry>, ReadError> {
    let limit = filter.limit.unwrap_or(LATEST);
    let sieve = Sieve::new(filter);
    let mut later: HashMap<String, Vec<(Record, u64)>> = HashMap::new();
    let mut found: Vec<Entry> = Vec::new();
    for segment in reader.segments_since(filter.begin())?.into_iter().rev() {
        let mut entries = segment_entries(reader, segment, &sieve, &mut later)?;
        entries.retain(|entry| filter.matches(entry));
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.position));
        found.extend(entries);
        if found.len() >= limit {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// The entries that began in a segment; what ends one of an earlier segment is put by in `later`.
fn segment_entries(
    reader: &Reader,
    segment: Segment,
    sieve: &Sieve,
    later: &mut HashMap<String, Vec<(Record, u64)>>,
) -> Result<Vec<Entry>, ReadError> {
    let is_first = segment.first == 0;
    let mut scan = reader.scan(vec![segment]);
    let mut entries = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut strangers: HashMap<String, Vec<(Record, u64)>> = HashMap::new();
    while let Some(item) = scan.next()? {
        if item.line.content != Content::Record || sieve.drops(item.line.payload) {
            continue;
        }
        let (record, seq) = (item.record()?, item.line.seq);
        match record.phase {
            Phase::Complete => entries.push(Entry::new(record, seq)),
            Phase::Intent => match index.get(&record.id) {
                Some(&at) => entries[at].merge(record, seq),
                None => {
                    index.insert(record.id.clone(), entries.len());
                    entries.push(Entry::new(record, seq));
                }
            },
            Phase::Frame | Phase::Outcome => match index.get(&record.id) {
                Some(&at) => entries[at].merge(record, seq),
                None => strangers.entry(record.id.clone()).or_default().push((bare(record), seq)),
            },
        }
    }
    for (id, at) in index {
        for (record, seq) in later.remove(&id).unwrap_or_default() {
            entries[at].merge(record, seq);
        }
    }
    for (id, mut records) in strangers {
        records.extend(later.remove(&id).unwrap_or_default());
        later.insert(id, records);
    }
    if is_first {
        // What is left began nowhere: shown as it is.
        let outcomes = later.drain().filter_map(|(_, records)| records.into_iter().find(|(record, _)| record.phase == Phase::Outcome));
        entries.extend(outcomes.map(|(record, seq)| Entry::new(record, seq)));
    }
    Ok(entries)
}

/// Only counted here, so the bytes are not held.
fn bare(mut record: Record) -> Record {
    record.frame = None;
    record
}
