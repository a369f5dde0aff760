use super::*;
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
