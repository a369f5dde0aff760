use super::Seconds;

#[test]
fn lengths_of_time() {
    for (json, seconds) in [("\"90s\"", 90), ("\"15m\"", 900), ("\"8h\"", 28_800), ("\"2d\"", 172_800), ("45", 45)] {
        assert_eq!(serde_json::from_str::<Seconds>(json).expect(json), Seconds(seconds));
    }
    for json in ["\"\"", "\"m\"", "\"-1m\"", "\"1.5h\"", "\"5 m\"", "\"99999999d\"", "\"10\"", "-1", "5000000000", "true", "\"1µ\""] {
        let error = serde_json::from_str::<Seconds>(json).expect_err(json).to_string();
        assert!(error.contains("15m"), "{json}: {error}");
    }
}
