use super::*;
use crate::testing::{Bundle, facts, router};
use crate::wit::GrantScope;

#[test]
fn routes_that_nobody_could_follow_are_mistakes() {
    let good = Route {
        groups: vec!["approvers".into()],
        subjects: vec![],
        needed: 1,
        expires_after: 600,
        waiting: Waiting::Hold(30),
        scope: GrantScope::ThisObject,
    };
    assert!(check(&good).is_ok());
    let wrong: &[fn(&mut Route)] = &[
        |r| r.groups.clear(),
        |r| r.needed = 0,
        |r| r.needed = PEOPLE + 1,
        |r| r.expires_after = 0,
        |r| r.expires_after = EXPIRES_AFTER + 1,
        |r| r.waiting = Waiting::Hold(0),
        |r| r.subjects = vec![String::new(); APPROVERS + 1],
    ];
    for (i, change) in wrong.iter().enumerate() {
        let mut route = good.clone();
        change(&mut route);
        assert!(check(&route).is_err(), "change {i}");
    }
}

/// Routes to the group `my-rule`, held for 30 seconds, for so many people; the answer stands at 200, its list of groups at 300.
fn to_group(needed: u32) -> String {
    format!(
        "(i32.store8 (i32.const 200) (i32.const 1))
         (i32.store (i32.const 204) (i32.const 300)) (i32.store (i32.const 208) (i32.const 1))
         (i32.store (i32.const 212) (i32.const 0)) (i32.store (i32.const 216) (i32.const 0))
         (i32.store (i32.const 220) (i32.const {needed})) (i32.store (i32.const 224) (i32.const 600))
         (i32.store8 (i32.const 228) (i32.const 0)) (i32.store (i32.const 232) (i32.const 30))
         (i32.store8 (i32.const 236) (i32.const 1))
         (i32.store (i32.const 300) (i32.const 1104)) (i32.store (i32.const 304) (i32.const 7))
         (i32.const 200)"
    )
}

const SILENT: &str = "(i32.store8 (i32.const 200) (i32.const 0)) (i32.const 200)";

async fn route(routers: &[&str]) -> Result<Option<Routed>, Failure> {
    let bundle = Bundle::new();
    let mut entries = String::new();
    for (i, body) in routers.iter().enumerate() {
        bundle.write(&format!("{i}.wasm"), router(body));
        entries.push_str(&format!("  - {{ name: r{i}, world: approval-router, component: {i}.wasm }}\n"));
    }
    bundle.plugins(&entries);
    let findings = [Finding { rule: "deletes".into(), message: "no".into(), remedy: None }];
    bundle.open().await.current().route(&facts(), None, &findings).await
}

#[tokio::test]
async fn the_first_router_that_answers_is_followed() {
    let routed = route(&[SILENT, &to_group(2), &to_group(1)]).await.unwrap().unwrap();
    assert_eq!((&*routed.plugin, routed.route.needed), ("r1", 2));
    assert_eq!((routed.route.waiting, routed.route.scope), (Waiting::Hold(30), GrantScope::ThisObject));
    assert_eq!(routed.route.groups, ["my-rule"]);
    assert_eq!(route(&[SILENT]).await, Ok(None));
}

/// The next one might ask for less than the one that failed would have.
#[tokio::test]
async fn a_router_that_fails_is_not_passed_over() {
    assert!(route(&["(unreachable)", &to_group(1)]).await.is_err());
    let error = route(&[&to_group(0), &to_group(1)]).await.unwrap_err();
    assert!(matches!(error.cause, FailureCause::Answer(_)), "{error}");
}

#[tokio::test]
async fn findings_arrive() {
    // Answers only when there is one finding.
    let body = format!("(if (i32.ne (i32.load offset=220 (local.get $facts)) (i32.const 1)) (then unreachable)) {}", to_group(1));
    assert!(route(&[&body]).await.unwrap().is_some());
}

/// Who answers for somebody where `new`, with this body, replaces `old` for the subjects `devin*`.
async fn for_subject(new: &str, subject: &str) -> Option<String> {
    let bundle = Bundle::new();
    bundle.write("old.wasm", router(&to_group(1)));
    bundle.write("new.wasm", router(new));
    bundle.plugins(
        "
  - { name: old, world: approval-router, component: old.wasm }
  - { name: new, world: approval-router, component: new.wasm, replaces: old, canary: { identities: ['devin*'] } }",
    );
    let mut facts = facts();
    facts.identity.subject = subject.to_owned();
    let routed = bundle.open().await.current().route(&facts, None, &[]).await.unwrap();
    routed.map(|routed| routed.plugin.to_string())
}

#[tokio::test]
async fn a_canary_is_followed_by_those_who_are_in_it_and_by_nobody_else() {
    assert_eq!(for_subject(&to_group(2), "devin-7").await.as_deref(), Some("new"));
    assert_eq!(for_subject(&to_group(2), "alice").await.as_deref(), Some("old"));
    // It stands in the other's place altogether: where it has no answer nobody has, and the request is refused.
    assert_eq!(for_subject(SILENT, "devin-7").await, None);
    assert_eq!(for_subject("(unreachable)", "alice").await.as_deref(), Some("old"));
}
