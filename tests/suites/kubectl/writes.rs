//! Commands that change something: on twins, which must look the same afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use portcullis_tests::process::{LIMIT, run};

use super::side::{DEPLOYMENT, MAP, POD, STAGE, Sides, both_versions};

both_versions! {
    create_from_a_file_does_the_same
    what_kubectl_builds_itself_does_the_same
    apply_does_the_same
    server_side_apply_does_the_same
    edit_does_the_same
    label_annotate_and_patch_do_the_same
    scale_and_rollout_do_the_same
    delete_does_the_same
    what_the_api_server_refuses_is_told_the_same
    dry_runs_and_diffs_do_the_same
}

fn create_from_a_file_does_the_same(version: &'static str) {
    let sides = Sides::new("create", version);
    let created = sides.same_write(&["create", "-f", "-"], &(MAP.to_owned() + "---\n" + POD));
    assert_eq!(created.stdout, "configmap/notes created\npod/box created\n");
    let again = sides.same_write(&["create", "-f", "-"], MAP);
    assert!(again.stderr.contains("AlreadyExists"), "{again:?}");
    sides.same_write(&["get", "configmap", "notes", "-o", "yaml"], "");
    let json = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"many-"},"data":{"big":"90071992547409931","e":"\u00e9"}}"#;
    let generated = sides.gated.run_with(&["create", "-f", "-", "-o", "jsonpath={.data.big} {.data.e}"], json).expect_ok();
    assert_eq!(generated.stdout, "90071992547409931 é");
}

/// These send protobuf, whatever the flags.
fn what_kubectl_builds_itself_does_the_same(version: &'static str) {
    let sides = Sides::new("protobuf", version);
    for arguments in [
        &["create", "deployment", "web", "--image=busybox:1", "--replicas=0", "--port=80", "--", "sleep", "600"][..],
        &["create", "secret", "generic", "db", "--from-literal=password=opensesame"],
        &["create", "secret", "docker-registry", "pull", "--docker-username=a", "--docker-password=b"],
        &["create", "configmap", "settings", "--from-literal=mode=fast"],
        &["create", "serviceaccount", "robot"],
        &["create", "service", "clusterip", "web", "--tcp=80:8080", "--clusterip=None"],
        &["create", "ingress", "web", "--rule=example.com/*=web:80"],
        &["create", "job", "once", "--image=busybox:1"],
        &["create", "cronjob", "often", "--image=busybox:1", "--schedule=*/5 * * * *"],
        &["create", "quota", "small", "--hard=cpu=1500m,memory=0.5Gi"],
        &["create", "poddisruptionbudget", "web", "--selector=app=web", "--min-available=50%"],
        &["create", "role", "reader", "--verb=get", "--resource=pods"],
        &["create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:robot"],
        &["create", "deployment", "web", "--image=busybox:1"],
        &["get", "secret", "db", "-o", "jsonpath={.data.password}"],
        &["get", "quota", "small", "-o", "jsonpath={.spec.hard}"],
        &["get", "poddisruptionbudget", "web", "-o", "jsonpath={.spec}"],
        &["get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers}"],
    ] {
        sides.same_write(arguments, "");
    }
    // A token is never the same twice.
    for kubectl in [&sides.straight, &sides.gated] {
        let token = kubectl.run(&["create", "token", "robot", "--duration=10m"]).expect_ok();
        assert_eq!(token.stdout.trim().split('.').count(), 3, "{token:?}");
    }
    let seen: Vec<_> = STAGE.cluster.seen(&format!("/namespaces/{}/deployments", sides.far)).into_iter().filter(|event| event["verb"] == "create" && event["user"]["username"] == "gateway").collect();
    assert!(!seen.is_empty(), "the gateway created it");
}

