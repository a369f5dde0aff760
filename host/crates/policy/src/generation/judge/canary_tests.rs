use std::sync::{Arc, OnceLock};

use proptest::prelude::*;

use super::*;
use crate::testing::{Bundle, facts, guard};

const ENTRIES: &str = "
  - { name: old, world: guard, component: deny.wasm, match: { verbs: [delete, create] } }
  - { name: new, world: guard, component: allow.wasm, replaces: old, canary: { share: 30%, identities: ['devin*'] } }
  - { name: beside, world: guard, component: deny.wasm, canary: { identities: [nobody] } }";

async fn generation() -> Arc<Generation> {
    let bundle = Bundle::new();
    bundle.write("deny.wasm", guard("", "(call $finding (i32.const 3) (i32.const 1072) (i32.const 13))"));
    bundle.write("allow.wasm", guard("", "(call $allow (i32.const 1104) (i32.const 7))"));
    bundle.plugins(ENTRIES);
    bundle.open().await.current()
}

fn asked(generation: &Generation, runtime: &tokio::runtime::Runtime, subject: &str, verb: &str) -> Judgement {
    let mut facts = facts();
    facts.identity.subject = subject.to_owned();
    facts.request.verb = verb.to_owned();
    runtime.block_on(generation.judge(&facts, None))
}

fn stage() -> &'static (tokio::runtime::Runtime, Arc<Generation>) {
    static STAGE: OnceLock<(tokio::runtime::Runtime, Arc<Generation>)> = OnceLock::new();
    STAGE.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let generation = runtime.block_on(generation());
        (runtime, generation)
    })
}

fn told(judgement: &Judgement) -> Vec<(String, &'static str, Option<bool>)> {
    judgement.by.iter().map(|by| (by.plugin.to_string(), by.mode.as_str(), by.canary)).collect()
}

#[test]
fn the_canary_is_judged_by_the_new_guard_alone_and_everybody_else_by_the_old() {
    let (runtime, generation) = stage();
    let within = asked(generation, runtime, "devin-7", "delete");
    assert_eq!(within.decision, Decision::Allow);
    assert_eq!(told(&within), [("new".to_owned(), "enforce", Some(true)), ("beside".to_owned(), "monitor", Some(false))]);

    // `alice` has place 3069 of 10,000.
    let without = asked(generation, runtime, "alice", "delete");
    assert_eq!(without.decision, Decision::Deny);
    assert_eq!(
        told(&without),
        [("old".to_owned(), "enforce", None), ("new".to_owned(), "monitor", Some(false)), ("beside".to_owned(), "monitor", Some(false))]
    );
}

/// The new guard stands in the old one's place with its own `match`: what that leaves out, nobody judges twice.
#[test]
fn the_new_guards_own_match_holds_for_its_canary() {
    let (runtime, generation) = stage();
    assert_eq!(asked(generation, runtime, "devin", "get").decision, Decision::Allow);
    assert_eq!(asked(generation, runtime, "alice", "get").decision, Decision::NoOpinion);
}

proptest! {
    #[test]
    fn every_request_is_judged_by_exactly_one_of_the_two(subject in "([a-z0-9:@._-]{1,40}|devin[0-9]*)", create in any::<bool>()) {
        let (runtime, generation) = stage();
        let judgement = asked(generation, runtime, &subject, if create { "create" } else { "delete" });
        let counted: Vec<_> = judgement.by.iter().filter(|by| by.mode == Mode::Enforce).map(|by| &*by.plugin).collect();
        prop_assert_eq!(counted.len(), 1);
        prop_assert_eq!(judgement.decision, if counted[0] == "new" { Decision::Allow } else { Decision::Deny });
        // And the same again: an identity does not change sides.
        let again = asked(generation, runtime, &subject, "delete");
        prop_assert_eq!(again.decision, judgement.decision);
    }
}
