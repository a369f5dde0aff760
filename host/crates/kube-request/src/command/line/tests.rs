use super::*;
use proptest::prelude::*;

fn quoted(word: &str) -> String {
    let mut out = String::new();
    quote(word, &mut out);
    out
}

#[test]
fn words() {
    for (word, text) in [
        ("", "''"),
        ("a-b.c/d:e@f%g+h=i,j", "a-b.c/d:e@f%g+h=i,j"),
        ("a b", "'a b'"),
        ("$(rm)", "'$(rm)'"),
        ("it's", r"'it'\''s'"),
        ("*", "'*'"),
        ("~", "'~'"),
        ("#x", "'#x'"),
        ("caf\u{e9}", "'caf\u{e9}'"),
        ("a\nb", r"$'a\nb'"),
        ("a\\'\u{7f}", r"$'a\\\'\x7f'"),
        ("a\u{202e}b", r"$'a\U0000202eb'"),
    ] {
        assert_eq!(quoted(word), text);
    }
}

proptest! {
    #[test]
    fn one_line_and_nothing_hidden(word in any::<String>()) {
        prop_assert!(!quoted(&word).chars().any(is_deceptive));
    }
}
