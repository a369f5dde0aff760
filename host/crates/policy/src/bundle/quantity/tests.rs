use super::*;

#[test]
fn quantities() {
    let memory = [("", 1), ("KiB", 1024)];
    assert_eq!(quantity("5", &memory), Some(5));
    assert_eq!(quantity("5KiB", &memory), Some(5120));
    assert_eq!(quantity("5 KiB", &memory), Some(5120));
    assert_eq!(quantity("5KB", &memory), None);
    assert_eq!(quantity("-5", &memory), None);
    assert_eq!(quantity("99999999999999999999", &memory), None);
    assert_eq!(quantity("18446744073709551615KiB", &memory), None);
}

#[test]
fn shares() {
    for (text, expected) in [
        ("0%", Some(0)),
        ("10%", Some(1000)),
        ("10 %", Some(1000)),
        ("0.5%", Some(50)),
        ("0.05%", Some(5)),
        ("100%", Some(10_000)),
        ("100.00%", Some(10_000)),
        ("100.01%", None),
        ("0.005%", None),
        ("10", None),
        ("0.1", None),
        ("-1%", None),
        ("+1%", None),
        (".5%", None),
        ("5.%", None),
        ("%", None),
    ] {
        assert_eq!(share(text), expected, "{text}");
    }
}
