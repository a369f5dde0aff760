use portcullis_sdk::Builder;

use super::*;

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect(text)
}

#[test]
fn selectors_as_kubernetes_reads_them() {
    let of = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>();
    let prod = of(&[("env", "prod"), ("app.kubernetes.io/name", "web")]);
    for (text, selects) in [
        ("env=prod", true),
        ("env==prod", true),
        ("env = prod , app.kubernetes.io/name=web", true),
        ("env!=prod", false),
        ("env in (prod, stage)", true),
        ("env in (stage)", false),
        ("env notin (dev)", true),
        ("env notin (prod)", false),
        ("tier notin (db)", true),
        ("tier!=db", true),
        ("tier", false),
        ("env", true),
        ("!tier", true),
        ("!env", false),
        ("env in (prod,stage),env!=stage", true),
        ("", true),
    ] {
        assert_eq!(selector(text).selects(&prod), selects, "{text}");
    }
    for text in ["env=a b", "env>1", "env in prod", "env near (prod)", "=prod", "!", "a b"] {
        assert!(Selector::parse(text).is_err(), "{text}");
    }
}

#[test]
fn two_selectors_beside_each_other() {
    for (rule, request, surely, maybe) in [
        ("env=prod", "env=prod", true, true),
        ("env=prod", "env=prod,tier=db", true, true),
        ("env=prod", "env=dev", false, false),
        ("env=prod", "tier=db", false, true),
        ("env=prod", "env in (prod,dev)", false, true),
        ("env in (prod,stage)", "env in (prod)", true, true),
        ("env=prod", "env!=prod", false, false),
        ("env=prod", "env", false, true),
        ("env=prod", "!env", false, false),
        ("env", "env=dev", true, true),
        ("env", "!env", false, false),
        ("!env", "!env", true, true),
        ("!env", "env", false, false),
        ("env!=prod", "env=dev", true, true),
        ("env!=prod", "!env", true, true),
        ("env!=prod", "env notin (prod,stage)", true, true),
        ("env!=prod", "env=prod", false, false),
        ("env=prod,tier=db", "env=prod", false, true),
        ("env=prod,tier=db", "env=prod,tier=db", true, true),
        ("env=prod,tier=db", "tier=web", false, false),
    ] {
        let (rule_, theirs) = (selector(rule), selector(request));
        assert_eq!((rule_.holds_all_of(&theirs), !rule_.is_apart_from(&theirs)), (surely, maybe), "{rule} and {request}");
    }
}

#[test]
fn what_a_request_says_of_labels() {
    let pods = "/api/v1/namespaces/shop/pods";
    let protected = selector("protected=yes");
    let yes = r#"{"metadata": {"labels": {"protected": "yes"}}}"#;
    let no = r#"{"metadata": {"labels": {"protected": "no"}}}"#;
    let patch = |body: &str, preview: &str| Builder::of_path("patch", &format!("{pods}/web")).body(body).preview(preview).build();
    // Surely, and maybe.
    for (request, surely, maybe) in [
        (Request::post(pods, yes), true, true),
        (Request::post(pods, no), false, false),
        (Request::post(pods, "{}"), false, false),
        // What it was labelled before is not known.
        (Request::put(&format!("{pods}/web"), yes), true, true),
        (Request::put(&format!("{pods}/web"), no), false, true),
        (patch(r#"{"spec": {}}"#, yes), true, true),
        (patch(r#"{"spec": {}}"#, no), false, false),
        (patch(r#"{"metadata": {"labels": {"protected": null}}}"#, no), false, true),
        (patch(r#"[{"op": "remove", "path": "/metadata/labels/protected"}]"#, no), false, true),
        (Builder::of_path("patch", &format!("{pods}/web")).body("{}").preview_fails("it is invalid").build(), false, true),
        (Request::delete(&format!("{pods}/web")), false, true),
        (Request::get(&format!("{pods}/web")), false, true),
        (Request::get(pods), false, true),
        (Request::delete(&format!("{pods}?labelSelector=protected=yes")), true, true),
        (Request::delete(&format!("{pods}?labelSelector=protected=no")), false, false),
        (Request::delete(&format!("{pods}?labelSelector=protected>1")), false, true),
        (Request::get(&format!("{pods}/web/log")), false, true),
    ] {
        let found = (protected.fits(&request, false), protected.fits(&request, true));
        assert_eq!(found, (surely, maybe), "{} {}", request.verb(), request.path());
    }
}
