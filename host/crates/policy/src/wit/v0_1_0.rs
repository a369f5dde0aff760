//! `portcullis:policy@0.1.0`, as `wit/v0.1.0` has it.
//!
//! The records are written by hand, not by `bindgen!`: the facts then cross without being copied into generated types, and the choice
//! between a synchronous and an asynchronous call stays with the caller. A test loads a component made from the `.wit` files themselves
//! for each world, so a difference between the two is found by the type check of wasmtime.

use masking::{Action, Encoding, MaskRule, Plan};
use wasmtime::component::{ComponentType, Lift, Lower, Resource};

use crate::facts::Facts;
use crate::host::DocumentHandle;
use crate::plugin::ComponentError;
use crate::wit::records::{Candidate, Finding, Notice, ResponseKind, Route, SessionAsk, SessionOpinion, Undelivered, Verdict};
use crate::wit::version::{Answer, Call, Functions, Names, Version, names};
use crate::wit::world::World;

/// The first released version.
pub(super) struct V0_1_0;

static NAMES: Names = names!("0.1.0");

/// A body, when the request has one: the first document of the call's state.
pub(super) type Body = Option<Resource<DocumentHandle>>;

pub(super) fn lend(body: bool) -> Body {
    body.then(|| Resource::new_borrow(0))
}

impl Version for V0_1_0 {
    fn number(&self) -> &'static str {
        "0.1.0"
    }

    fn draft(&self) -> bool {
        false
    }

    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn main(&self, world: World) -> &'static str {
        match world {
            World::Guard => "evaluate",
            World::ApprovalRouter => "route-approval",
            World::Masker => "plan-masking",
            World::AuditSink => "deliver",
            World::Notifier => "notify",
            World::SessionPolicy => "open-session",
        }
    }

    fn check(&self, functions: &mut Functions<'_>, world: World) -> Result<(), ComponentError> {
        let main = self.main(world);
        match world {
            World::Guard => functions.function::<(&Facts, Body), (WitVerdict,)>(main),
            World::ApprovalRouter => functions.function::<(&Facts, Body, &[Finding]), (Option<Route>,)>(main),
            World::Masker => {
                functions.function::<(&ResponseKind,), (WitPlan,)>(main)?;
                functions.function::<(&[Candidate],), (Vec<Option<String>>,)>("inspect")
            }
            World::AuditSink => functions.function::<(Batch<'_>,), (Result<u64, Undelivered>,)>(main),
            World::Notifier => functions.function::<(&Notice,), (Result<(), Undelivered>,)>(main),
            World::SessionPolicy => functions.function::<(&SessionAsk,), (SessionOpinion,)>(main),
        }
    }

    fn evaluate<'a>(&self, call: Call<'a>, facts: &'a Facts, body: bool) -> Answer<'a, Verdict> {
        Box::pin(async move {
            let ((verdict,), state) = call.make::<_, (WitVerdict,)>(|| (facts, lend(body))).await?;
            Ok((verdict.into(), state))
        })
    }

    fn route<'a>(&self, call: Call<'a>, facts: &'a Facts, body: bool, findings: &'a [Finding]) -> Answer<'a, Option<Route>> {
        Box::pin(async move {
            let ((route,), state) = call.make(|| (facts, lend(body), findings)).await?;
            Ok((route, state))
        })
    }

    fn plan<'a>(&self, call: Call<'a>, kind: &'a ResponseKind) -> Answer<'a, Plan> {
        Box::pin(async move {
            let ((plan,), state) = call.make::<_, (WitPlan,)>(|| (kind,)).await?;
            Ok((plan.into(), state))
        })
    }

    fn inspect<'a>(&self, call: Call<'a>, candidates: &'a [Candidate]) -> Answer<'a, Vec<Option<String>>> {
        Box::pin(async move {
            let ((answers,), state) = call.make(|| (candidates,)).await?;
            Ok((answers, state))
        })
    }

    fn deliver<'a>(&self, call: Call<'a>, first: u64, records: &'a [String]) -> Answer<'a, Result<u64, Undelivered>> {
        Box::pin(async move {
            let ((position,), state) = call.make(|| (Batch { first, records },)).await?;
            Ok((position, state))
        })
    }

    fn notify<'a>(&self, call: Call<'a>, notice: &'a Notice) -> Answer<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            let ((told,), state) = call.make(|| (notice,)).await?;
            Ok((told, state))
        })
    }

    fn open_session<'a>(&self, call: Call<'a>, ask: &'a SessionAsk) -> Answer<'a, SessionOpinion> {
        Box::pin(async move {
            let ((opinion,), state) = call.make(|| (ask,)).await?;
            Ok((opinion, state))
        })
    }
}

/// What one guard says: for one reason.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
enum WitVerdict {
    #[component(name = "no-opinion")]
    NoOpinion,
    #[component(name = "allow")]
    Allow(String),
    #[component(name = "require-approval")]
    RequireApproval(Finding),
    #[component(name = "deny")]
    Deny(Finding),
}

impl From<WitVerdict> for Verdict {
    fn from(verdict: WitVerdict) -> Verdict {
        match verdict {
            WitVerdict::NoOpinion => Verdict::NoOpinion,
            WitVerdict::Allow(rule) => Verdict::Allow(rule),
            WitVerdict::RequireApproval(finding) => Verdict::RequireApproval(vec![finding]),
            WitVerdict::Deny(finding) => Verdict::Deny(vec![finding]),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "wasmtime makes the variants, from the guest's number")]
enum WitAction {
    #[component(name = "token")]
    Token,
    #[component(name = "redact")]
    Redact,
    #[component(name = "inspect")]
    Inspect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "wasmtime makes the variants, from the guest's number")]
enum WitEncoding {
    #[component(name = "text")]
    Text,
    #[component(name = "base64")]
    Base64,
}

#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
struct WitMaskRule {
    name: String,
    paths: Vec<String>,
    names: Option<String>,
    patterns: Vec<String>,
    encoding: WitEncoding,
    action: WitAction,
}

#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
struct WitPlan {
    rules: Vec<WitMaskRule>,
    embedded: Vec<String>,
}

impl From<WitPlan> for Plan {
    fn from(plan: WitPlan) -> Plan {
        Plan { rules: plan.rules.into_iter().map(MaskRule::from).collect(), embedded: plan.embedded }
    }
}

impl From<WitMaskRule> for MaskRule {
    fn from(rule: WitMaskRule) -> MaskRule {
        MaskRule {
            name: rule.name,
            paths: rule.paths,
            names: rule.names,
            patterns: rule.patterns,
            encoding: match rule.encoding {
                WitEncoding::Text => Encoding::Text,
                WitEncoding::Base64 => Encoding::Base64,
            },
            action: match rule.action {
                WitAction::Token => Action::Token,
                WitAction::Redact => Action::Redact,
                WitAction::Inspect => Action::Inspect,
            },
        }
    }
}

/// Records for a sink.
#[derive(Clone, Debug, ComponentType, Lower)]
#[component(record)]
struct Batch<'a> {
    first: u64,
    records: &'a [String],
}
