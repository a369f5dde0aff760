//! The canonical request.

use crate::body::Body;
use crate::classify::{self, Info};
use crate::head::{Head, Method, Upgrade};
use crate::headers::{Headers, Screened, screen};
use crate::{Refusal, dry_run, path, query, selector};
use sha2::{Digest, Sha256};

/// The longest request target, in bytes. The commands of exec make the longest; an `http::Uri` takes
/// 65,534, and encoding anew can make a target three times as long.
pub const MAX_TARGET: usize = 32 * 1024;

/// The longest target as it is sent, in bytes.
const MAX_SENT: usize = 60_000;

/// Longer than this, the target that would be sent is measured before it is accepted.
const SURELY_SHORT: usize = 16 * 1024;

/// The most different keys in the query of a resource.
const MAX_KEYS: usize = 64;

/// The Kubernetes verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Read many.
    List,
    /// Be told of changes.
    Watch,
    /// Make an object; also exec, attach and port-forward, whatever their HTTP method.
    Create,
    /// Replace.
    Update,
    /// Change in part; also server-side apply.
    Patch,
    /// Delete one object.
    Delete,
    /// Delete many.
    DeleteCollection,
    /// The path is no resource: the HTTP method counts.
    Http(Method),
}

impl Verb {
    /// As in RBAC rules, audit events and policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
            Verb::DeleteCollection => "deletecollection",
            Verb::Http(method) => method.lower(),
        }
    }

    /// Whether the verb only reads; see [`KubeRequest::is_read`] for the request. A HEAD or OPTIONS on a path that is no resource reads.
    pub fn is_read(self) -> bool {
        matches!(self, Verb::Get | Verb::List | Verb::Watch | Verb::Http(Method::Get | Method::Head | Method::Options))
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request to the Kubernetes API: what is judged, and what is sent.
///
/// The fields are public for reading. Whoever changes one after parsing breaks the promise that the
/// classification belongs to the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeRequest {
    /// The HTTP method that is sent.
    pub method: Method,
    /// What it means.
    pub verb: Verb,
    /// False for paths such as `/version`: then group, version and resource are empty.
    pub is_resource: bool,
    /// The API group, empty for the core group.
    pub group: String,
    /// The API version: `v1`.
    pub version: String,
    /// The plural resource: `pods`.
    pub resource: String,
    /// `exec`, `scale`, `status`…
    pub subresource: Option<String>,
    /// The namespace. For a namespace itself, its own name, as in Kubernetes' `RequestInfo`.
    pub namespace: Option<String>,
    /// The name, from the path or, on list and watch, from `fieldSelector=metadata.name=`.
    pub name: Option<String>,
    /// The decoded path.
    pub path: String,
    /// The decoded query, in the order in which it is sent; of repeated keys the first, except where
    /// the API server reads a list.
    pub query: Vec<(String, String)>,
    /// True only when the API server would change nothing for certain.
    pub dry_run: bool,
    /// The body, once [`KubeRequest::with_body`] has read it.
    pub body: Option<Body>,
    /// The protocol to switch to; only on exec, attach and port-forward.
    pub upgrade: Option<Upgrade>,
    /// What the client says it ran. A hint under its control.
    pub claimed_command: Option<String>,
    /// The client's own idea of a session. A hint under its control.
    pub claimed_session: Option<String>,
    /// The header fields that have a meaning.
    pub headers: Headers,
}

impl KubeRequest {
    /// Screen the header and parse the rest; the token is dropped. A gateway that authenticates
    /// first calls [`screen`] itself and then [`KubeRequest::parse_screened`].
    pub fn parse(head: &Head<'_>) -> Result<KubeRequest, Refusal> {
        KubeRequest::parse_screened(head, screen(head.headers)?)
    }

