use super::*;
use crate::facts::{IdentityFacts, IdentityKind};
use crate::testing::{Bundle, session_policy};

fn ask() -> SessionAsk {
    SessionAsk {
        identity: IdentityFacts {
            issuer: "i".into(),
            subject: "devin".into(),
            kind: IdentityKind::Agent,
            sponsor: None,
            groups: vec![],
        },
        connection: "demo".into(),
        purpose: None,
        ttl: Some(60),
        open_sessions: 0,
    }
}

/// `open(ttl, idle, requests?)`: the answer stands at 200, its payload at 208 (it holds a u64).
fn open(ttl: u32, idle: u32, requests: Option<u64>) -> Vec<u8> {
    session_policy(&format!(
        "(i32.store8 (i32.const 200) (i32.const 1))
         (i32.store (i32.const 208) (i32.const {ttl})) (i32.store (i32.const 212) (i32.const {idle}))
         (i32.store8 (i32.const 216) (i32.const {})) (i64.store (i32.const 224) (i64.const {}))
         (i32.const 200)",
        u32::from(requests.is_some()),
        requests.unwrap_or_default()
    ))
}

fn refuse() -> Vec<u8> {
    session_policy(
        "(i32.store8 (i32.const 200) (i32.const 2))
         (i32.store (i32.const 208) (i32.const 1104)) (i32.store (i32.const 212) (i32.const 7))
         (i32.store (i32.const 216) (i32.const 1072)) (i32.store (i32.const 220) (i32.const 13))
         (i32.store8 (i32.const 224) (i32.const 0))
         (i32.const 200)",
    )
}

async fn answer(policies: &[Vec<u8>]) -> SessionAnswer {
    let bundle = Bundle::new();
    let mut entries = String::new();
    for (i, wasm) in policies.iter().enumerate() {
        bundle.write(&format!("{i}.wasm"), wasm);
        entries.push_str(&format!("  - {{ name: p{i}, world: session-policy, component: {i}.wasm }}\n"));
    }
    bundle.plugins(&entries);
    bundle.open().await.current().open_session(&ask()).await
}

#[tokio::test]
async fn the_narrowest_terms_hold_and_one_refusal_refuses() {
    let no_opinion = session_policy("(i32.store8 (i32.const 200) (i32.const 0)) (i32.const 200)");
    assert_eq!(answer(std::slice::from_ref(&no_opinion)).await, SessionAnswer::NoOpinion);
    assert_eq!(
        answer(&[open(600, 100, None), no_opinion, open(900, 50, Some(7))]).await,
        SessionAnswer::Open(Terms { ttl: 600, idle: 50, requests: Some(7) })
    );
    let refused = answer(&[open(600, 100, None), refuse()]).await;
    assert!(matches!(&refused, SessionAnswer::Refuse(plugin, finding) if &**plugin == "p1" && finding.rule == "my-rule"), "{refused:?}");
}

#[tokio::test]
async fn a_policy_that_cannot_be_asked_opens_nothing() {
    assert!(matches!(answer(&[open(600, 100, None), session_policy("(unreachable)")]).await, SessionAnswer::Failed(_)));
    assert!(matches!(answer(&[open(0, 100, None)]).await, SessionAnswer::Failed(_)));
    assert!(matches!(answer(&[open(1, 1, Some(0))]).await, SessionAnswer::Failed(_)));
}

#[tokio::test]
async fn a_canary_sets_the_terms_of_those_who_are_in_it() {
    for (canary, expected) in [("devin", 900), ("alice", 600)] {
        let bundle = Bundle::new();
        bundle.write("old.wasm", open(600, 100, None));
        bundle.write("new.wasm", open(900, 100, None));
        bundle.plugins(&format!(
            "
  - {{ name: old, world: session-policy, component: old.wasm }}
  - {{ name: new, world: session-policy, component: new.wasm, replaces: old, canary: {{ identities: [{canary}] }} }}"
        ));
        let answer = bundle.open().await.current().open_session(&ask()).await;
        assert_eq!(answer, SessionAnswer::Open(Terms { ttl: expected, idle: 100, requests: None }), "{canary}");
    }
}
