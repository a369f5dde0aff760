use super::*;

#[test]
fn durations_read_as_kubectl_prints_them() {
    for (seconds, text) in [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (150, "2m30s"),
        (600, "10m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 300, "3h5m"),
        (9 * 3600, "9h"),
        (2 * 86400, "2d"),
        (2 * 86400 + 3600, "2d1h"),
        (400 * 86400, "400d"),
        (-1, "<invalid>"),
    ] {
        assert_eq!(human(seconds), text);
    }
}

#[test]
fn times_survive_the_way_there_and_back() {
    assert_eq!(format(0), "1970-01-01T00:00:00Z");
    assert!(age_of(&now()).is_some_and(|age| age <= 1));
    assert_eq!(age_of("yesterday"), None);
}