    /// Parse method and target of a request whose header has been screened.
    pub fn parse_screened(head: &Head<'_>, screened: Screened<'_>) -> Result<KubeRequest, Refusal> {
        let method = Method::parse(head.method)?;
        if head.target.len() > MAX_TARGET {
            return Err(Refusal::new(414, crate::Cause::MalformedRequest, "path", "the path and query are longer than 32 KiB: shorten them"));
        }
        let (raw_path, raw_query) = head.target.split_once('?').unwrap_or((head.target, ""));
        let path = path::decode(raw_path)?;
        let mut query = query::decode(raw_query)?;
        let (verb, info) = classify::classify(method, &path, &query)?;
        canonical_query(&mut query, &info)?;
        let wants_dry_run = if info.is_resource && !verb.is_read() { dry_run::take_query(&mut query)? } else { false };
        let is_stream = classify::is_stream(&info);
        check_upgrade(is_stream, method, verb, screened.upgrade)?;
        let dry_run = wants_dry_run && dry_run::is_honoured(verb, &info.group, &info.resource, info.subresource.as_deref());
        let request = KubeRequest {
            method,
            verb,
            is_resource: info.is_resource,
            group: info.group,
            version: info.version,
            resource: info.resource,
            subresource: info.subresource,
            namespace: info.namespace,
            name: info.name,
            path,
            query,
            dry_run,
            body: None,
            upgrade: screened.upgrade,
            claimed_command: screened.claimed_command,
            claimed_session: screened.claimed_session,
            headers: screened.headers,
        };
        if head.target.len() > SURELY_SHORT && request.target().len() > MAX_SENT {
            return Err(Refusal::new(414, crate::Cause::MalformedRequest, "path", "the path and query are too long once encoded: shorten them"));
        }
        Ok(request)
    }

    /// Take the body, all of it. An empty one is none. May be called for every request, and must be
    /// called for one that has a body, before the request is judged.
    pub fn with_body(mut self, bytes: &[u8]) -> Result<KubeRequest, Refusal> {
        if bytes.is_empty() {
            return Ok(self);
        }
        if self.verb.is_read() || self.upgrade.is_some() {
            return Err(Refusal::malformed("body", "a request that reads or opens a stream has no body: send none"));
        }
        let body = Body::read(&self, bytes)?;
        if self.is_resource {
            let in_query = query::first(&self.query, "dryRun").is_some();
            let wanted = body.dry_run(&self, in_query)?;
            self.dry_run = wanted && dry_run::is_honoured(self.verb, &self.group, &self.resource, self.subresource.as_deref());
            if matches!(self.verb, Verb::Delete | Verb::DeleteCollection) {
                // With a body the API server does not read these from the query; so neither does anybody. Which version is
                // meant is a precondition of one deletion, and an option of the list where many are deleted.
                let precondition = self.verb == Verb::Delete;
                let option = |key: &str| DELETE_OPTIONS.contains(&key) || precondition && key == "resourceVersion";
                self.query.retain(|(key, _)| !option(key));
            }
        }
        self.body = Some(body);
        Ok(self)
    }

    /// Path and query as they are sent, encoded anew.
    pub fn target(&self) -> String {
        let length: usize = self.path.len() + self.query.iter().map(|(k, v)| k.len() + v.len() + 2).sum::<usize>();
        let mut out = String::with_capacity(length + length / 4);
        path::encode(&self.path, &mut out);
        query::encode(&self.query, &mut out);
        out
    }

    /// Path and query of the same write as a dry run, where the API server is certain to honour that; nothing for a
    /// write that a dry run might carry out.
    pub fn dry_run_target(&self) -> Option<String> {
        let write = matches!(self.verb, Verb::Create | Verb::Update | Verb::Patch);
        if !write || !self.is_resource || !dry_run::is_honoured(self.verb, &self.group, &self.resource, self.subresource.as_deref()) {
            return None;
        }
        let mut query: Vec<(String, String)> = self.query.iter().filter(|(key, _)| key != "dryRun").cloned().collect();
        query.push(("dryRun".to_owned(), "All".to_owned()));
        let mut out = String::with_capacity(self.path.len() + 64);
        path::encode(&self.path, &mut out);
        query::encode(&query, &mut out);
        Some(out)
    }

    /// `sha256:…` over method, target, content type and body. A stream that is tried as WebSocket by
    /// GET and then as SPDY by POST is one request, so there the verb stands for the method.
    pub fn hash(&self) -> String {
        let method = if self.upgrade.is_some() { "stream" } else { self.method.as_str() };
        let target = self.target();
        let (content_type, body) = match &self.body {
            Some(body) => (body.content_type.media_type(), body.bytes.as_slice()),
            None => ("", &[][..]),
        };
        let mut digest = Sha256::new();
        digest.update(b"portcullis request 1\0");
        for part in [method.as_bytes(), target.as_bytes(), content_type.as_bytes(), body] {
            // Lengths first, so that no two lists of parts run together to the same bytes.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut text = [0u8; 7 + 64];
        text[..7].copy_from_slice(b"sha256:");
        match hex::encode_to_slice(digest.finalize(), &mut text[7..]) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(_) => unreachable!("a SHA-256 digest has 32 bytes"),
        }
    }

    /// `v1` or `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The first value of a query key.
    pub fn query_value(&self, key: &str) -> Option<&str> {
        query::first(&self.query, key)
    }

