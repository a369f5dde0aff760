use super::*;

fn figures(reference: f64, p50_us: f64, memory_bytes: usize, bytes: usize) -> Figures {
    Figures {
        reference,
        components: vec![Component { plugin: "p".into(), bytes }],
        cases: vec![Case { case: "a".into(), plugin: Some("p".into()), p50_us, p99_us: 1000.0 * p50_us, memory_bytes }],
    }
}

#[test]
fn what_is_worse_by_more_than_the_threshold_is_named() {
    let baseline = figures(30.0, 8.0, 100_000, 50_000);
    for (now, worse) in [
        (figures(30.0, 9.5, 100_000, 50_000), vec![]),
        (figures(30.0, 4.0, 1, 1), vec![]),
        // A machine that is half as fast as it was.
        (figures(60.0, 16.0, 100_000, 50_000), vec![]),
        (figures(60.0, 20.0, 100_000, 50_000), vec!["`a` takes 20.0 µs, and took 16.0"]),
        (figures(30.0, 10.0, 130_000, 70_000), vec!["`a` takes 10.0 µs, and took 8.0", "`a` takes 130 kB of memory, and took 100 kB", "the component of p has 70 kB, and had 50 kB"]),
    ] {
        assert_eq!(now.worse_than(&baseline, Percent(20.0)), worse);
    }
    // Of a microsecond a clock cannot say much.
    assert!(figures(30.0, 1.4, 1, 1).worse_than(&figures(30.0, 0.7, 1, 1), Percent(20.0)).is_empty());
}

#[test]
fn a_threshold_is_a_share() {
    assert_eq!(("20%".parse(), "5".parse()), (Ok(Percent(20.0)), Ok(Percent(5.0))));
    for text in ["", "much", "-1%", "NaN"] {
        assert!(text.parse::<Percent>().is_err(), "{text}");
    }
}
