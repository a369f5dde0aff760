use super::*;

fn files() -> Files {
    let file = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec());
    Files::from([file("bundle.yaml", b"plugins: []"), file("a.wasm", b"\0asm"), file("cases/all.yaml", b"cases: []")])
}

#[test]
fn the_text_is_what_sha256sum_would_say_in_a_fixed_order() {
    let text = text(&files()).unwrap();
    let paths: Vec<&str> = text.lines().skip(1).map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(paths, ["a.wasm", "bundle.yaml", "cases/all.yaml"]);
    assert!(text.contains("sha256:cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f  a.wasm"), "{text}");
}

#[test]
fn a_signature_holds_for_these_files_and_these_keys_alone() {
    let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let keys = [other.public("other"), key.public("ours")];
    // The note has a name of its own for the key; told is the operator's.
    let note = sign(&files(), "release", &key).unwrap();
    assert_eq!(verify(note.as_bytes(), &files(), &keys).unwrap(), ["ours"]);
    assert_eq!(verify(note.as_bytes(), &files(), &keys[..1]).unwrap(), [""; 0]);

    let mut changed = files();
    changed.insert("a.wasm".into(), b"\0ASM".to_vec());
    assert!(verify(note.as_bytes(), &changed, &keys).unwrap_err().to_string().contains(r#""a.wasm" has changed since"#));
    let mut more = files();
    more.insert("b.wasm".into(), b"\0asm".to_vec());
    assert!(verify(note.as_bytes(), &more, &keys).unwrap_err().to_string().contains(r#""b.wasm" is not among them"#));
    let mut less = files();
    less.remove("a.wasm");
    assert!(verify(note.as_bytes(), &less, &keys).unwrap_err().to_string().contains(r#""a.wasm" is missing"#));
}

#[test]
fn notes_of_another_form_are_refused() {
    let key = SigningKey::generate().unwrap();
    let note = sign(&files(), "release", &key).unwrap();
    let keys = [key.public("release")];
    for (from, to) in [("\n\n", "\n"), ("portcullis.dev/bundle/v1", "portcullis.dev/bundle/v2"), ("\u{2014} ", "- "), (" release ", " release "), ("release ", "release !")] {
        let wrong = note.replace(from, to);
        let outcome = verify(wrong.as_bytes(), &files(), &keys);
        assert_eq!(outcome.is_ok(), wrong == note, "{from:?} {to:?}");
    }
    assert!(verify(&[0xff], &files(), &keys).is_err());
    for name in ["", "two words", "a+b"] {
        assert!(sign(&files(), name, &key).is_err(), "{name:?}");
    }
    for path in ["../up", "/root", "a//b", "line\nbreak", "./here", ""] {
        let strange = Files::from([(path.to_owned(), Vec::new())]);
        assert!(matches!(sign(&strange, "release", &key), Err(NoteError::Path(_))), "{path:?}");
    }
}

/// A bit anywhere in the note undoes it.
#[test]
fn no_byte_of_a_note_can_change() {
    let key = SigningKey::generate().unwrap();
    let note = sign(&files(), "release", &key).unwrap().into_bytes();
    let keys = [key.public("release")];
    // The name that the note has for the key says nothing: told is the operator's.
    let dash = String::from_utf8(note.clone()).unwrap().find(DASH).unwrap() + DASH.len();
    for at in (0..note.len() - 1).filter(|at| !(dash..dash + "release".len()).contains(at)) {
        let mut wrong = note.clone();
        wrong[at] ^= 1;
        assert!(!verify(&wrong, &files(), &keys).is_ok_and(|signers| !signers.is_empty()), "byte {at}");
    }
}
