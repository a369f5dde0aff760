use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

fn charge(amount: u32, limit: u64, window: u32) -> Charge {
    Charge { key: "deletes".to_owned(), amount, limit, window }
}

const T: i64 = 1_767_225_600;

#[test]
fn a_charge_counts_for_the_window_and_then_not() {
    let mut window = Window::default();
    for _ in 0..3 {
        window.charge(T, &charge(1, 3, 3600)).unwrap();
    }
    assert_eq!(window.used(T, 3600), 3);
    assert_eq!(window.charge(T + 60, &charge(1, 3, 3600)), Err((3, 3720)));
    assert_eq!(window.used(T + 3600, 3600), 3);
    assert_eq!(window.used(T + 3779, 3600), 3);
    assert_eq!(window.used(T + 3780, 3600), 0, "a twentieth of the window late at most");
    window.charge(T + 3780, &charge(3, 3, 3600)).unwrap();
}

/// What `fits-after` says holds to the second.
#[test]
fn after_the_seconds_that_it_says_a_charge_fits() {
    let mut window = Window::default();
    window.charge(T, &charge(2, 5, 60)).unwrap();
    window.charge(T + 30, &charge(3, 5, 60)).unwrap();
    let (used, fits_after) = window.charge(T + 40, &charge(1, 5, 60)).unwrap_err();
    assert_eq!(used, 5);
    let then = T + 40 + i64::from(fits_after);
    assert!(window.clone().charge(then - 1, &charge(1, 5, 60)).is_err());
    window.charge(then, &charge(1, 5, 60)).unwrap();
}

#[test]
fn more_than_the_limit_never_fits_and_says_the_whole_window() {
    assert_eq!(Window::default().charge(T, &charge(6, 5, 60)), Err((0, 60)));
}

#[test]
fn what_is_given_back_is_free_again() {
    let mut window = Window::default();
    let part = window.charge(T, &charge(5, 5, 60)).unwrap();
    assert!(window.charge(T, &charge(1, 5, 60)).is_err());
    window.give_back(part, 2);
    assert_eq!(window.used(T, 60), 3);
    window.give_back(part, 3);
    assert_eq!(window, Window::default());
    window.give_back(part - 100, 3);
    assert_eq!(window, Window::default());
}

#[test]
fn all_are_charged_or_none() {
    let mut windows = BTreeMap::new();
    let charges = [("a", charge(1, 9, 60)), ("b", charge(1, 1, 60)), ("b", charge(1, 1, 60))];
    let excess = charge_all(&mut windows, T, &charges).unwrap_err();
    assert_eq!((excess.index, excess.used), (2, 1), "the second charge of a key sees the first");
    assert!(windows.is_empty());
    charge_all(&mut windows, T, &charges[..2]).unwrap();
    assert_eq!(windows["a"].used(T, 60), 1);
}

#[tokio::test]
async fn another_plugins_keys_are_others() {
    let counts = MemoryCounts::at(T);
    let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
    assert_eq!(counts.spend(&a, vec![charge(1, 1, 60)]).await, Ok(None));
    assert!(counts.spend(&a, vec![charge(1, 1, 60)]).await.unwrap().is_some());
    assert_eq!(counts.spend(&b, vec![charge(1, 1, 60)]).await, Ok(None));
    assert_eq!(counts.used(&a, "deletes".to_owned(), 60).await, Ok(1));
    assert_eq!(counts.used(&a, "deletes".to_owned(), 61).await, Ok(0), "another window is another count");
}

proptest! {
    /// In no stretch of time as long as the window is more than the limit charged, whatever comes when; and what is kept stays small.
    #[test]
    fn never_more_than_the_limit(steps in prop::collection::vec((0i64..400, 1u32..4), 1..200), limit in 1u64..12, seconds in 1u32..2000) {
        let (mut window, mut now) = (Window::default(), T);
        let mut granted: VecDeque<(i64, u64)> = VecDeque::new();
        for (pause, amount) in steps {
            now += pause;
            if window.charge(now, &charge(amount, limit, seconds)).is_ok() {
                granted.push_back((now, u64::from(amount)));
            }
            let within: u64 = granted.iter().filter(|(at, _)| *at > now - i64::from(seconds)).map(|(_, amount)| amount).sum();
            prop_assert!(within <= limit);
            prop_assert!(window.parts().len() <= 23);
        }
    }
}
