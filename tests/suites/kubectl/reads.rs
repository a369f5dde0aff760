//! Commands that change nothing: on the same objects both ways.

use portcullis_tests::Output;
use portcullis_tests::process::Running;
use portcullis_tests::until;

use super::side::{MAP, POD, SOON, STAGE, Sides, both_versions};

both_versions! {
    get_prints_the_same_in_every_form
    a_watch_follows_the_same
    describe_prints_the_same
    what_is_not_there_is_told_the_same
    api_resources_and_explain_print_the_same
    auth_can_i_is_answered_or_refused_as_the_body_says
    top_fails_the_same
    wait_ends_the_same
    raw_and_discovery_paths_print_the_same
}

fn get_prints_the_same_in_every_form(version: &'static str) {
    let sides = Sides::new("get", version);
    sides.prepare(&(MAP.to_owned() + "---\n" + POD));
    sides.ready("pod/box");
    for arguments in [
        &["get", "configmap", "notes"][..],
        &["get", "configmaps"],
        &["get", "cm,pods"],
        &["get", "configmap", "notes", "-o", "yaml"],
        &["get", "configmap", "notes", "-o", "json"],
        &["get", "configmaps", "-o", "yaml"],
        &["get", "pods", "-o", "wide"],
        &["get", "pods", "-o", "name"],
        &["get", "pods", "-l", "app=box", "--show-labels"],
        &["get", "pods", "--field-selector=metadata.name=box"],
        &["get", "pods", "--sort-by=.metadata.name"],
        &["get", "pods", "-A", "--field-selector=metadata.name=none"],
        &["get", "pod", "box", "-o", "jsonpath={.spec.containers[0].image}"],
        &["get", "pod", "box", "-o", "custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[*].image"],
        &["get", "pods", "--chunk-size=1"],
        &["get", "configmap", "notes", "-o", "yaml", "--show-managed-fields"],
        &["get", "nodes"],
    ] {
        assert!(sides.same_read(arguments).ok(), "{arguments:?}");
    }
}

