//! `portcullis:policy@0.2.0-draft`, as `wit/v0.2.0-draft` has it: a guard may say everything that is wrong at once. What did not change is asked
//! as in 0.1.0.

use masking::Plan;
use wasmtime::component::{ComponentType, Lift};

use crate::facts::Facts;
use crate::plugin::ComponentError;
use crate::wit::records::{Candidate, Finding, Notice, ResponseKind, Route, SessionAsk, SessionOpinion, Undelivered, Verdict};
use crate::wit::v0_1_0::{Body, V0_1_0, lend};
use crate::wit::version::{Answer, Call, Functions, Names, Version, names};
use crate::wit::world::World;

/// The next version, while it is being made.
pub(super) struct V0_2_0Draft;

static NAMES: Names = names!("0.2.0-draft");

impl Version for V0_2_0Draft {
    fn number(&self) -> &'static str {
        "0.2.0-draft"
    }

    fn draft(&self) -> bool {
        true
    }

    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn main(&self, world: World) -> &'static str {
        V0_1_0.main(world)
    }

    fn check(&self, functions: &mut Functions<'_>, world: World) -> Result<(), ComponentError> {
        match world {
            World::Guard => functions.function::<(&Facts, Body), (WitVerdict,)>(self.main(world)),
            _ => V0_1_0.check(functions, world),
        }
    }

    fn evaluate<'a>(&self, call: Call<'a>, facts: &'a Facts, body: bool) -> Answer<'a, Verdict> {
        Box::pin(async move {
            let ((verdict,), state) = call.make::<_, (WitVerdict,)>(|| (facts, lend(body))).await?;
            Ok((verdict.into(), state))
        })
    }

    fn route<'a>(&self, call: Call<'a>, facts: &'a Facts, body: bool, findings: &'a [Finding]) -> Answer<'a, Option<Route>> {
        V0_1_0.route(call, facts, body, findings)
    }

    fn plan<'a>(&self, call: Call<'a>, kind: &'a ResponseKind) -> Answer<'a, Plan> {
        V0_1_0.plan(call, kind)
    }

    fn inspect<'a>(&self, call: Call<'a>, candidates: &'a [Candidate]) -> Answer<'a, Vec<Option<String>>> {
        V0_1_0.inspect(call, candidates)
    }

    fn deliver<'a>(&self, call: Call<'a>, first: u64, records: &'a [String]) -> Answer<'a, Result<u64, Undelivered>> {
        V0_1_0.deliver(call, first, records)
    }

    fn notify<'a>(&self, call: Call<'a>, notice: &'a Notice) -> Answer<'a, Result<(), Undelivered>> {
        V0_1_0.notify(call, notice)
    }

    fn open_session<'a>(&self, call: Call<'a>, ask: &'a SessionAsk) -> Answer<'a, SessionOpinion> {
        V0_1_0.open_session(call, ask)
    }
}

/// What one guard says: for one reason or more.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
enum WitVerdict {
    #[component(name = "no-opinion")]
    NoOpinion,
    #[component(name = "allow")]
    Allow(String),
    #[component(name = "require-approval")]
    RequireApproval(Vec<Finding>),
    #[component(name = "deny")]
    Deny(Vec<Finding>),
}

impl From<WitVerdict> for Verdict {
    fn from(verdict: WitVerdict) -> Verdict {
        match verdict {
            WitVerdict::NoOpinion => Verdict::NoOpinion,
            WitVerdict::Allow(rule) => Verdict::Allow(rule),
            WitVerdict::RequireApproval(findings) => Verdict::RequireApproval(findings),
            WitVerdict::Deny(findings) => Verdict::Deny(findings),
        }
    }
}
