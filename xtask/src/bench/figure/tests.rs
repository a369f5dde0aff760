use super::{Figure, line, median, row};

#[test]
fn the_middle_is_the_middle() {
    for (values, middle) in [(&[3.0, 1.0, 2.0][..], 2.0), (&[4.0, 1.0, 2.0, 3.0], 2.5), (&[7.0], 7.0)] {
        assert_eq!(median(values), middle, "{values:?}");
    }
    assert!(median(&[]).is_nan());
}

#[test]
fn a_ratio_is_of_rounds_next_to_each_other() {
    // A machine that halves its speed in the middle: the medians' own ratio would be 1.
    let (own, other) = ([100.0, 50.0, 50.0], [200.0, 100.0, 100.0]);
    let figure = Figure::new("throughput", "requests", "1/s", &own).beside("nginx", &own, &other);
    assert_eq!(figure.ratio, Some(0.5));
    assert_eq!(figure.spread, [50.0, 100.0]);
}

#[test]
fn a_line_has_the_fields_that_programs_rely_on() {
    let figure = Figure::new("memory", "idle", "MB", &[41.5]);
    assert_eq!(
        line(&figure),
        r#"{"bench":"memory","figure":"idle","value":41.5,"unit":"MB","spread":[41.5,41.5],"against":null,"ratio":null}"#
    );
    assert!(row(&figure).starts_with("memory"));
}