fn apply_does_the_same(version: &'static str) {
    let sides = Sides::new("apply", version);
    let changed = MAP.replace("hello", "good day");
    assert!(sides.same_write(&["apply", "-f", "-"], MAP).stdout.contains("created"));
    assert!(sides.same_write(&["apply", "-f", "-"], MAP).stdout.contains("unchanged"));
    assert!(sides.same_write(&["apply", "-f", "-"], &changed).stdout.contains("configured"));
    assert!(sides.same_write(&["apply", "-f", "-"], DEPLOYMENT).stdout.contains("created"));
    assert!(sides.same_write(&["apply", "-f", "-"], &DEPLOYMENT.replace("replicas: 1", "replicas: 2")).stdout.contains("configured"));
    assert!(sides.same_write(&["apply", "-f", "-", "--prune", "-l", "app=notes"], &MAP.replace("name: notes", "name: other")).ok());
    sides.same_write(&["get", "configmaps", "-l", "app=notes", "-o", "yaml"], "");
    sides.same_write(&["apply", "view-last-applied", "configmap", "other"], "");
}

fn server_side_apply_does_the_same(version: &'static str) {
    let sides = Sides::new("server-side", version);
    assert!(sides.same_write(&["apply", "--server-side", "-f", "-"], MAP).stdout.contains("serverside-applied"));
    assert!(sides.same_write(&["apply", "--server-side", "-f", "-"], &MAP.replace("hello", "good day")).ok());
    let conflict = sides.same_write(&["apply", "--server-side", "--field-manager=other", "-f", "-"], MAP);
    assert!(conflict.code == 1 && conflict.stderr.contains("conflict"), "{conflict:?}");
    assert!(sides.same_write(&["apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-"], MAP).ok());
    sides.same_write(&["get", "configmap", "notes", "-o", "yaml", "--show-managed-fields"], "");
}

fn edit_does_the_same(version: &'static str) {
    let sides = Sides::new("edit", version);
    sides.prepare(MAP);
    let editor = STAGE.gateway.scratch().join(format!("editor-{version}"));
    fs::write(&editor, "#!/bin/sh\nsed -i 's/hello/edited/' \"$1\"\n").expect("a script can be written");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let edit = |kubectl: &portcullis_tests::kubectl::Kubectl| run(kubectl.command(&["edit", "configmap", "notes"]).env("KUBE_EDITOR", &editor), b"", LIMIT);
    let (straight, gated) = (edit(&sides.straight), edit(&sides.gated));
    sides.equal(&straight, &gated, "edit");
    assert!(gated.stdout.contains("configmap/notes edited"), "{gated:?}");
    assert_eq!(sides.same_write(&["get", "configmap", "notes", "-o", "jsonpath={.data.greeting}"], "").stdout, "edited");
}

