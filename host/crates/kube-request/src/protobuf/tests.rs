use super::*;

fn text(number: u8, text: &str) -> Vec<u8> {
    message(number, text.as_bytes())
}

fn message(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2, u8::try_from(inner.len()).unwrap()];
    out.extend_from_slice(inner);
    out
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let meta = [text(1, api_version), text(2, kind)].concat();
    [MAGIC.to_vec(), message(1, &meta), message(2, raw), text(3, ""), text(4, "")].concat()
}

fn can_i(attributes: &[u8]) -> Vec<u8> {
    // As kubectl writes it: empty strings, the empty creation time and the status are all there.
    let meta = [text(1, ""), text(2, ""), text(3, ""), text(4, ""), text(5, ""), text(6, ""), vec![7 << 3, 0], message(8, &[])].concat();
    let status = [vec![1 << 3, 0], text(2, ""), text(3, ""), vec![4 << 3, 0]].concat();
    let raw = [message(1, &meta), message(2, &message(1, attributes)), message(3, &status)].concat();
    body("authorization.k8s.io/v1", "SelfSubjectAccessReview", &raw)
}

#[test]
fn can_i_reads_as_the_json_of_the_same_review() {
    let attributes = [text(1, "shop"), text(2, "delete"), text(3, "apps"), text(4, ""), text(5, "deployments"), text(6, ""), text(7, "")].concat();
    assert_eq!(
        decode(&can_i(&attributes)).unwrap().to_string(),
        r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","metadata":{},"spec":{"resourceAttributes":{"namespace":"shop","verb":"delete","group":"apps","resource":"deployments"}},"status":{}}"#
    );
}

#[test]
fn a_field_that_no_table_knows_is_refused() {
    assert_eq!(decode(&can_i(&text(9, "app=web"))), Err(ProtobufError::Field));
}

#[test]
fn a_field_that_is_said_twice_is_refused() {
    let attributes = [text(2, "get"), text(2, "delete")].concat();
    assert_eq!(decode(&can_i(&attributes)), Err(ProtobufError::Malformed));
}

#[test]
fn a_kind_without_a_table_is_refused_by_name() {
    assert_eq!(decode(&body("apps/v1", "Deployment", &[])), Err(ProtobufError::Kind { kind: "Deployment".to_owned() }));
}

#[test]
fn whatever_is_cut_off_is_refused() {
    let whole = can_i(&text(2, "get"));
    for length in 0..whole.len() {
        // The last fields of the envelope are empty and may be missing; what remains is then the same review.
        match decode(&whole[..length]) {
            Ok(json) => assert!(length >= whole.len() - 4, "{json}"),
            Err(_) => {}
        }
    }
}

#[test]
fn an_overlong_number_and_a_huge_length_are_refused() {
    assert_eq!(decode(&[MAGIC.as_slice(), &[0xff; 11]].concat()), Err(ProtobufError::Malformed));
    assert_eq!(decode(&[MAGIC.as_slice(), &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat()), Err(ProtobufError::Malformed));
    assert_eq!(decode(b"{}"), Err(ProtobufError::Envelope));
}
