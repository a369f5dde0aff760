//! A bundle's own tests: a set whose cases do not hold never goes live. `BUNDLE.md` says how they are written.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use kube_request::{Head, Json, KubeRequest};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::bundle::{YamlError, at, check_header, yaml};
use crate::document::{Document, JsonDocument, Preview};
use crate::facts::{Facts, IdentityFacts, IdentityKind, RequestFacts, SessionFacts};
use crate::host::Surroundings;
use crate::generation::{Decision, Generation, SessionAnswer};
use crate::wit::{Finding, GrantScope, ResponseKind, SessionAsk, Waiting};

/// Cases of one file.
const CASES: usize = 4096;

/// Mistakes told at once.
const TOLD: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CaseFile {
    api_version: Spanned<String>,
    kind: Spanned<String>,
    #[serde(default)]
    identities: HashMap<String, IdentityEntry>,
    cases: Vec<Spanned<Case>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityEntry {
    subject: String,
    #[serde(default = "agent")]
    kind: IdentityKind,
    #[serde(default)]
    sponsor: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    issuer: Option<String>,
}

fn agent() -> IdentityKind {
    IdentityKind::Agent
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum IdentityRef {
    Named(String),
    Given(IdentityEntry),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    name: String,
    #[serde(default)]
    identity: Option<IdentityRef>,
    #[serde(default)]
    connection: Option<String>,
    #[serde(default)]
    request: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    body: Option<serde_json::Value>,
    #[serde(default)]
    preview: Option<serde_json::Value>,
    #[serde(default)]
    purpose: Option<String>,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    session: Option<SessionEntry>,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SessionEntry {
    #[serde(default)]
    ttl: Option<u32>,
    #[serde(default)]
    purpose: Option<String>,
    #[serde(default)]
    open_sessions: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Expect {
    verdict: Option<ExpectedVerdict>,
    rule: Option<String>,
    plugin: Option<String>,
    route: Option<ExpectedRoute>,
    plan: Option<Vec<String>>,
    session: Option<ExpectedSession>,
    ttl: Option<u32>,
    idle: Option<u32>,
    requests: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ExpectedVerdict {
    Allow,
    RequireApproval,
    Deny,
    NoOpinion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ExpectedSession {
    Open,
    Refuse,
    NoOpinion,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct ExpectedRoute {
    groups: Option<Vec<String>>,
    subjects: Option<Vec<String>>,
    needed: Option<u32>,
    expires_after: Option<u32>,
    waiting: Option<ExpectedWaiting>,
    scope: Option<GrantScope>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ExpectedWaiting {
    Hold,
    Retry,
}

/// Cases that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFailures {
    /// Each with file, line, the case's name, and what came instead.
    pub failures: Vec<YamlError>,
}

impl std::error::Error for CaseFailures {}

impl fmt::Display for CaseFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.failures.len();
        write!(f, "{n} of the bundle's own cases {}: ", if n == 1 { "does not hold" } else { "do not hold" })?;
        for (i, failure) in self.failures.iter().take(TOLD).enumerate() {
            write!(f, "{}{failure}", if i > 0 { "; " } else { "" })?;
        }
        if n > TOLD {
            write!(f, "; and {} more", n - TOLD)?;
        }
        write!(f, "; correct the policy or the cases")
    }
}

/// A file of cases, read.
#[derive(Debug)]
pub(crate) struct Cases {
    file: String,
    /// Only this plugin is asked; all of them without one.
    plugin: Option<String>,
    content: CaseFile,
}

impl Cases {
    pub(crate) fn parse(file: &str, text: &[u8], plugin: Option<&str>) -> Result<Cases, YamlError> {
        let content: CaseFile = yaml(file, text)?;
        check_header(file, &content.api_version, &content.kind, "Cases")?;
        if content.cases.len() > CASES {
            return Err(at(file, &content.kind, format!("a file has at most {CASES} cases, this one has {}", content.cases.len())));
        }
        Ok(Cases { file: file.to_owned(), plugin: plugin.map(str::to_owned), content })
    }

    /// Runs all cases; an empty list is good.
    pub(crate) async fn run(&self, generation: &Generation) -> Vec<YamlError> {
        let mut failures = Vec::new();
        for case in &self.content.cases {
            if let Err(why) = self.run_one(&case.value, generation).await {
                failures.push(at(&self.file, case, format!("case `{}`: {why}", case.value.name)));
            }
        }
        failures
    }

    async fn run_one(&self, case: &Case, generation: &Generation) -> Result<(), String> {
        let identity = self.identity(case)?;
        let connection = case.connection.as_deref().unwrap_or("demo");
        let which = |name: &str| self.plugin.as_deref().is_none_or(|only| only == name);
        let expect = &case.expect;
        if let Some(expected) = expect.session {
            let entry = case.session.as_ref().ok_or("it expects a session but asks for none; give it `session`")?;
            let ask = SessionAsk {
                identity,
                connection: connection.to_owned(),
                purpose: entry.purpose.clone(),
                ttl: entry.ttl,
                open_sessions: entry.open_sessions,
            };
            return expect_session(expect, expected, generation.open_session_by(&ask, |p| which(&p.name)).await);
        }
        let (request, body) = request(case)?;
        if let Some(expected) = &expect.plan {
            let kind = ResponseKind {
                connection: connection.to_owned(),
                verb: request.verb.as_str().to_owned(),
                is_resource: request.is_resource,
                group: request.group.clone(),
                version: request.version.clone(),
                resource: request.resource.clone(),
                subresource: request.subresource.clone(),
            };
            let plan = generation.plan_by(&kind, self.plugin.as_deref()).await.map_err(|e| e.to_string())?;
            let names: Vec<&str> = plan.rules.iter().map(|r| r.name.as_str()).collect();
            return if names == expected.iter().map(String::as_str).collect::<Vec<_>>() {
                Ok(())
            } else {
                Err(format!("expected a plan with the rules {expected:?}, got {names:?}"))
            };
        }
        let facts = Facts {
            identity,
            session: SessionFacts { id: "case".to_owned(), purpose: case.purpose.clone(), opened: 1_767_225_600_000, expires: 1_767_229_200_000 },
            request: RequestFacts::new(connection, &request),
        };
        if let Some(expected) = &expect.route {
            let routed = generation.route_by(&facts, body.as_ref(), &case.findings, &Surroundings::of_case(), |p| which(&p.name)).await.map_err(|e| e.to_string())?;
            let routed = routed.ok_or("expected a route, got none")?;
            return expect_route(expected, &routed.route);
        }
        let Some(expected) = expect.verdict else {
            return Err("it expects nothing; give `expect` one of verdict, route, plan or session".to_owned());
        };
        let judgement = generation.judge_by(&facts, body.as_ref(), &Surroundings::of_case(), |p| which(&p.name)).await;
        if let Some(failure) = judgement.by.iter().find_map(|by| by.failure.as_ref()) {
            return Err(failure.clone());
        }
        let expected = match expected {
            ExpectedVerdict::Allow => Decision::Allow,
            ExpectedVerdict::RequireApproval => Decision::RequireApproval,
            ExpectedVerdict::Deny => Decision::Deny,
            ExpectedVerdict::NoOpinion => Decision::NoOpinion,
        };
        let deciding: Vec<(&str, Option<&str>)> = judgement
            .by
            .iter()
            .filter(|by| by.verdict == expected)
            .map(|by| (&*by.plugin, by.rule.as_deref()))
            .collect();
        // A case for one plugin looks at what it says, even when it only monitors.
        let holds = if self.plugin.is_some() { !deciding.is_empty() || judgement.by.is_empty() && expected == Decision::NoOpinion } else { judgement.decision == expected };
        let named = deciding.iter().any(|(plugin, rule)| {
            expect.plugin.as_deref().is_none_or(|p| p == *plugin) && expect.rule.as_deref().is_none_or(|r| *rule == Some(r))
        });
        if holds && (named || expect.plugin.is_none() && expect.rule.is_none()) {
            return Ok(());
        }
        let said: Vec<String> =
            judgement.by.iter().map(|by| format!("{}: {}{}", by.plugin, by.verdict.as_str(), by.rule.as_ref().map(|r| format!(" by {r}")).unwrap_or_default())).collect();
        let rule = expect.rule.as_ref().map(|r| format!(" by {r}")).unwrap_or_default();
        Err(format!("expected {}{rule}, got {} ({})", expected.as_str(), judgement.decision.as_str(), said.join(", ")))
    }

    fn identity(&self, case: &Case) -> Result<IdentityFacts, String> {
        let entry = match &case.identity {
            None => IdentityEntry { subject: "somebody".to_owned(), kind: IdentityKind::Agent, sponsor: None, groups: Vec::new(), issuer: None },
            Some(IdentityRef::Given(entry)) => entry.clone(),
            Some(IdentityRef::Named(name)) => {
                self.content.identities.get(name).cloned().ok_or_else(|| format!("there is no identity `{name}`; add it under `identities`"))?
            }
        };
        Ok(IdentityFacts {
            issuer: entry.issuer.unwrap_or_else(|| "https://issuer.example".to_owned()),
            subject: entry.subject,
            kind: entry.kind,
            sponsor: entry.sponsor,
            groups: entry.groups,
        })
    }
}

type Body = Option<Arc<dyn Document>>;

fn request(case: &Case) -> Result<(KubeRequest, Body), String> {
    let line = case.request.as_deref().ok_or("it has no request; give it `request: METHOD /path`")?;
    let (method, target) = line.split_once(' ').ok_or_else(|| format!("`{line}` is not METHOD /path"))?;
    let content_type = case.content_type.as_deref().unwrap_or("application/json");
    let mut headers: Vec<(&str, &[u8])> = vec![("accept", b"application/json")];
    if case.body.is_some() {
        headers.push(("content-type", content_type.as_bytes()));
    }
    // What every client sends along with these three: a case should not have to say it.
    let path = target.trim().split('?').next().unwrap_or_default();
    if path.starts_with("/api/v1/") && path.rsplit('/').next().is_some_and(|last| matches!(last, "exec" | "attach" | "portforward")) {
        headers.extend([("connection", &b"Upgrade"[..]), ("upgrade", b"websocket")]);
    }
    let request = KubeRequest::parse(&Head { method, target: target.trim(), headers: &headers }).map_err(|e| format!("the request is refused: {}", e.message))?;
    let Some(body) = &case.body else { return Ok((request, None)) };
    let request = request.with_body(body.to_string().as_bytes()).map_err(|e| format!("the body is refused: {}", e.message))?;
    let Some(parsed) = &request.body else { return Ok((request, None)) };
    let document = match &case.preview {
        None => JsonDocument::new(Arc::new(parsed.json.clone())),
        Some(preview) => JsonDocument::with_preview(Arc::new(parsed.json.clone()), fixed_preview(preview)?),
    };
    Ok((request, Some(Arc::new(document))))
}

fn fixed_preview(value: &serde_json::Value) -> Result<Preview, String> {
    let json = Arc::new(Json::parse(value.to_string().as_bytes()).map_err(|e| format!("the preview is refused: {e}"))?);
    Ok(Arc::new(move || -> BoxFuture<'static, Result<Arc<Json>, String>> {
        let json = json.clone();
        Box::pin(async move { Ok(json) })
    }))
}

fn expect_route(expected: &ExpectedRoute, route: &crate::wit::Route) -> Result<(), String> {
    fn same<T: PartialEq<U> + fmt::Debug, U: fmt::Debug>(name: &str, expected: &Option<T>, actual: &U) -> Result<(), String> {
        match expected {
            Some(expected) if expected != actual => Err(format!("expected a route with {name} {expected:?}, got {actual:?}")),
            _ => Ok(()),
        }
    }
    let waiting = match route.waiting {
        Waiting::Hold(_) => ExpectedWaiting::Hold,
        Waiting::Retry => ExpectedWaiting::Retry,
    };
    same("groups", &expected.groups, &route.groups)?;
    same("subjects", &expected.subjects, &route.subjects)?;
    same("needed", &expected.needed, &route.needed)?;
    same("expires-after", &expected.expires_after, &route.expires_after)?;
    same("waiting", &expected.waiting, &waiting)?;
    same("scope", &expected.scope, &route.scope)
}

fn expect_session(expect: &Expect, expected: ExpectedSession, answer: SessionAnswer) -> Result<(), String> {
    let got = match &answer {
        SessionAnswer::NoOpinion => ExpectedSession::NoOpinion,
        SessionAnswer::Open(_) => ExpectedSession::Open,
        SessionAnswer::Refuse(..) => ExpectedSession::Refuse,
        SessionAnswer::Failed(failure) => return Err(failure.to_string()),
    };
    let differs = match &answer {
        SessionAnswer::Open(terms) => {
            expect.ttl.is_some_and(|n| n != terms.ttl) || expect.idle.is_some_and(|n| n != terms.idle) || expect.requests.is_some_and(|n| Some(n) != terms.requests)
        }
        SessionAnswer::Refuse(_, finding) => expect.rule.as_ref().is_some_and(|r| *r != finding.rule),
        _ => false,
    };
    if got == expected && !differs { Ok(()) } else { Err(format!("expected {expected:?} {}, got {answer:?}", describe(expect))) }
}

fn describe(expect: &Expect) -> String {
    let mut parts = Vec::new();
    parts.extend(expect.ttl.map(|n| format!("ttl {n}")));
    parts.extend(expect.idle.map(|n| format!("idle {n}")));
    parts.extend(expect.requests.map(|n| format!("requests {n}")));
    parts.extend(expect.rule.as_ref().map(|r| format!("rule {r}")));
    parts.join(", ")
}

#[cfg(test)]
mod tests;