fn label_annotate_and_patch_do_the_same(version: &'static str) {
    let sides = Sides::new("label", version);
    sides.prepare(MAP);
    for arguments in [
        &["label", "configmap", "notes", "tier=front"][..],
        &["label", "configmap", "notes", "tier=back"],
        &["label", "configmap", "notes", "tier=back", "--overwrite"],
        &["label", "configmaps", "--all", "tier-"],
        &["annotate", "configmap", "notes", "why=because"],
        &["patch", "configmap", "notes", "-p", r#"{"data":{"greeting":"one"}}"#],
        &["patch", "configmap", "notes", "--type=merge", "-p", r#"{"data":{"b":null}}"#],
        &["patch", "configmap", "notes", "--type=json", "-p", r#"[{"op":"add","path":"/data/c","value":"3"}]"#],
        &["get", "configmap", "notes", "-o", "yaml"],
    ] {
        sides.same_write(arguments, "");
    }
}

fn scale_and_rollout_do_the_same(version: &'static str) {
    let sides = Sides::new("scale", version);
    sides.prepare(DEPLOYMENT);
    for arguments in [
        &["rollout", "status", "deployment/web", "--timeout=50s"][..],
        &["scale", "deployment", "web", "--replicas=2"],
        &["wait", "--for=jsonpath={.status.readyReplicas}=2", "deployment/web", "--timeout=50s"],
        &["rollout", "restart", "deployment/web"],
        &["set", "image", "deployment/web", "web=busybox:2"],
        &["rollout", "pause", "deployment/web"],
        &["rollout", "resume", "deployment/web"],
    ] {
        let output = if arguments[1] == "status" {
            // What it prints on the way depends on when it looks.
            assert_eq!(sides.straight.run(arguments).code, 0);
            sides.gated.run(arguments)
        } else {
            sides.same_write(arguments, "")
        };
        assert!(output.ok(), "{arguments:?}: {output:?}");
    }
    let status = ["rollout", "status", "deployment/web", "--timeout=50s"];
    assert!(sides.straight.run(&status).ok());
    let gated = sides.gated.run(&status).expect_ok();
    assert!(gated.stdout.contains(r#"deployment "web" successfully rolled out"#), "{gated:?}");
    sides.same_write(&["rollout", "status", "deployment/web"], "");
    sides.same_write(&["rollout", "history", "deployment/web"], "");
    sides.same_write(&["rollout", "undo", "deployment/web", "--to-revision=1"], "");
}

fn delete_does_the_same(version: &'static str) {
    let sides = Sides::new("delete", version);
    sides.prepare(&(MAP.to_owned() + "---\n" + POD + "---\n" + DEPLOYMENT));
    for arguments in [
        &["delete", "configmap", "notes", "--dry-run=server"][..],
        &["delete", "configmap", "notes"],
        &["delete", "pod", "box", "--now"],
        &["delete", "deployment", "web", "--cascade=foreground"],
        &["delete", "configmaps", "-l", "app=none"],
        &["delete", "configmap", "notes", "--ignore-not-found"],
    ] {
        let output = sides.same_write(arguments, "");
        assert!(output.ok(), "{arguments:?}: {output:?}");
    }
    sides.prepare(MAP);
    sides.same_write(&["delete", "-f", "-"], MAP);
}

fn what_the_api_server_refuses_is_told_the_same(version: &'static str) {
    let sides = Sides::new("refuse", version);
    sides.prepare(MAP);
    let stale = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes, resourceVersion: \"1\" }\n";
    for (arguments, stdin) in [
        (&["create", "-f", "-"][..], "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: Not_Allowed }\n"),
        (&["create", "-f", "-"], "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra }\nunknown: field\n"),
        (&["create", "--validate=false", "-f", "-"], "apiVersion: v1\nkind: Pod\nmetadata: { name: empty }\nspec: {}\n"),
        (&["replace", "-f", "-"], stale),
        (&["create", "-f", "-"], "apiVersion: v1\nkind: Unicorn\nmetadata: { name: one }\n"),
        (&["patch", "configmap", "notes", "--type=json", "-p", r#"[{"op":"remove","path":"/data/none"}]"#], ""),
    ] {
        assert_eq!(sides.same_write(arguments, stdin).code, 1, "{arguments:?}");
    }
}

fn dry_runs_and_diffs_do_the_same(version: &'static str) {
    let sides = Sides::new("dry", version);
    sides.prepare(MAP);
    let other = MAP.replace("name: notes", "name: other");
    assert!(sides.same_write(&["create", "--dry-run=server", "-f", "-"], &other).stdout.contains("server dry run"));
    assert_eq!(sides.same_write(&["get", "configmap", "other"], "").code, 1);
    assert!(sides.same_write(&["apply", "--dry-run=server", "-f", "-"], &MAP.replace("hello", "dry")).ok());
    // A diff names temporary folders, so only that it finds the difference is compared.
    let changed = MAP.replace("hello", "different");
    let (straight, gated) = (sides.straight.run_with(&["diff", "-f", "-"], &changed), sides.gated.run_with(&["diff", "-f", "-"], &changed));
    assert_eq!((straight.code, gated.code), (1, 1), "{gated:?}");
    assert!(gated.stdout.contains("+  greeting: different"), "{gated:?}");
}
