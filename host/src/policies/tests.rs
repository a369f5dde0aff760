use super::*;

#[test]
fn a_registry_that_does_not_answer_is_asked_less_and_less_often() {
    let within = |interval: u64, failures: u32, expected: u64| {
        let got = pause(Duration::from_secs(interval), failures).as_secs_f64();
        let expected = expected as f64;
        assert!(got >= expected * 0.9 && got <= expected * 1.1, "{interval} s after {failures}: {got}");
    };
    within(60, 0, 60);
    within(60, 1, 120);
    within(60, 3, 480);
    within(60, 4, 600);
    within(60, 4_000_000, 600);
    within(3600, 0, 3600);
    within(3600, 5, 3600);
}
