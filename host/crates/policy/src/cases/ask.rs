//! Asking the plugins what a case asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube_request::Json;
use masking::{Masker, Plan, TokenKey};
use serde_json::Value;

use super::came::{Answered, Came, CameRoute, Sent};
use super::canned::Canned;
use super::file::{Case, CaseFile, Expectation, IdentityEntry, IdentityRef, Objects};
use super::request::{request, text};
use crate::counts::MemoryCounts;
use crate::document::Document;
use crate::facts::{Facts, IdentityFacts, IdentityKind, RequestFacts, SessionFacts};
use crate::failure::Failure;
use crate::generation::{Decision, DeliveryError, Generation, Judgement, Routed, SessionAnswer};
use crate::host::{FixedCluster, Surroundings};
use crate::plugin::Tap;
use crate::wit::{Candidate, Finding, Notice, ResponseKind, SessionAsk, World};

/// What tokens of masked values are made with in cases: the same everywhere, so that they can be written down.
const TOKEN_KEY: [u8; 32] = *b"the key of the cases of policies";

/// What is asked, of whom.
pub(crate) enum Question {
    Guards { facts: Facts, body: Option<Arc<dyn Document>> },
    Routers { facts: Facts, body: Option<Arc<dyn Document>>, findings: Vec<Finding> },
    Maskers { kind: ResponseKind, object: Option<Value> },
    SessionPolicies(SessionAsk),
    Sink { name: String, first: u64, records: Vec<String> },
    Notifier { name: String, notice: Notice },
}

/// What they said, as the engine has it.
enum Said {
    Judgement(Judgement),
    Route(Result<Option<Routed>, Failure>),
    Plan(Result<Plan, Failure>),
    Session(SessionAnswer),
    Delivered(Result<u64, DeliveryError>),
    Told(Result<(), DeliveryError>),
}

/// A question that can be asked any number of times.
pub(crate) struct Asking {
    pub generation: Generation,
    pub question: Question,
    pub surroundings: Surroundings,
    pub(super) canned: Arc<Canned>,
    pub tap: Arc<Tap>,
    /// Only one plugin is asked, so its name goes without saying.
    pub alone: bool,
    pub times: u32,
}

impl Asking {
    /// Asks as often as the case says, and gives the last answer.
    pub(crate) async fn answer(&self) -> Result<Answered, String> {
        let mut said = self.ask().await;
        for _ in 1..self.times {
            said = self.ask().await;
        }
        let mut answered = self.read(said).await.map_err(|why| for_its_author(&why))?;
        let sent: Vec<Sent> = self.canned.sent().iter().map(Sent::from).collect();
        if answered.came.delivered.is_some() {
            answered.came.sent = Some(sent);
        }
        Ok(answered)
    }

    /// How long one call takes, with nothing but the engine in it.
    pub(crate) async fn time(&self) -> Duration {
        self.canned.rewind();
        let start = Instant::now();
        let said = self.ask().await;
        let time = start.elapsed();
        drop(said);
        time
    }

    /// The canonical request, when the question is about one.
    pub(crate) fn request(&self) -> Option<Value> {
        let (Question::Guards { facts, .. } | Question::Routers { facts, .. }) = &self.question else { return None };
        let request = &facts.request;
        Some(serde_json::json!({
            "identity": { "subject": facts.identity.subject, "kind": facts.identity.kind, "sponsor": facts.identity.sponsor, "groups": facts.identity.groups },
            "connection": request.connection,
            "verb": request.verb,
            "is_resource": request.is_resource,
            "group": request.group,
            "version": request.version,
            "resource": request.resource,
            "subresource": request.subresource,
            "namespace": request.namespace,
            "name": request.name,
            "path": request.path,
            "query": request.query,
            "dry_run": request.dry_run,
            "hash": request.hash,
            "command": request.command,
        }))
    }

    async fn ask(&self) -> Said {
        let generation = &self.generation;
        match &self.question {
            Question::Guards { facts, body } => Said::Judgement(generation.judge_in(facts, body.clone(), &self.surroundings).await),
            Question::Routers { facts, body, findings } => Said::Route(generation.route_in(facts, body.clone(), findings, &self.surroundings).await),
            Question::Maskers { kind, .. } => Said::Plan(generation.plan_by(kind, None).await),
            Question::SessionPolicies(ask) => Said::Session(generation.open_session(ask).await),
            Question::Sink { name, first, records } => Said::Delivered(generation.deliver(name, *first, records).await),
            Question::Notifier { name, notice } => Said::Told(generation.notify(name, notice).await),
        }
    }

