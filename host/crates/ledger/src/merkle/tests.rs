use super::*;

/// RFC 6962, section 2.1, word by word.
fn reference(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(b""),
        [one] => *one,
        many => {
            let k = many.len().next_power_of_two() / 2;
            node_hash(&reference(&many[..k]), &reference(&many[k..]))
        }
    }
}

#[test]
fn equals_the_recursive_definition() {
    let leaves: Vec<Hash> = (0u32..200).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let mut range = CompactRange::default();
    assert_eq!(range.root(), reference(&[]));
    for (n, leaf) in leaves.iter().enumerate() {
        range.push(*leaf);
        assert_eq!(range.size(), n as u64 + 1);
        assert_eq!(range.root(), reference(&leaves[..=n]), "{n}");
        assert_eq!(CompactRange::from_parts(range.size(), range.roots().to_vec()), Some(range.clone()));
    }
}

/// The roots that the reference implementation of certificate transparency tests with.
#[test]
fn known_roots() {
    let inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let mut range = CompactRange::default();
    for input in inputs {
        range.push(leaf_hash(&hex::decode(input).unwrap()));
    }
    assert_eq!(hex::encode(range.root()), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    assert_eq!(CompactRange::from_parts(3, vec![[0; 32]]), None);
}
