use proptest::prelude::*;

use super::*;

fn sizes(pieces: &[&str]) -> Result<Vec<(u16, u16)>, Error> {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for piece in pieces {
        all.extend(decoder.decode(piece.as_bytes())?.into_iter().map(|size| (size.width, size.height)));
    }
    Ok(all)
}

#[test]
fn sizes_as_clients_send_them() {
    let cases: &[(&[&str], &[(u16, u16)])] = &[
        (&["{\"Width\":80,\"Height\":24}\n"], &[(80, 24)]),
        (&["{\"Height\":24,\"Width\":80}"], &[(80, 24)]),
        (&["{\"width\":80,\"height\":24}"], &[(80, 24)]),
        (&["{\"Width\":65535,\"Height\":1}", "{\"Width\":1,\"Height\":65535}"], &[(65535, 1), (1, 65535)]),
        (&["{\"Width\":80,\"Hei", "ght\":24}{\"Width\":81,\"Height\":25}", ""], &[(80, 24), (81, 25)]),
        (&["", " \n", "\n"], &[]),
        // A terminal without a window: the kubelet passes it over.
        (&["{\"Width\":0,\"Height\":0}", "{}", "{\"Width\":80}", "{\"Width\":80,\"Height\":24}"], &[(80, 24)]),
    ];
    for (pieces, expected) in cases {
        assert_eq!(sizes(pieces).as_deref(), Ok(*expected), "{pieces:?}");
    }
}

#[test]
fn what_is_no_size_is_refused() {
    for text in [
        "80x24",
        "[80,24]x",
        "{\"Width\":65536,\"Height\":24}",
        "{\"Width\":-1,\"Height\":24}",
        "{\"Width\":80.5,\"Height\":24}",
        "{\"Width\":\"80\",\"Height\":24}",
        "{\"Width\":80,\"Width\":81,\"Height\":24}",
        "{\"Width\":80,\"width\":81,\"Height\":24}",
        "{\"Width\":80,\"Height\":24}}",
        "\u{0}",
    ] {
        assert_eq!(sizes(&[text]), Err(Error::Size), "{text}");
    }
}

#[test]
fn one_that_never_ends_is_refused_and_not_kept() {
    let open = format!("{{\"Width\":{}", " ".repeat(MAX_RESIZE));
    assert_eq!(sizes(&[&open]), Err(Error::Size));
    let pieces = vec!["{\"a\":["; MAX_RESIZE];
    assert_eq!(sizes(&pieces), Err(Error::Size));
}

proptest! {
    #[test]
    fn any_size_is_read_as_it_was_written_however_it_is_cut(width in 1..=u16::MAX, height in 1..=u16::MAX, at in 0..20_usize) {
        let text = Size { width, height }.encode();
        let (one, two) = text.split_at(at.min(text.len()));
        prop_assert_eq!(sizes(&[one, two]), Ok(vec![(width, height)]));
    }
}