    async fn read(&self, said: Said) -> Result<Answered, String> {
        match said {
            Said::Judgement(judgement) => self.judgement(judgement),
            Said::Route(routed) => {
                let routed = routed.map_err(|failure| failure.to_string())?;
                let plugin = routed.as_ref().map(|routed| routed.plugin.to_string()).filter(|_| !self.alone);
                Ok(Answered::of(Came { route: routed.as_ref().map(|routed| CameRoute::from(&routed.route)), plugin, ..Came::default() }))
            }
            Said::Plan(plan) => {
                let plan = plan.map_err(|failure| failure.to_string())?;
                let names = plan.rules.iter().map(|rule| rule.name.clone()).collect();
                let masked = match &self.question {
                    Question::Maskers { kind, object: Some(object) } => Some(self.masked(kind, object).await?),
                    _ => None,
                };
                Ok(Answered::of(Came { plan: Some(names), masked, ..Came::default() }))
            }
            Said::Session(answer) => session(answer),
            Said::Delivered(result) => delivered(result.map(Value::from)),
            Said::Told(result) => delivered(result.map(|()| Value::Bool(true))),
        }
    }

    fn judgement(&self, judgement: Judgement) -> Result<Answered, String> {
        if let Some(failure) = judgement.by.iter().find_map(|by| by.failure.as_ref()) {
            return Err(failure.clone());
        }
        let decision = judgement.decision;
        let behind = judgement.by.iter().find(|by| by.verdict == decision && decision != Decision::NoOpinion);
        let finding = judgement.findings.first().map(|(_, finding)| finding);
        let came = Came {
            verdict: Some(decision),
            rule: behind.and_then(|by| by.rule.as_ref()).map(ToString::to_string),
            plugin: behind.map(|by| by.plugin.to_string()).filter(|_| !self.alone),
            message: finding.map(|finding| finding.message.clone()),
            remedy: finding.and_then(|finding| finding.remedy.clone()),
            ..Came::default()
        };
        let findings = judgement.findings.into_iter().map(|(plugin, finding)| (plugin.to_string(), finding)).collect();
        Ok(Answered { came, by: judgement.by, findings })
    }

    /// The object as the gateway would let it through: by the same plan and the same masking, inspections included.
    async fn masked(&self, kind: &ResponseKind, object: &Value) -> Result<Value, String> {
        let failed = |error: masking::MaskError| format!("the object cannot be masked: {error}");
        let plan = self.generation.mask_plan(kind).await.map_err(|failure| failure.to_string())?;
        let mut masker = Masker::new(plan, Arc::new(TokenKey::new(TOKEN_KEY)));
        let mut out = Vec::new();
        let scanned = masker.scan(object.to_string().as_bytes()).map_err(failed)?;
        let candidates: Vec<Candidate> =
            scanned.candidates().iter().map(|c| Candidate { rule: c.rule.clone(), path: c.path.clone(), value: c.value.clone() }).collect();
        let answers = match candidates.is_empty() {
            true => Vec::new(),
            false => self.generation.inspect(&candidates).await.map_err(|failure| failure.to_string())?,
        };
        masker.fill(scanned, answers, &mut out).map_err(failed)?;
        masker.finish(&mut out).map_err(failed)?;
        serde_json::from_slice(&out).map_err(|error| format!("what masking gave is no JSON: {error}"))
    }
}

/// A failure's sentence sends an agent to the gateway's operator. Whoever runs cases is at the right place already.
fn for_its_author(why: &str) -> String {
    why.strip_suffix("; ask the gateway's operator to look at it").unwrap_or(why).to_owned()
}

fn session(answer: SessionAnswer) -> Result<Answered, String> {
    Ok(Answered::of(match answer {
        SessionAnswer::NoOpinion => Came { session: Some("no-opinion"), ..Came::default() },
        SessionAnswer::Open(terms) => {
            Came { session: Some("open"), ttl: Some(terms.ttl), idle: Some(terms.idle), requests: terms.requests, ..Came::default() }
        }
        SessionAnswer::Refuse(_, finding) => {
            Came { session: Some("refuse"), rule: Some(finding.rule), message: Some(finding.message), remedy: finding.remedy, ..Came::default() }
        }
        SessionAnswer::Failed(failure) => return Err(failure.to_string()),
    }))
}

fn delivered(result: Result<Value, DeliveryError>) -> Result<Answered, String> {
    let (delivered, message) = match result {
        Ok(done) => (done, None),
        Err(DeliveryError::Later { message, .. }) => (Value::from("later"), Some(message)),
        Err(DeliveryError::Never { message, .. }) => (Value::from("never"), Some(message)),
        Err(error) => return Err(error.to_string()),
    };
    Ok(Answered::of(Came { delivered: Some(delivered), message, ..Came::default() }))
}