fn a_watch_follows_the_same(version: &'static str) {
    let sides = Sides::new("watch", version);
    sides.prepare(MAP);
    for arguments in [&["get", "configmaps", "-w", "-l", "app=notes"][..], &["get", "configmap", "notes", "-w", "-o", "yaml"]] {
        let straight = sides.straight.start(arguments);
        let gated = sides.gated_near().start(arguments);
        let both = |what: &str, seen: &dyn Fn(&Running) -> bool| {
            until(SOON, &format!("for {what} in {arguments:?}: gated {:?}", gated.stdout()), || (seen(&straight) && seen(&gated)).then_some(()));
        };
        both("the object", &|running| running.stdout().contains("notes"));
        let admin = sides.admin();
        let mark = format!("mark{}", arguments.len());
        admin.must(&["patch", "configmap", "notes", "-p", &format!(r#"{{"data":{{"{mark}":"{mark}"}}}}"#)]);
        let lines = |running: &Running| running.stdout().lines().filter(|line| line.starts_with("notes")).count();
        if arguments.contains(&"yaml") {
            both("the change", &|running| running.stdout().contains(&mark));
        } else {
            both("the change", &|running| lines(running) >= 2);
        }
        sides.equal(&straight.kill(), &gated.kill(), &arguments.join(" "));
    }
}

fn describe_prints_the_same(version: &'static str) {
    let sides = Sides::new("describe", version);
    // The old kubectl prints the keys of a config map in any order, so this one has one key.
    sides.prepare(&(MAP.replace(", b: \"2\"", "") + "---\n" + POD));
    sides.ready("pod/box");
    for arguments in [&["describe", "configmap", "notes"][..], &["describe", "pod", "box"], &["describe", "pods"], &["describe", "namespace", &sides.near], &["describe", "service", "kubernetes", "-n", "default"]] {
        assert!(sides.same_read(arguments).ok(), "{arguments:?}");
    }
}

fn what_is_not_there_is_told_the_same(version: &'static str) {
    let sides = Sides::new("missing", version);
    for arguments in [
        &["get", "configmap", "nothing"][..],
        &["get", "pods"],
        &["get", "unicorns"],
        &["delete", "configmap", "nothing"],
        &["describe", "pod", "nothing"],
        &["logs", "nothing"],
        &["exec", "nothing", "--", "true"],
    ] {
        assert_eq!(sides.same_read(arguments).code, i32::from(arguments != ["get", "pods"]), "{arguments:?}");
    }
}

fn api_resources_and_explain_print_the_same(version: &'static str) {
    let sides = Sides::new("discover", version);
    for arguments in [
        &["api-resources"][..],
        &["api-resources", "-o", "wide", "--sort-by=name"],
        &["api-versions"],
        &["explain", "pods"],
        &["explain", "deployments.spec.template.spec.containers.env"],
        &["explain", "deployment", "--recursive"],
        &["explain", "pods", "--output=plaintext-openapiv2"],
        &["version", "-o", "json"],
        &["cluster-info", "dump", "--output-directory=/dev/null/none"],
    ] {
        sides.same_read(arguments);
    }
}

fn auth_can_i_is_answered_or_refused_as_the_body_says(version: &'static str) {
    let sides = Sides::new("can-i", version);
    for arguments in [&["auth", "can-i", "get", "pods"][..], &["auth", "whoami"]] {
        let straight = sides.straight.run(arguments);
        let gated = sides.gated_near().run(arguments);
        if gated.stderr.contains("UnsupportedMediaType") || gated.all().contains("protobuf") {
            // A body that no policy can read is refused, and kubectl does not try again in JSON.
            assert_eq!(gated.code, 1, "{gated:?}");
            continue;
        }
        sides.equal(&straight, &gated, &arguments.join(" "));
    }
    // Nobody can say in advance what the policies make of a rule with a `*`, so the list says that it is not the last word.
    let list = ["auth", "can-i", "--list"];
    let (straight, gated) = (sides.straight.run(&list), sides.gated_near().run(&list));
    assert!(gated.stderr.contains("the list may be incomplete: ") && gated.stderr.contains("the gateway's policies judge each request"), "{gated:?}");
    sides.equal(&Output { stderr: String::new(), ..straight }, &Output { stderr: String::new(), ..gated }, "auth can-i --list");
}

fn top_fails_the_same(version: &'static str) {
    let sides = Sides::new("top", version);
    for arguments in [&["top", "pods"][..], &["top", "nodes"]] {
        assert_eq!(sides.same_read(arguments).code, 1);
    }
}

fn wait_ends_the_same(version: &'static str) {
    let sides = Sides::new("wait", version);
    sides.prepare(POD);
    for arguments in [
        &["wait", "--for=condition=Ready", "pod/box", "--timeout=50s"][..],
        &["wait", "--for=jsonpath={.status.phase}=Running", "pod/box", "--timeout=50s"],
        &["wait", "--for=condition=Never", "pod/box", "--timeout=1s"],
        &["wait", "--for=delete", "pod/other", "--timeout=5s"],
    ] {
        sides.same_read(arguments);
    }
}

fn raw_and_discovery_paths_print_the_same(version: &'static str) {
    let sides = Sides::new("raw", version);
    // The old kubectl takes such a path from the server's root, whatever stands in the kubeconfig.
    let prefix = if version == "1.32" { STAGE.gateway.path("") } else { String::new() };
    for (path, code) in [("/version", 0), ("/api", 0), ("/apis", 0), ("/apis/apps/v1", 0), ("/healthz", 0), ("/readyz", 0), ("/openapi/v3", 0), ("/api/v1/nothing", 1)] {
        let straight = sides.straight.run(&["get", "--raw", path]);
        let gated = sides.gated_near().run(&["get", "--raw", &format!("{prefix}{path}")]);
        sides.equal(&straight, &gated, path);
        assert_eq!(gated.code, code, "{path}: {gated:?}");
    }
}
