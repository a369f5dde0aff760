use super::{first_status, integer};

#[test]
fn a_status_is_read_in_each_of_its_forms() {
    assert_eq!(first_status(&[0x88]), Some(200));
    assert_eq!(first_status(&[0x20, 0x8c]), Some(400));
    assert_eq!(first_status(&[0x48, 3, b'4', b'0', b'3']), Some(403));
    // RFC 7541 appendix C.6.1: `302` by Huffman's code.
    assert_eq!(first_status(&[0x48, 0x82, 0x64, 0x02]), Some(302));
    // `431`: 011010 011001 00001, padded by ones.
    assert_eq!(first_status(&[0x48, 0x83, 0b0110_1001, 0b1001_0000, 0b1111_1111]), Some(431));
    assert_eq!(first_status(&[]), None);
}

#[test]
fn lengths_are_written_as_rfc_7541_does() {
    for (value, bytes) in [(10, &[10][..]), (126, &[126]), (127, &[127, 0]), (1337, &[127, 0b1011_1010, 0b0000_1001])] {
        let mut out = Vec::new();
        integer(value, &mut out);
        assert_eq!(out, bytes, "{value}");
    }
}
