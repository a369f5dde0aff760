//! Remembering what a guard said never changes a decision: the default bundle, once with and once without memory, says the same of
//! whatever is asked, in whatever order, and of a write whose preview changes in between.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kube_request::{Head, Json, KubeRequest};
use policy::{Document, Engine, EngineOptions, Facts, Grants, IdentityFacts, IdentityKind, JsonDocument, Judgement, Live, Preview, RequestFacts, SessionFacts};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// The bundle of which a policy author thinks first: built by `cargo xtask plugins`.
const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/bundles/default");

/// Pods as a body, or as what a write would make: the checks say something else of each.
const PODS: [&str; 4] = [
    r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"nginx:1"}]}}"#,
    r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"nginx:1"}]}}"#,
    r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"nginx:1","securityContext":{"privileged":true}}]}}"#,
    r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"volumes":[{"name":"v","hostPath":{"path":"/"}}],"containers":[]}}"#,
];

#[derive(Clone, Debug)]
struct Step {
    method: &'static str,
    path: String,
    /// Which of [`PODS`] is the body, where there is one.
    body: usize,
    /// Which of them a dry run would answer.
    preview: usize,
    subject: &'static str,
    kind: IdentityKind,
    /// Which session; its times are part of the facts.
    session: u64,
}

/// Few values of each, so that equal facts come again.
fn step() -> impl Strategy<Value = Step> {
    let path = prop_oneof![
        (prop::sample::select(vec!["shop", "prod", "kube-system"]), prop::sample::select(vec!["pods", "secrets", "services"]), prop::bool::ANY)
            .prop_map(|(namespace, resource, named)| format!("/api/v1/namespaces/{namespace}/{resource}{}", if named { "/a" } else { "" })),
        Just("/api/v1/namespaces/shop".to_owned()),
        Just("/apis/rbac.authorization.k8s.io/v1/clusterroles/a".to_owned()),
        Just("/version".to_owned()),
        Just("/metrics".to_owned()),
    ];
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE"]);
    let who = prop::sample::select(vec![("devin", IdentityKind::Agent), ("alice", IdentityKind::Human)]);
    (method, path, 0..PODS.len(), 0..PODS.len(), who, 0u64..2)
        .prop_map(|(method, path, body, preview, (subject, kind), session)| Step { method, path, body, preview, subject, kind, session })
}

impl Step {
    /// What the gateway would give the policies; nothing where it refuses the request before.
    fn request(&self) -> Option<(Facts, Option<Arc<dyn Document>>)> {
        let written = matches!(self.method, "POST" | "PUT" | "PATCH");
        let mut headers: Vec<(&str, &[u8])> = vec![("accept", b"application/json")];
        if written {
            headers.push(("content-type", if self.method == "PATCH" { b"application/merge-patch+json" } else { b"application/json" }));
        }
        let mut request = KubeRequest::parse(&Head { method: self.method, target: &self.path, headers: &headers }).ok()?;
        if written {
            request = request.with_body(PODS[self.body].as_bytes()).ok()?;
        }
        let body = request.body.as_ref().map(|body| -> Arc<dyn Document> {
            Arc::new(JsonDocument::with_preview(Arc::new(body.json.clone()), preview(PODS[self.preview])))
        });
        let facts = Facts {
            identity: IdentityFacts { issuer: "https://issuer.example".into(), subject: self.subject.into(), kind: self.kind, sponsor: None, groups: vec![] },
            session: SessionFacts { id: format!("ses-{}", self.session), purpose: None, opened: self.session, expires: self.session + 3_600_000 },
            request: RequestFacts::new("demo", &request),
        };
        Some((facts, body))
    }
}

fn preview(text: &'static str) -> Preview {
    Arc::new(move || Box::pin(async move { Json::parse(text.as_bytes()).map(Arc::new).map_err(|e| e.to_string()) }))
}

/// All of a judgement but how long it took and whether it was remembered.
fn said(judgement: &Judgement) -> String {
    let by: Vec<_> = judgement.by.iter().map(|by| (&by.plugin, &by.verdict, &by.rule, &by.mode, &by.failure)).collect();
    format!("{:?} {by:?} {:?} {:?}", judgement.decision, judgement.findings, judgement.failure)
}

async fn open(remember: usize, compiled: &Path) -> Live {
    let engine = Engine::new(EngineOptions { remember, cache_dir: Some(compiled.to_owned()), ..EngineOptions::default() }).expect("a sandbox");
    let bundle = Path::new(BUNDLE);
    assert!(bundle.is_dir(), "there is no {}; run `cargo xtask plugins`", bundle.display());
    Live::open(engine, bundle, Grants::default()).await.expect("the default bundle goes live")
}

#[test]
fn remembering_never_changes_a_decision() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // One small enough to forget again, one that keeps everything, and one without memory.
    let compiled = tempfile::tempdir().expect("a folder");
    let compiled = compiled.path();
    let (never, small, always) = runtime.block_on(async { (open(0, compiled).await, open(8, compiled).await, open(4096, compiled).await) });
    let remembered = AtomicU64::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&prop::collection::vec(step(), 1..48), |steps| {
        runtime.block_on(async {
            for step in &steps {
                let Some((facts, body)) = step.request() else { continue };
                let expected = never.current().judge(&facts, body.clone()).await;
                prop_assert!(expected.by.iter().all(|by| !by.remembered));
                for live in [&small, &always] {
                    let judgement = live.current().judge(&facts, body.clone()).await;
                    remembered.fetch_add(judgement.by.iter().filter(|by| by.remembered).count() as u64, Ordering::Relaxed);
                    prop_assert_eq!(said(&judgement), said(&expected), "{:?}", step);
                }
            }
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let remembered = remembered.into_inner();
    assert!(remembered > 500, "only {remembered} verdicts were remembered: this shows nothing");
}
