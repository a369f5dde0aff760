use super::*;

#[test]
fn times_fall_into_their_buckets() {
    let metrics = PluginMetrics::default();
    for microseconds in [0, 5, 6, 1_000_000, 2_000_000] {
        metrics.called(Duration::from_micros(microseconds));
    }
    metrics.remembered();
    metrics.failed("trap");
    let reading = metrics.read();
    assert_eq!((reading.evaluations, reading.remembered, reading.microseconds), (5, 1, 3_000_011));
    assert_eq!((reading.buckets[0], reading.buckets[1], reading.buckets[13], reading.buckets[14]), (2, 1, 1, 1));
    assert_eq!(reading.failures["trap"], 1);
}
