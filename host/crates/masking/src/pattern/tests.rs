#![expect(clippy::single_range_in_vec_init, reason = "they are ranges")]

use super::*;

#[test]
fn ranges_that_overlap_are_joined() {
    let mut ranges = vec![(5..9, 0), (0..3, 1), (2..4, 2), (4..5, 3), (6..7, 4)];
    union(&mut ranges, |one, other| one.max(other));
    assert_eq!(ranges, [(0..4, 2), (4..5, 3), (5..9, 4)]);
}

#[test]
fn only_the_group_called_secret_is_found() {
    let find = |pattern: &str, text: &str| {
        let mut ranges = Vec::new();
        Pattern::compile("r", pattern).expect("a pattern").find(text.as_bytes(), &mut ranges);
        ranges
    };
    assert_eq!(find(r"password=(?P<secret>\w+)", "a password=b password=cd"), [11..12, 22..24]);
    assert_eq!(find(r"password=(\w+)", "password=b"), [0..10]);
    // The group took no part: all of the match is masked.
    assert_eq!(find(r"x(?P<secret>1)?y", "xy x1y"), [0..2, 4..5]);
}

#[test]
fn expressions_work_on_bytes() {
    let mut ranges = Vec::new();
    Pattern::compile("r", r"(?-u:\xff)k").expect("a pattern").find(b"a\xffk", &mut ranges);
    assert_eq!(ranges, [1..3]);
}
