use super::normal;

#[test]
fn ages_times_uids_and_versions_go_and_the_rest_stays() {
    let cases = [
        ("web   2/2   5s\n", "web   2/2   AGE\n"),
        ("web   2/2   3m12s   extra\n", "web   2/2   AGE extra\n"),
        ("  uid: 0b5f3c8e-9d0a-4f5e-8a53-3d6a1d0a4c11\n", "  uid: UID\n"),
        ("  resourceVersion: \"1234\"\n", "  resourceVersion: N\n"),
        ("  creationTimestamp: \"2026-11-22T14:00:00Z\"\n", "  creationTimestamp: \"TIME\"\n"),
        ("Start Time:   Sun, 22 Nov 2026 14:00:00 +0000\n", "Start Time:   TIME\n"),
        ("W1122 14:58:53.782916   24003 prune.go:71] Deprecated\n", "LOG prune.go:71] Deprecated\n"),
        ("E1122 14:58:43.331209   22141 websocket.go:296] Unknown stream id 1, discarding message\nfailed\n", "failed\n"),
        ("10.0.0.12  tolerations 300\n", "10.0.0.12  tolerations 300\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(normal(text), expected);
    }
}
