//! The head of a request: path, query and header, with a body for those that take one.
//!
//! The input is the text of an HTTP/1 request with plain line feeds: method and target, header fields, and after an
//! empty line the body.

use kube_request::{Head, KubeRequest, MAX_SEGMENT, MAX_TARGET, Refusal, Verb};

use crate::text::is_plain_line;

/// An accepted request is one thing: written anew it is read as itself, and what it says is in its path.
pub fn check(input: &[u8]) {
    let Some(given) = Given::read(input) else { return };
    let headers: Vec<(&str, &[u8])> = given.headers.clone();
    let head = Head { method: given.method, target: given.target, headers: &headers };
    match KubeRequest::parse(&head) {
        Err(refusal) => check_refusal(&refusal),
        Ok(request) => {
            check_path(&request, given.target);
            check_classified(&request);
            check_written_anew(&request, &headers);
            check_words(&request);
            check_dry_run(&request, &headers);
            match request.clone().with_body(given.body) {
                Err(refusal) => check_refusal(&refusal),
                Ok(with_body) => check_body(&request, &with_body),
            }
        }
    }
}

/// The parts of an input.
struct Given<'i> {
    method: &'i str,
    target: &'i str,
    headers: Vec<(&'i str, &'i [u8])>,
    body: &'i [u8],
}

impl<'i> Given<'i> {
    fn read(input: &'i [u8]) -> Option<Self> {
        let end = input.windows(2).position(|two| two == b"\n\n");
        let (head, body) = end.map_or((input, &[][..]), |at| (&input[..at], &input[at + 2..]));
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let headers = lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, &line[colon + 1..]))
        });
        Some(Given { method, target, headers: headers.collect(), body })
    }
}

fn check_refusal(refusal: &Refusal) {
    assert!((400..500).contains(&refusal.code), "{refusal:?}");
    assert!(is_plain_line(&refusal.message) && is_plain_line(&refusal.field), "{refusal:?}");
}

/// Decoded once, and with nothing in it that has two readings.
fn check_path(request: &KubeRequest, target: &str) {
    let raw = target.split_once('?').map_or(target, |(path, _)| path);
    assert_eq!(request.path.as_bytes(), decoded_once(raw), "the path was decoded otherwise than once");
    assert!(is_plain_line(&request.path) && !request.path.contains(['%', '\\']), "{:?}", request.path);
    let segments: Vec<&str> = request.path.split('/').collect();
    assert_eq!(segments[0], "", "{:?}", request.path);
    for (place, segment) in segments.iter().enumerate().skip(1) {
        let last = place + 1 == segments.len();
        assert!(!segment.is_empty() || last, "an empty segment in {:?}", request.path);
        assert!(!matches!(*segment, "." | "..") && segment.len() <= MAX_SEGMENT, "{segment:?} in {:?}", request.path);
    }
}

fn decoded_once(raw: &str) -> Vec<u8> {
    let mut parts = raw.split('%');
    let mut out: Vec<u8> = parts.next().unwrap_or_default().bytes().collect();
    for part in parts {
        let (pair, rest) = part.split_at(2);
        out.push(u8::from_str_radix(pair, 16).expect("only hexadecimal digits are accepted"));
        out.extend(rest.bytes());
    }
    out
}

/// What the path was understood to say stands in it, in its place.
fn check_classified(request: &KubeRequest) {
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    if !request.is_resource {
        assert!(matches!(request.verb, Verb::Http(method) if method == request.method), "{request:?}");
        assert!(request.group.is_empty() && request.version.is_empty() && request.resource.is_empty(), "{request:?}");
        assert!(request.name.is_none() && request.namespace.is_none() && request.subresource.is_none(), "{request:?}");
        assert!(request.upgrade.is_none() && !request.dry_run, "{request:?}");
        return;
    }
    assert!(!matches!(request.verb, Verb::Http(_)), "{request:?}");
    let rest = if segments[0] == "api" {
        assert_eq!((request.group.as_str(), request.version.as_str()), ("", segments[1]), "{request:?}");
        &segments[2..]
    } else {
        assert_eq!((segments[0], request.group.as_str(), request.version.as_str()), ("apis", segments[1], segments[2]), "{request:?}");
        &segments[3..]
    };
    assert!(rest.contains(&request.resource.as_str()) && !request.resource.is_empty(), "{request:?}");
    for part in [&request.namespace, &request.subresource].into_iter().flatten() {
        assert!(rest.contains(&part.as_str()), "{request:?}");
    }
    // A list and a watch may take their name from a selector.
    if let Some(name) = &request.name {
        assert!(rest.contains(&name.as_str()) || matches!(request.verb, Verb::List | Verb::Watch), "{request:?}");
    }
    let streams = matches!(request.subresource.as_deref(), Some("exec" | "attach" | "portforward")) && request.resource == "pods";
    assert!(request.upgrade.is_none() || streams && request.verb == Verb::Create && !request.is_read(), "{request:?}");
    assert!(!request.dry_run || !request.verb.is_read(), "a read is no dry run: {request:?}");
}

/// Parsing what is sent gives the request that was judged.
fn check_written_anew(request: &KubeRequest, headers: &[(&str, &[u8])]) {
    let target = request.target();
    assert!(target.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>#^`{|};".contains(&byte)), "{target:?}");
    // Encoding anew can make a target longer than one that is taken.
    if target.len() > MAX_TARGET {
        return;
    }
    let again = KubeRequest::parse(&Head { method: request.method.as_str(), target: &target, headers });
    assert_eq!(again.as_ref(), Ok(request), "{target} is read as another request");
    assert_eq!(again.map(|again| (again.target(), again.hash())), Ok((target, request.hash())));
}

/// What is shown, recorded and sent beside the target.
fn check_words(request: &KubeRequest) {
    let command = request.command();
    assert!(["kubectl ", "curl "].iter().any(|program| command.starts_with(program)) && is_plain_line(&command), "{command:?}");
    for (name, value) in request.upstream_headers() {
        assert!(value.chars().all(|c| c == '\t' || !c.is_control()), "the header field {name} holds {value:?}");
    }
    for claimed in [&request.claimed_command, &request.claimed_session].into_iter().flatten() {
        assert!(is_plain_line(claimed), "{claimed:?}");
    }
    for (pointer, _) in request.selects_by() {
        assert!(pointer.starts_with('/'), "{pointer:?}");
    }
}

/// The same write as a dry run is one, of the same thing.
fn check_dry_run(request: &KubeRequest, headers: &[(&str, &[u8])]) {
    let Some(target) = request.dry_run_target().filter(|target| target.len() <= MAX_TARGET) else { return };
    let tried = KubeRequest::parse(&Head { method: request.method.as_str(), target: &target, headers });
    let tried = tried.unwrap_or_else(|refusal| panic!("{target} is refused: {refusal:?}"));
    assert!(tried.dry_run, "{target} is no dry run");
    assert_eq!((tried.verb, &tried.path, tried.name), (request.verb, &request.path, request.name.clone()));
}

/// The body that is sent is read as the body that was judged.
fn check_body(request: &KubeRequest, with_body: &KubeRequest) {
    assert_eq!((&with_body.path, with_body.verb), (&request.path, request.verb));
    check_words(with_body);
    let Some(body) = &with_body.body else { return };
    let mut sent = request.clone();
    sent.headers.content_type = Some(body.content_type.media_type().to_owned());
    let again = sent.with_body(&body.bytes).unwrap_or_else(|refusal| panic!("what is sent is refused: {refusal:?}"));
    assert_eq!((again.body.as_ref(), again.hash(), again.dry_run), (Some(body), with_body.hash(), with_body.dry_run));
}