/// What a case asks: of the plugin's world, or of the world that what it gives and expects is about.
pub(super) fn question(file: &CaseFile, case: &Case, plugin: Option<(&str, World)>) -> Result<Question, String> {
    let connection = case.connection.as_deref().unwrap_or("demo");
    let identity = identity(file, case)?;
    match plugin.map_or_else(|| world(case), |(_, world)| world) {
        World::SessionPolicy => {
            let entry = case.session.as_ref().ok_or("it asks for no session; give it `session`")?;
            Ok(Question::SessionPolicies(SessionAsk {
                identity,
                connection: connection.to_owned(),
                purpose: entry.purpose.clone(),
                ttl: entry.ttl,
                open_sessions: entry.open_sessions,
            }))
        }
        World::AuditSink => {
            let records = case.records.as_ref().ok_or("it delivers nothing; give it `records: { of: [...] }`")?;
            let name = plugin.map(|(name, _)| name).ok_or("records are delivered by one plugin; put the case into that plugin's own file")?;
            Ok(Question::Sink { name: name.to_owned(), first: records.first, records: records.of.iter().map(text).collect() })
        }
        World::Notifier => {
            let notice = case.notice.as_ref().ok_or("it tells nothing; give it `notice`")?;
            let name = plugin.map(|(name, _)| name).ok_or("a notice is told by one plugin; put the case into that plugin's own file")?;
            let id = notice.id.clone().unwrap_or_else(|| "notice".to_owned());
            let notice = Notice { id, occasion: notice.occasion, approval: text(&notice.approval), url: notice.url.clone() };
            Ok(Question::Notifier { name: name.to_owned(), notice })
        }
        World::Masker => {
            let (request, _) = request(case)?;
            let kind = ResponseKind::new(connection, &request);
            Ok(Question::Maskers { kind, object: case.object.clone() })
        }
        world => {
            let (request, body) = request(case)?;
            // An hour, so that what rests on the session's age finds one.
            let (opened, expires) = (1_767_225_600_000, 1_767_229_200_000);
            let facts = Facts {
                identity,
                session: SessionFacts { id: "case".to_owned(), purpose: case.purpose.clone(), opened, expires },
                request: RequestFacts::new(connection, &request),
            };
            Ok(match world {
                World::ApprovalRouter => Question::Routers { facts, body, findings: case.findings.clone() },
                _ => Question::Guards { facts, body },
            })
        }
    }
}

fn world(case: &Case) -> World {
    let given = match &case.expect.value {
        Expectation::Given(expect) => Some(expect),
        Expectation::Snapshot => None,
    };
    let expects = |is: fn(&super::file::Expect) -> bool| given.is_some_and(|expect| is(expect));
    match () {
        () if case.session.is_some() || expects(|e| e.session.is_some()) => World::SessionPolicy,
        () if case.records.is_some() => World::AuditSink,
        () if case.notice.is_some() => World::Notifier,
        () if case.object.is_some() || expects(|e| e.plan.is_some() || e.masked.is_some()) => World::Masker,
        () if !case.findings.is_empty() || expects(|e| e.route.is_some()) => World::ApprovalRouter,
        () => World::Guard,
    }
}

fn identity(file: &CaseFile, case: &Case) -> Result<IdentityFacts, String> {
    let entry = match &case.identity {
        None => IdentityEntry { subject: "somebody".to_owned(), kind: IdentityKind::Agent, sponsor: None, groups: Vec::new(), issuer: None },
        Some(IdentityRef::Given(entry)) => entry.clone(),
        Some(IdentityRef::Named(name)) => {
            file.identities.get(name).cloned().ok_or_else(|| format!("there is no identity `{name}`; add it under `identities`"))?
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

/// What a case has around it: a clock that stands still where it says so, counts in memory, and a cluster of its own objects.
pub(super) fn surroundings(file: &CaseFile, case: &Case) -> Result<Surroundings, String> {
    let now = match case.now.as_ref().or(file.now.as_ref()) {
        None => None,
        Some(text) => {
            let time: jiff::Timestamp = text.parse().map_err(|_| format!("`{text}` is no time; write it as 2026-03-01T09:00:00Z"))?;
            Some(u64::try_from(time.as_millisecond()).map_err(|_| format!("`{text}` is before 1970"))?)
        }
    };
    let counter = match now {
        Some(now) => MemoryCounts::at(i64::try_from(now / 1000).unwrap_or(i64::MAX)),
        None => MemoryCounts::default(),
    };
    let cluster = FixedCluster { objects: objects(case.objects.as_ref().unwrap_or(&file.objects))?, allowed: case.can_i.unwrap_or(true) };
    Ok(Surroundings { cluster: Some(Arc::new(cluster)), counter: Some(Arc::new(counter)), now })
}

fn objects(given: &Objects) -> Result<Vec<(String, Arc<Json>)>, String> {
    let each = given.iter().flat_map(|(resource, objects)| objects.iter().map(move |object| (resource, object)));
    each.map(|(resource, object)| {
        let json = Json::parse(object.to_string().as_bytes()).map_err(|error| format!("an object of {resource} is refused: {error}"))?;
        Ok((resource.clone(), Arc::new(json)))
    })
    .collect()
}
