//! Rows to print: whole where nothing in them is masked, masked inside, and none where a column could show what is.

use portcullis_tests::kubectl::VERSIONS;

use super::{STAGE, get, namespace};

const PASSWORD: &str = "correct-horse-battery-staple";

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.toys.example.org }
spec:
  group: toys.example.org
  scope: Namespaced
  names: { plural: widgets, singular: widget, kind: Widget }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { token: { type: string }, size: { type: string } } } } } }
      selectableFields: [{ jsonPath: .spec.token }, { jsonPath: .spec.size }]
      additionalPrinterColumns: [{ name: Token, type: string, jsonPath: .spec.token }]
"#;

#[test]
fn a_custom_resources_columns_and_selectors_do_not_tell_what_is_masked() {
    let admin = namespace("widgets");
    admin.apply(DEFINITION);
    admin.must(&["wait", "--for=condition=Established", "crd/widgets.toys.example.org", "--timeout=30s"]);
    admin.apply(&format!("apiVersion: toys.example.org/v1\nkind: Widget\nmetadata: {{ name: one }}\nspec: {{ token: {PASSWORD}, size: large }}\n"));
    assert!(admin.must(&["get", "widgets"]).contains(PASSWORD), "without the gateway the column shows it");
    for version in VERSIONS {
        let devin = STAGE.gateway.kubectl(version, "devin").within("widgets");
        for arguments in [&["get", "widgets"][..], &["get", "widgets", "-o", "wide"], &["get", "widget", "one", "-o", "yaml"], &["get", "widgets", "-o", "custom-columns=T:.spec.token"], &["describe", "widgets"]] {
            let shown = devin.run(arguments);
            assert!(shown.ok() && !shown.all().contains(PASSWORD), "kubectl {version} {arguments:?}: {shown:?}");
            assert!(shown.stdout.contains("one") || shown.stdout.contains("masked:v1:"), "kubectl {version} {arguments:?}: {shown:?}");
        }
        // One selector is a guess, the other is none.
        for guess in [PASSWORD, "wrong"] {
            let asked = devin.run(&["get", "widgets", "--field-selector", &format!("spec.token={guess}")]);
            assert!(asked.stderr.contains("the selector asks about `/spec/token`, which is masked"), "kubectl {version}: {asked:?}");
            assert!(!asked.stdout.contains("one"), "kubectl {version}: {asked:?}");
        }
        let sized = devin.run(&["get", "widgets", "--field-selector", "spec.size=large", "-o", "name"]);
        assert_eq!(sized.stdout, "widget.toys.example.org/one\n", "kubectl {version}: {sized:?}");
    }
    let path = "/apis/toys.example.org/v1/namespaces/widgets/widgets";
    for query in ["fieldSelector=spec.token%21%3Dx", "watch=1&timeoutSeconds=1&fieldSelector=spec.size%3Dlarge%2Cspec.token%3Dx", "fieldSelector=spec.token"] {
        let refused = get(&format!("{path}?{query}"), &[]);
        assert!([400, 403].contains(&refused.status), "{query}: {}", refused.text());
    }
    let reached = STAGE.cluster.seen("/widgets?");
    assert!(!reached.iter().any(|event| event["requestURI"].to_string().contains("spec.token")), "a guess reached the cluster: {reached:?}");
}

#[test]
fn built_in_tables_are_whole_and_their_rows_masked_inside() {
    let admin = namespace("tables");
    admin.apply(&format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: db }}\nstringData: {{ password: {PASSWORD} }}\n"));
    admin.apply(&format!(
        "apiVersion: v1\nkind: Event\nmetadata: {{ name: failed }}\ninvolvedObject: {{ kind: Pod, name: box, namespace: tables }}\n\
         reason: Failed\ntype: Warning\nmessage: \"cannot log in: password={PASSWORD} rejected\"\n"
    ));
    for version in VERSIONS {
        let devin = STAGE.gateway.kubectl(version, "devin").within("tables");
        let secrets = devin.run(&["get", "secrets", "-o", "wide"]);
        assert!(secrets.stdout.contains("NAME") && secrets.stdout.contains("TYPE") && secrets.stdout.contains("Opaque"), "kubectl {version}: {secrets:?}");
        let events = devin.run(&["get", "events"]);
        assert!(events.stdout.contains("cannot log in") && !events.all().contains(PASSWORD), "kubectl {version}: {events:?}");
    }
    for accept in ["application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"] {
        for query in ["", "?includeObject=Object", "?includeObject=Metadata", "?includeObject=None"] {
            let rows = get(&format!("/api/v1/namespaces/tables/secrets{query}"), &[("accept", accept)]);
            assert!([200, 400].contains(&rows.status), "{}", rows.text());
            let text = rows.text();
            assert!(!text.contains(PASSWORD) && !text.contains("Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ"), "{accept} {query}: {text}");
        }
    }
}
