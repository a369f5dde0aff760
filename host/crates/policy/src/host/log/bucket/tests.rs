use std::time::Duration;

use super::*;

/// How many of `asked` it gives at one instant.
fn given(bucket: &mut Bucket, asked: u32, at: Instant) -> usize {
    (0..asked).filter(|_| bucket.take(at)).count()
}

#[test]
fn a_seconds_worth_at_once_and_then_at_its_rate() {
    let begun = Instant::now();
    let after = |milliseconds| begun + Duration::from_millis(milliseconds);
    let mut bucket = Bucket::new(10, begun);
    assert_eq!(given(&mut bucket, 100, begun), 10);
    assert_eq!(given(&mut bucket, 100, after(50)), 0);
    assert_eq!(given(&mut bucket, 100, after(250)), 2);
    assert_eq!(given(&mut bucket, 100, after(60_000)), 10, "what is not used is not saved up");
}

#[test]
fn a_clock_that_stands_still_or_goes_back_gives_nothing() {
    let begun = Instant::now() + Duration::from_secs(60);
    let mut bucket = Bucket::new(1, begun);
    assert_eq!(given(&mut bucket, 5, begun), 1);
    assert_eq!(given(&mut bucket, 5, begun - Duration::from_secs(30)), 0);
    assert_eq!(given(&mut bucket, 5, begun + Duration::from_millis(999)), 0);
    assert_eq!(given(&mut bucket, 5, begun + Duration::from_secs(2)), 1);
}