    /// The values by which the request selects objects, other than by name and namespace: an RFC 6901 pointer into the
    /// object, and what is compared with it. Selecting by a field tells its value to whoever guesses.
    pub fn selects_by(&self) -> Vec<(String, String)> {
        if !self.is_resource {
            return Vec::new();
        }
        let mut all = Vec::new();
        let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
        for (key, selector) in &self.query {
            match key.as_str() {
                "fieldSelector" => all.extend(selector::compared(selector).into_iter().map(|(field, value)| {
                    // Selectable fields of custom resources are simple paths too (`apiextensions/v1 SelectableField`).
                    (format!("/{}", escape(field.trim_start_matches('.')).replace('.', "/")), value)
                })),
                "labelSelector" => {
                    all.extend(selector::labels::words(selector).into_iter().map(|word| (format!("/metadata/labels/{}", escape(word)), String::new())));
                }
                _ => {}
            }
        }
        all
    }

    /// Whether a query key is present and true, as Kubernetes reads booleans.
    pub fn query_flag(&self, key: &str) -> bool {
        self.query_value(key).is_some_and(query::is_true)
    }

    /// Whether the request changes nothing, by its nature. Unlike [`Verb::is_read`] this knows that a
    /// GET through a proxy does whatever the server behind it does: on a kubelet it runs commands.
    pub fn is_read(&self) -> bool {
        self.verb.is_read() && self.upgrade.is_none() && self.subresource.as_deref() != Some("proxy")
    }

    /// Whether the answer is open-ended: a watch, or logs that are followed.
    pub fn is_streaming(&self) -> bool {
        self.verb == Verb::Watch || (self.subresource.as_deref() == Some("log") && self.query_flag("follow"))
    }

    /// The header fields that are sent upstream, names in lower case: only these, and what the
    /// gateway adds itself (its credential, `Host`, the framing, impersonation, `Audit-ID`, and the switch of a
    /// stream's protocol, whose ends are the gateway's own).
    pub fn upstream_headers(&self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::with_capacity(8);
        fields.push(("accept", self.accept().into_owned()));
        fields.push(("accept-encoding", "identity".to_owned()));
        if let Some(agent) = &self.headers.user_agent {
            fields.push(("user-agent", agent.clone()));
        }
        if let Some(body) = &self.body {
            fields.push(("content-type", body.content_type.media_type().to_owned()));
        }
        if !self.is_resource
            && let Some(tag) = &self.headers.if_none_match
        {
            fields.push(("if-none-match", tag.clone()));
        }
        fields
    }
}

/// What `DeleteOptions` has, and the query may say instead when there is no body (`Convert_url_Values_To_v1_DeleteOptions`).
const DELETE_OPTIONS: [&str; 6] =
    ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy", "uid", "ignoreStoreReadErrorWithClusterBreakingPotential"];

/// One spelling: of a repeated key the first pair, except where every pair counts.
fn canonical_query(query: &mut Vec<(String, String)>, info: &Info) -> Result<(), Refusal> {
    let subresource = info.subresource.as_deref();
    // What a proxy leads to, and paths that are no resource, read their queries in their own way.
    if !info.is_resource || subresource == Some("proxy") {
        return Ok(());
    }
    let is_list = |key: &str| matches!((key, subresource), ("dryRun", _) | ("command", Some("exec")) | ("ports", Some("portforward")));
    if query.iter().filter(|(key, _)| !is_list(key)).count() > MAX_KEYS {
        return Err(Refusal::malformed("query", "the query has more than 64 options: send fewer"));
    }
    query::keep_first(query, is_list);
    Ok(())
}

/// Streams must upgrade, and nothing else may: a tunnel on a watch or a list is a way past the masks.
fn check_upgrade(is_stream: bool, method: Method, verb: Verb, upgrade: Option<Upgrade>) -> Result<(), Refusal> {
    match (is_stream && verb == Verb::Create, upgrade) {
        (false, None) => Ok(()),
        (false, Some(_)) => Err(Refusal::malformed("headers.upgrade", "only exec, attach and port-forward switch protocols: leave the Upgrade field out")),
        (true, None) => Err(Refusal::malformed("headers.upgrade", "exec, attach and port-forward need a protocol switch: send `Upgrade: websocket` or `Upgrade: SPDY/3.1` over HTTP/1.1")),
        (true, Some(Upgrade::WebSocket)) if method != Method::Get => {
            Err(Refusal::malformed("headers.upgrade", "a WebSocket handshake is a GET: use GET"))
        }
        (true, Some(_)) if !matches!(method, Method::Get | Method::Post) => Err(Refusal::malformed("headers.upgrade", "a stream is opened by GET or POST: use one of these")),
        (true, Some(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
