use super::*;

#[test]
fn forms_are_decoded_and_encoded() {
    let pairs = parse("a=1&b=x+y%2Fz&&c&d=%zz&e=%");
    let expected = [
        ("a", "1"),
        ("b", "x y/z"),
        ("c", ""),
        ("d", "%zz"),
        ("e", "%"),
    ];
    assert_eq!(
        pairs,
        expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert_eq!(first(&parse("k=1&k=2"), "k"), Some("1"));
    assert_eq!(encode("a b/ü~"), "a%20b%2F%C3%BC~");
    assert_eq!(decode("a+b%20c", false), "a+b c");
}
