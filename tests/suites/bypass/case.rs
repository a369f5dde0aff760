//! A case, as it stands in `tests/bypass/`.

use std::fs;

use portcullis_tests::places;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The cases of one file.
pub struct Area {
    /// The file's name.
    pub name: String,
    /// In the file's order.
    pub cases: Vec<Case>,
}

/// One way round, and what must come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// What is tried, in a sentence.
    pub name: String,
    /// Where it worked, or the source of what would make it work.
    #[serde(deserialize_with = "one_or_more")]
    pub cites: Vec<String>,
    /// Whose token is sent.
    #[serde(default = "devin")]
    pub r#as: String,
    /// `METHOD /path?query`, below the connection.
    pub request: Option<String>,
    /// `Name: value`, in order; any may be repeated.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The body's content type; that of JSON when the body is an object or a list.
    pub content_type: Option<String>,
    /// A text, each character below U+0100 a byte; anything else is sent as JSON.
    #[serde(default)]
    pub body: Value,
    /// A body of pieces, for what is too long to write down.
    #[serde(default)]
    pub pieces: Vec<Piece>,
    /// Instead of a request: the bytes of an HTTP/1.1 connection, each character below U+0100 one of them.
    pub raw: Option<String>,
    /// Instead of a request: the frames of one over HTTP/2.
    pub http2: Option<Http2>,
    /// What must come of it.
    pub expect: Expect,
}

/// A piece of a body.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// Many times.
    Repeated {
        /// What.
        repeat: String,
        /// How often.
        times: usize,
    },
}

/// A request over HTTP/2, field by field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http2 {
    /// `name: value`, pseudo-header fields among them.
    pub fields: Vec<String>,
    /// DATA.
    pub body: Option<String>,
    /// A header block after it.
    #[serde(default)]
    pub trailers: Vec<String>,
}

/// What must come of a case. One of `status`, `closed`, `held` and `reached` says which outcome it is; without
/// `reached`, nothing may reach the cluster.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Refused by the gateway with one of these.
    #[serde(default, deserialize_with = "one_or_more")]
    pub status: Vec<u16>,
    /// `details.causes[0].reason`: one of these.
    #[serde(default, deserialize_with = "one_or_more")]
    pub cause: Vec<String>,
    /// `details.causes[0].field`: the part of the request at fault, or the plugin and its rule.
    pub field: Option<String>,
    /// What the message contains.
    pub says: Option<String>,
    /// There is no answer, or a bare 4xx of the HTTP library, and nothing more.
    #[serde(default)]
    pub closed: bool,
    /// Held by this rule for a person, who says no.
    pub held: Option<String>,
    /// Let through, in this canonical form: `verb /path?query` for everything that the cluster saw of it.
    #[serde(default)]
    pub reached: Vec<String>,
    /// How the policies were told of it: `verb resource/subresource`.
    pub judged: Option<String>,
    /// The body that the cluster read, or part of it.
    #[serde(default)]
    pub body: Value,
    /// A policy asked for a preview, so the cluster saw a dry run.
    #[serde(default)]
    pub previewed: bool,
    /// The gateway looked at the object that a person would have been asked about.
    #[serde(default)]
    pub looked: bool,
    /// What no part of the answer may show.
    #[serde(default)]
    pub hides: Vec<String>,
    /// What the answer must show, so that hiding means something.
    #[serde(default)]
    pub shows: Vec<String>,
    /// Objects that must not be there afterwards, by their paths.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Objects that must be there afterwards, by their paths.
    #[serde(default)]
    pub present: Vec<String>,
}

impl Case {
    /// What it sends, to tell cases apart.
    pub fn sent(&self) -> String {
        format!("{} {:?} {:?} {:?} {} {:?} {:?} {:?}", self.r#as, self.request, self.headers, self.content_type, self.body, self.pieces, self.raw, self.http2)
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// What does not.
    pub fn is_whole(&self) -> Result<(), String> {
        let ways = [self.request.is_some(), self.raw.is_some(), self.http2.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            return Err("one of request, raw and http2 is sent".to_owned());
        }
        let expect = &self.expect;
        let outcomes = [!expect.status.is_empty(), expect.closed, expect.held.is_some(), !expect.reached.is_empty()];
        if outcomes.iter().filter(|outcome| **outcome).count() != 1 {
            return Err("one of status, closed, held and reached is expected".to_owned());
        }
        if !expect.status.is_empty() && expect.says.is_none() && expect.field.is_none() {
            return Err("a refusal says something, or names the part at fault".to_owned());
        }
        Ok(())
    }
}

fn devin() -> String {
    "devin".to_owned()
}

fn one_or_more<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore<T> {
        One(T),
        More(Vec<T>),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}

/// All files, by name.
pub fn corpus() -> Vec<Area> {
    let folder = places::workspace().join("tests/bypass");
    let mut files: Vec<_> = fs::read_dir(&folder).expect("the corpus is there").flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let area = |file: &std::path::PathBuf| {
        let text = fs::read_to_string(file).expect("a file can be read");
        let cases = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Area { name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), cases }
    };
    files.iter().map(area).collect()
}
