use super::*;
use crate::testing::set_now;

#[test]
fn a_charge_says_how_much_of_how_much_within_how_long() {
    let charge = charge("deletes/devin", 2).of(10).within_hours(1);
    assert_eq!(charge, Charge { key: "deletes/devin".to_owned(), amount: 2, limit: 10, window: 3600 });
    assert_eq!(super::charge("k", 1).of(1).within_days(31).window, 2_678_400);
}

#[test]
fn all_are_charged_or_none_and_a_window_ends() {
    set_now(1_000_000);
    let (small, large) = (|| charge("a", 1).of(1).within_seconds(60), || charge("b", 5).of(9).within_seconds(60));
    assert_eq!(spend(&[large(), small()]), None);
    set_now(1_010_000);
    let excess = spend(&[charge("c", 1).of(1).within_seconds(60), large()]).expect("it does not fit");
    assert_eq!((excess.index, excess.used, excess.fits_after), (1, 5, 50));
    assert_eq!(used("c", 60), 0);
    assert_eq!(used("b", 60), 5);
    assert_eq!(used("b", 61), 0, "another window is another count");
    set_now(1_060_000);
    assert_eq!(spend(&[small(), large()]), None);
}
