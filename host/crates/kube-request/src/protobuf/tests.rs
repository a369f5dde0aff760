use super::*;
use crate::json::MAX_DEPTH;

/// A number as few bytes as it needs.
fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
    out
}

/// A field that holds bytes: a string, a message.
fn bytes(number: u64, inner: impl AsRef<[u8]>) -> Vec<u8> {
    let inner = inner.as_ref();
    [varint(number << 3 | 2), varint(inner.len() as u64), inner.to_vec()].concat()
}

/// A field that holds a number.
fn int(number: u64, value: i64) -> Vec<u8> {
    [varint(number << 3), varint(value.cast_unsigned())].concat()
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let meta = [bytes(1, api_version), bytes(2, kind)].concat();
    [MAGIC.to_vec(), bytes(1, meta), bytes(2, raw), bytes(3, ""), bytes(4, "")].concat()
}

/// A body of a kind, in short: its JSON after the kind and API version, or the error.
fn read(api_version: &str, kind: &str, raw: impl AsRef<[u8]>) -> Result<String, ProtobufError> {
    let head = format!(r#"{{"kind":"{kind}","apiVersion":"{api_version}","#);
    decode(&body(api_version, kind, raw.as_ref())).map(|json| json.to_string().replacen(&head, "{", 1))
}

fn can_i(attributes: &[u8]) -> Vec<u8> {
    // As kubectl writes it: empty strings, the empty creation time and the status are all there.
    let meta = [bytes(1, ""), bytes(2, ""), bytes(3, ""), bytes(4, ""), bytes(5, ""), bytes(6, ""), int(7, 0), bytes(8, "")].concat();
    let status = [int(1, 0), bytes(2, ""), bytes(3, ""), int(4, 0)].concat();
    let raw = [bytes(1, meta), bytes(2, bytes(1, attributes)), bytes(3, status)].concat();
    body("authorization.k8s.io/v1", "SelfSubjectAccessReview", &raw)
}

#[test]
fn the_table_is_whole() {
    let table = Table::parse(include_str!("messages.txt")).expect("every line is understood");
    assert_eq!(table.len(), Table::get().len());
    for (api_version, kind) in [
        ("v1", "Pod"),
        ("v1", "PodList"),
        ("v1", "Binding"),
        ("v1", "Event"),
        ("v1", "Status"),
        ("apps/v1", "Deployment"),
        ("policy/v1", "Eviction"),
        ("autoscaling/v1", "Scale"),
        ("authentication.k8s.io/v1", "TokenRequest"),
        ("authorization.k8s.io/v1", "SelfSubjectRulesReview"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("apiregistration.k8s.io/v1", "APIService"),
        ("meta.k8s.io/v1", "DeleteOptions"),
        ("example.com/v1", "DeleteOptions"),
    ] {
        assert!(table.kind(api_version, kind).is_some(), "{api_version} {kind}");
    }
    assert!(table.kind("apps/v1", "Pod").is_none());
}

#[test]
fn can_i_reads_as_the_json_of_the_same_review() {
    let attributes = [bytes(1, "shop"), bytes(2, "delete"), bytes(3, "apps"), bytes(4, ""), bytes(5, "deployments"), bytes(6, ""), bytes(7, "")].concat();
    assert_eq!(
        decode(&can_i(&attributes)).unwrap().to_string(),
        r#"{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"resourceAttributes":{"namespace":"shop","verb":"delete","group":"apps","resource":"deployments"}},"status":{"allowed":false}}"#
    );
}

#[test]
fn structs_that_kubernetes_writes_flat_are_flat() {
    // A volume holds its source as a message; so does a key of a secret its name.
    let volume = [bytes(1, "data"), bytes(2, bytes(2, bytes(1, "")))].concat();
    let key = [bytes(1, bytes(1, "db")), bytes(2, "password")].concat();
    let container = [bytes(1, "c"), bytes(7, [bytes(1, "P"), bytes(3, bytes(4, key))].concat())].concat();
    assert_eq!(
        read("v1", "Pod", bytes(2, [bytes(1, volume), bytes(2, container)].concat())).unwrap(),
        r#"{"metadata":{},"spec":{"volumes":[{"name":"data","emptyDir":{}}],"containers":[{"name":"c","env":[{"name":"P","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}}],"resources":{}}]},"status":{}}"#
    );
}

#[test]
fn what_kubernetes_always_writes_is_there_and_what_it_leaves_out_is_not() {
    assert_eq!(read("v1", "PodList", []).unwrap(), r#"{"metadata":{},"items":null}"#);
    assert_eq!(read("v1", "Pod", bytes(2, [])).unwrap(), r#"{"metadata":{},"spec":{"containers":null},"status":{}}"#);
    // A pointer to zero is not nothing; a zero is.
    let spec = [int(1, 0), int(5, 0)].concat();
    assert!(read("apps/v1", "Deployment", bytes(2, spec)).unwrap().contains(r#""spec":{"replicas":0,"selector":null,"#));
}

/// Bytes, strings and maps of both, in the order in which Go writes maps.
#[test]
fn maps_and_bytes() {
    let entry = |key: &str, value: &[u8]| bytes(2, [bytes(1, key), bytes(2, value)].concat());
    assert_eq!(
        read("v1", "Secret", [entry("z", b"\0\xff"), entry("a", b"")].concat()).unwrap(),
        r#"{"metadata":{},"data":{"a":"","z":"AP8="}}"#
    );
    for wrong in [
        // The same key twice; without a key; without a value; with something else; with a key that is a number.
        [entry("a", b"1"), entry("a", b"2")].concat(),
        bytes(2, bytes(2, "x")),
        bytes(2, bytes(1, "x")),
        bytes(2, []),
        bytes(2, [bytes(1, "x"), bytes(2, "y"), bytes(3, "z")].concat()),
        bytes(2, [bytes(1, "x"), bytes(1, "y"), bytes(2, "z")].concat()),
        bytes(2, [int(1, 0), bytes(2, "z")].concat()),
        // A key that reaches out of its entry: Kubernetes' decoder reads on, and then goes back.
        [varint(2 << 3 | 2), varint(4), vec![0x0a, 0x04, b'a', b'b'], bytes(3, "Opaque")].concat(),
        bytes(2, [bytes(1, b"\xff"), bytes(2, "z")].concat()),
        int(2, 0),
    ] {
        assert!(read("v1", "Secret", &wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn numbers_in_lists_come_packed_or_not() {
    let spec = |ports: Vec<u8>| read("v1", "Pod", bytes(2, bytes(14, ports)));
    let groups = [int(4, 1), bytes(4, [varint(2), varint(300)].concat()), int(4, -1)].concat();
    assert!(spec(groups).unwrap().contains(r#""supplementalGroups":[1,2,300,-1]"#));
    assert!(!spec(bytes(4, [])).unwrap().contains("supplementalGroups"));
    assert!(spec(bytes(4, [0x80])).is_err());
}

#[test]
fn types_that_write_their_own_json() {
    let port = |of: &[u8]| read("v1", "Service", bytes(1 + 1, bytes(1, [int(3, 80), bytes(4, of)].concat())));
    for (target, json) in [
        (vec![], Some("0")),
        ([int(1, 0), int(2, 8080), bytes(3, "")].concat(), Some("8080")),
        ([int(1, 1), int(2, 0), bytes(3, "http")].concat(), Some("\"http\"")),
        (int(1, 1), Some("\"\"")),
        // The half that does not count says something: Kubernetes would keep it and we could not say it.
        ([int(1, 0), int(2, 1), bytes(3, "http")].concat(), None),
        ([int(1, 1), int(2, 1), bytes(3, "http")].concat(), None),
        (int(1, 2), None),
        (int(2, 1 << 32), None),
    ] {
        let found = port(&target);
        match json {
            Some(json) => assert!(found.as_ref().unwrap().contains(&format!("\"targetPort\":{json}}}")), "{found:?}"),
            None => assert!(found.is_err(), "{target:?}: {found:?}"),
        }
    }
    let limit = |text: &str| read("v1", "ResourceQuota", bytes(2, bytes(1, [bytes(1, "cpu"), bytes(2, bytes(1, text))].concat())));
    for (text, fine) in [("1", true), ("0.5", true), ("-1e3", true), ("10Gi", true), ("500m", true), ("", false), (" 1", false), ("1\"", false), ("\u{661}", false)] {
        assert_eq!(limit(text).is_ok(), fine, "{text}: {:?}", limit(text));
    }
    let created = |of: &[u8]| read("v1", "ConfigMap", bytes(1, bytes(8, of)));
    for (time, json) in [
        (vec![], Some("{}")),
        (int(1, 0), Some(r#"{"creationTimestamp":"1970-01-01T00:00:00Z"}"#)),
        ([int(1, 951_782_400), int(2, 999_999_999)].concat(), Some(r#"{"creationTimestamp":"2000-02-29T00:00:00Z"}"#)),
        (int(1, 253_402_300_799), Some(r#"{"creationTimestamp":"9999-12-31T23:59:59Z"}"#)),
        (int(1, -62_167_219_200), Some(r#"{"creationTimestamp":"0000-01-01T00:00:00Z"}"#)),
        (int(1, -62_135_596_800), Some("{}")),
        (int(1, 253_402_300_800), None),
        (int(1, -62_167_219_201), None),
        (int(1, i64::MIN), None),
        (int(2, -1), None),
    ] {
        let found = created(&time);
        match json {
            Some(json) => assert_eq!(found.unwrap(), format!("{{\"metadata\":{json}}}")),
            None => assert!(found.is_err(), "{time:?}: {found:?}"),
        }
    }
    let renewed = |nanos: i64| read("coordination.k8s.io/v1", "Lease", bytes(2, bytes(4, [int(1, 1), int(2, nanos)].concat())));
    assert!(renewed(1999).unwrap().contains(r#""renewTime":"1970-01-01T00:00:01.000001Z""#));
    assert!(renewed(1_000_000_000).is_err());
}

/// The pairs of Go's own `TestDurationString`, where they are not told by these.
#[test]
fn durations_as_go_prints_them() {
    let timeout = |nanoseconds: i64| {
        let table = Table::parse("message meta/v1.Duration duration\n1 duration int64\nmessage T\n1 d meta/v1.Duration\nkind v1 T T\n").unwrap();
        let mut out = Vec::new();
        let message = table.kind("v1", "T").unwrap();
        Decoder::new(&table).members(message, &bytes(1, int(1, nanoseconds)), 1, &mut out).map(|()| out[0].1.as_str().unwrap().to_owned())
    };
    for (nanoseconds, text) in [
        (0, "0s"),
        (1, "1ns"),
        (1100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (245_000_000_000, "4m5s"),
        (245_001_000_000, "4m5.001s"),
        (18_367_001_000_000, "5h6m7.001s"),
        (480_000_000_001, "8m0.000000001s"),
        (3_600_000_000_000, "1h0m0s"),
        (-1_500_000, "-1.5ms"),
        (i64::MAX, "2562047h47m16.854775807s"),
        (-i64::MAX, "-2562047h47m16.854775807s"),
    ] {
        assert_eq!(timeout(nanoseconds).unwrap(), text);
    }
    assert!(timeout(i64::MIN).is_err());
}

/// A schema of a CustomResourceDefinition at `spec.versions[0].schema.openAPIV3Schema`.
fn schema(of: &[u8]) -> Result<String, ProtobufError> {
    let version = [bytes(1, "v1"), bytes(4, bytes(1, of))].concat();
    let text = read("apiextensions.k8s.io/v1", "CustomResourceDefinition", bytes(2, bytes(7, version)))?;
    let from = text.find("openAPIV3Schema\":").unwrap() + "openAPIV3Schema\":".len();
    Ok(text[from..text.find("}}],\"scope").or_else(|| text.find("}}]")).unwrap()].to_owned())
}

#[test]
fn schemas() {
    let of = |text: &str| bytes(5, text);
    for (raw, json) in [
        (bytes(3, "#/x"), Some(r##"{"$ref":"#/x"}"##)),
        (int(38, 1), Some(r#"{"x-kubernetes-preserve-unknown-fields":true}"#)),
        // An array, of one schema or several; a boolean or a schema.
        (bytes(24, bytes(1, of("a"))), Some(r#"{"items":{"type":"a"}}"#)),
        (bytes(24, [bytes(2, of("a")), bytes(2, of("b"))].concat()), Some(r#"{"items":[{"type":"a"},{"type":"b"}]}"#)),
        (bytes(24, [bytes(1, of("a")), bytes(2, of("b"))].concat()), None),
        (bytes(30, int(1, 0)), Some(r#"{"additionalProperties":false}"#)),
        (bytes(30, int(1, 1)), Some(r#"{"additionalProperties":true}"#)),
        (bytes(30, [int(1, 1), bytes(2, of("a"))].concat()), Some(r#"{"additionalProperties":{"type":"a"}}"#)),
        (bytes(30, [int(1, 0), bytes(2, of("a"))].concat()), None),
        (bytes(30, bytes(2, of("a"))), None),
        // Any JSON, strictly.
        (bytes(8, bytes(1, r#" {"a": [1.0, null]} "#)), Some(r#"{"default":{"a":[1.0,null]}}"#)),
        (bytes(8, bytes(1, r#"{"a":1,"a":2}"#)), None),
        (bytes(8, bytes(1, "null")), None),
        (bytes(8, bytes(1, "")), None),
        (bytes(8, bytes(1, "1 2")), None),
        (bytes(8, bytes(1, "k8s\0\n\0")), None),
        (bytes(8, bytes(1, "\u{feff}1")), None),
        ([varint(9 << 3 | 1), 1.5f64.to_le_bytes().to_vec()].concat(), Some(r#"{"maximum":1.5}"#)),
        ([varint(9 << 3 | 1), f64::NAN.to_le_bytes().to_vec()].concat(), None),
        ([varint(9 << 3 | 1), vec![0; 7]].concat(), None),
    ] {
        let found = schema(&raw);
        match json {
            Some(json) => assert_eq!(found.as_deref(), Ok(json)),
            None => assert!(found.is_err(), "{raw:?}: {found:?}"),
        }
    }
}

#[test]
fn a_field_that_is_not_known_is_refused_wherever_it_is() {
    assert_eq!(decode(&can_i(&bytes(200, "x"))), Err(ProtobufError::Field { message: "authorization/v1.ResourceAttributes", number: 200 }));
    assert_eq!(read("v1", "Pod", bytes(99, "")), Err(ProtobufError::Field { message: "core/v1.Pod", number: 99 }));
    assert!(read("v1", "ConfigMap", bytes(1, bytes(8, int(3, 1)))).is_err());
}

#[test]
fn what_is_said_twice_is_refused() {
    assert_eq!(decode(&can_i(&[bytes(2, "get"), bytes(2, "delete")].concat())), Err(ProtobufError::Twice { message: "authorization/v1.ResourceAttributes", field: "verb" }));
    // Messages would be merged: a second spec could take a container out of the first one's sight.
    assert_eq!(read("v1", "Pod", [bytes(2, []), bytes(2, [])].concat()), Err(ProtobufError::Twice { message: "core/v1.Pod", field: "spec" }));
    // A source of a volume, twice within the message that lies flat, and the flat message twice.
    let volume = |of: Vec<u8>| read("v1", "Pod", bytes(2, bytes(1, of)));
    assert!(volume(bytes(2, [bytes(2, []), bytes(2, [])].concat())).is_err());
    assert!(volume([bytes(2, bytes(2, [])), bytes(2, bytes(1, bytes(1, "/")))].concat()).is_err());
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let port = |of: Vec<u8>| read("v1", "Service", bytes(2, bytes(1, of)));
    for wrong in [
        // A string where a number is, and the other way; a number of more than 32 bits; a boolean that is neither.
        bytes(3, "80"),
        int(1, 80),
        int(3, 1 << 31),
        int(3, i64::from(u32::MAX)),
        int(3, (1 << 32) + 80),
        bytes(1, b"\xc0\xaf"),
        bytes(1, b"\xed\xa0\x80"),
    ] {
        assert!(port(wrong.clone()).is_err(), "{wrong:?}");
    }
    assert!(port(int(3, -1)).unwrap().contains("\"port\":-1"));
    assert!(read("v1", "Secret", int(5, 2)).is_err());
    assert!(read("v1", "Secret", int(5, 1)).unwrap().contains("\"immutable\":true"));
}

#[test]
fn what_is_no_protobuf_is_refused() {
    for raw in [
        // Groups, the fixed 32 bits, wire types that do not exist.
        vec![3 << 3 | 3, 3 << 3 | 4],
        vec![3 << 3 | 4],
        vec![3 << 3 | 5, 0, 0, 0, 0],
        vec![3 << 3 | 6, 0],
        vec![3 << 3 | 7, 0],
        // The field zero; a number that Go cuts to 32 bits, and so takes for another field.
        vec![2, 0],
        [varint(((1 << 32) + 3) << 3 | 2), vec![0]].concat(),
        // A length of more than there is, and of more than there can be.
        vec![3 << 3 | 2, 5, b'a'],
        [vec![3 << 3 | 2], varint(u64::MAX)].concat(),
        // Numbers in more bytes than they need, and of more bits than 64.
        vec![3 << 3 | 2, 0x80, 0x00],
        [vec![5 << 3], vec![0x81; 9], vec![0x00]].concat(),
        [vec![5 << 3], vec![0xff; 9], vec![0x02]].concat(),
        [vec![5 << 3], vec![0xff; 11]].concat(),
    ] {
        assert!(read("v1", "Secret", &raw).is_err(), "{raw:?}");
    }
}

#[test]
fn the_envelope_holds_one_object_with_its_kind() {
    let meta = bytes(1, [bytes(1, "v1"), bytes(2, "Secret")].concat());
    let raw = bytes(2, bytes(3, "Opaque"));
    let decode = |parts: &[&[u8]]| decode(&[&[&MAGIC[..]], parts].concat().concat());
    assert!(decode(&[&meta, &raw]).is_ok());
    assert!(decode(&[&raw, &meta]).is_ok());
    for (parts, why) in [
        (&[][..], "nothing"),
        (&[&meta[..]], "no object"),
        (&[&raw], "no kind"),
        (&[&meta, &meta, &raw], "two kinds"),
        (&[&meta, &raw, &raw], "two objects"),
        (&[&meta, &raw, &bytes(3, "gzip")], "an encoding"),
        (&[&meta, &raw, &bytes(4, "application/json")], "another content type"),
        (&[&meta, &raw, &bytes(5, "")], "something else"),
        (&[&meta, &raw, &[0]], "a field zero"),
        (&[&bytes(1, [bytes(1, "v1"), bytes(2, "Secret"), bytes(2, "Pod")].concat()), &raw], "a kind twice"),
        (&[&bytes(1, [bytes(1, "v1"), bytes(2, "Secret"), bytes(3, "")].concat()), &raw], "more than a kind"),
        (&[&bytes(1, [bytes(1, "v1"), bytes(2, b"\xff")].concat()), &raw], "no text"),
    ] {
        assert!(decode(parts).is_err(), "{why}");
    }
    assert_eq!(super::decode(b"{}"), Err(ProtobufError::Envelope));
    assert_eq!(super::decode(b"k8s"), Err(ProtobufError::Envelope));
    assert_eq!(super::decode(&body("v1", "", b"")), Err(ProtobufError::Kind { kind: String::new() }));
    assert_eq!(super::decode(&body("example.com/v1", "Wid<get", b"")), Err(ProtobufError::Kind { kind: "Widget".to_owned() }));
}

#[test]
fn whatever_is_cut_off_is_refused() {
    let whole = can_i(&bytes(2, "get"));
    for length in 0..whole.len() {
        // The last fields of the envelope are empty and may be missing; what remains is then the same review.
        match decode(&whole[..length]) {
            Ok(json) => assert!(length >= whole.len() - 4, "{json}"),
            Err(error) => assert!(matches!(error, ProtobufError::Envelope | ProtobufError::Malformed), "{error}"),
        }
    }
}

#[test]
fn bounded_in_depth_number_and_size() {
    let not = |levels: usize| (0..levels).fold(Vec::new(), |inner, _| bytes(28, inner));
    assert!(schema(&not(MAX_DEPTH / 2)).is_ok());
    assert_eq!(schema(&not(MAX_DEPTH)), Err(ProtobufError::TooDeep));
    // As deep as 3 MiB can be: a message that holds all others costs as many bytes for its length.
    assert_eq!(schema(&not(50_000)), Err(ProtobufError::TooDeep));
    // JSON within counts from where it is.
    let json = |levels: usize| schema(&bytes(8, bytes(1, format!("{}{}", "[".repeat(levels), "]".repeat(levels)))));
    assert!(json(MAX_DEPTH - 10).is_ok());
    assert!(matches!(json(MAX_DEPTH), Err(ProtobufError::Json { error: JsonError::TooDeep, .. })));
    // Two bytes each, and each as JSON is `{"metadata":{},"spec":{"containers":null},"status":{}}`.
    let items = bytes(2, []).repeat(1_500_000);
    assert_eq!(read("v1", "PodList", items), Err(ProtobufError::TooLarge));
    let list = bytes(2, bytes(3, "")).repeat(1_000_000);
    assert_eq!(read("v1", "PodList", list), Err(ProtobufError::TooLarge));
    let groups = bytes(2, bytes(14, bytes(4, vec![1; 3_000_000])));
    assert_eq!(read("v1", "Pod", groups), Err(ProtobufError::TooLarge));
}
