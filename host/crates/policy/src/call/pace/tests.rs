//! What is slow, what is heavy, and for how long that is remembered.

use std::thread;

use super::*;

fn compute(time: Duration) {
    let begun = computed();
    while computed() < begun + time {
        std::hint::spin_loop();
    }
}

#[test]
fn who_computes_for_a_slice_at_a_stretch_is_slow_and_for_longer_in_sum_heavy() {
    let meter = Meter::default();
    assert_eq!(meter.pace(), Pace::Quick);
    meter.watch(|| compute(SLICE));
    assert_eq!(meter.pace(), Pace::Slow);
    meter.watch(|| compute(PATIENCE / 2));
    meter.watch(|| compute(PATIENCE / 2));
    assert_eq!(meter.pace(), Pace::Heavy);
}

#[test]
fn a_quick_call_whose_thread_lost_its_processor_is_not_slow() {
    let meter = Meter::default();
    meter.watch(|| thread::sleep(SLICE * 10));
    assert_eq!(meter.pace(), Pace::Quick);
}

#[test]
fn a_hundred_calls_in_a_row_clear_a_component() {
    let reputation = Reputation::default();
    assert_eq!(reputation.expected(), Pace::Quick);
    reputation.add(Pace::Heavy, false);
    for _ in 0..FORGIVEN_AFTER {
        assert_eq!(reputation.expected(), Pace::Heavy);
        reputation.add(Pace::Slow, true);
    }
    for _ in 0..FORGIVEN_AFTER {
        assert_eq!(reputation.expected(), Pace::Slow);
        reputation.add(Pace::Quick, true);
    }
    assert_eq!(reputation.expected(), Pace::Quick);
    reputation.add(Pace::Quick, true);
    assert_eq!(reputation.expected(), Pace::Quick, "and there is nothing left to count");
}

#[test]
fn a_call_that_waited_until_its_deadline_clears_nobody() {
    let reputation = Reputation::default();
    reputation.add(Pace::Slow, true);
    for _ in 0..FORGIVEN_AFTER * 2 {
        reputation.add(Pace::Quick, false);
    }
    assert_eq!(reputation.expected(), Pace::Slow);
}

#[test]
fn a_suspicion_is_looked_into_once() {
    let reputation = Reputation::default();
    assert!(!reputation.take_suspicion());
    reputation.suspect();
    assert!(reputation.take_suspicion());
    assert!(!reputation.take_suspicion());
}
