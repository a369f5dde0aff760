use super::*;

#[test]
fn custom_sections_go_by_name_and_the_rest_stays() {
    let custom = |name: &str| [&[0, name.len() as u8 + 3, name.len() as u8], name.as_bytes(), &[1, 2]].concat();
    let code = vec![10, 2, 0, 0];
    let module = [HEADER.to_vec(), custom("keep"), code.clone(), custom("drop-me")].concat();
    let kept = without(&module, |name| name.starts_with("drop")).expect("a module");
    assert_eq!(kept, [HEADER.to_vec(), custom("keep"), code].concat());
}

#[test]
fn what_is_no_module_is_refused() {
    for (bytes, why) in [
        (&b"text"[..], NoModule::Header),
        (b"\0asm\x01\0\0\0\x0a\x05\0", NoModule::Section),
        (b"\0asm\x01\0\0\0\0\x80", NoModule::Number),
        (b"\0asm\x01\0\0\0\0\x02\x09a", NoModule::Name),
    ] {
        assert_eq!(without(bytes, |_| true), Err(why), "{bytes:?}");
    }
}
