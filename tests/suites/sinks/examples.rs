//! The examples in the default bundle's comments are ones that work: each is uncommented, and judged as a gateway would.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portcullis_tests::{places, process};

/// Whether a line's comment is part of an example, not prose: a list's element, something below one, or a lone key.
fn is_example(line: &str) -> bool {
    let Some(text) = line.trim_start().strip_prefix("# ") else { return false };
    let lone = text.strip_suffix(':').is_some_and(|key| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    text.starts_with("- ") || text.starts_with("  ") || lone
}

/// The examples: ranges of lines. One begins where a comment does, or a new element of the same depth.
fn examples(lines: &[&str]) -> Vec<std::ops::Range<usize>> {
    let mut all: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_example(line)) {
        let begins = line.trim_start().starts_with("# - ");
        match all.last_mut() {
            Some(last) if last.end == at && !begins => last.end = at + 1,
            _ => all.push(at..at + 1),
        }
    }
    all
}

/// The bundle's text with one example switched on.
fn with(lines: &[&str], example: &std::ops::Range<usize>) -> String {
    let line = |(at, line): (usize, &&str)| if example.contains(&at) { line.replacen("# ", "", 1) } else { (*line).to_owned() };
    lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// Origins that an example asks for.
fn origins(example: &[&str]) -> Vec<String> {
    let text = example.join("\n");
    let Some(rest) = text.split_once("origins: [").map(|(_, rest)| rest) else { return Vec::new() };
    rest.split(']').next().unwrap_or_default().split(',').map(|one| one.trim().trim_matches('"').to_owned()).collect()
}

/// Secrets that an example refers to.
fn secrets(example: &[&str]) -> Vec<String> {
    let text = example.join("\n");
    text.split("{ secret: ").skip(1).filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect()
}

fn check(bundle: &Path, origins: &[String], secrets: &[String]) -> process::Output {
    let mut command = Command::new(places::portcullis());
    command.args(["bundle", "check"]).arg(bundle).env("HOME", bundle.parent().expect("a folder"));
    for origin in origins {
        command.args(["--http-origin", origin]);
    }
    for secret in secrets {
        // Long enough for a key, and an address for those that are one.
        let file = bundle.with_file_name(secret);
        fs::write(&file, "https://hooks.example.com/services/T0/B0/X\n").expect("it can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
        command.arg("--secret").arg(format!("{secret}={}", file.display()));
    }
    process::run(&mut command, b"", Duration::from_secs(120))
}

#[test]
fn every_example_in_the_default_bundle_works_when_it_is_uncommented() {
    let folder = places::folder();
    let bundle = folder.path().join("bundle");
    fs::create_dir_all(bundle.join("cases")).expect("it can be made");
    for part in ["", "cases"] {
        for entry in fs::read_dir(places::bundle("default").join(part)).expect("the default bundle is built") {
            let file = entry.expect("it can be read").path();
            if file.is_file() {
                fs::copy(&file, bundle.join(part).join(file.file_name().expect("a file"))).expect("it can be copied");
            }
        }
    }
    let text = fs::read_to_string(bundle.join("bundle.yaml")).expect("it is there");
    let lines: Vec<&str> = text.lines().collect();
    let mut seen = Vec::new();
    for example in examples(&lines) {
        let part = &lines[example.clone()];
        let named = part.iter().find_map(|line| line.split_once("- name: ").or_else(|| line.split_once("check: "))).map(|(_, rest)| rest);
        let name = named.unwrap_or(part[0]).split([',', ' ']).next().unwrap_or_default().to_owned();
        // These need more than an address: `tests/suites/capabilities.rs` is about them.
        if part.iter().any(|line| line.contains("counter: true") || line.contains("cluster:")) {
            continue;
        }
        fs::write(bundle.join("bundle.yaml"), with(&lines, &example)).expect("it can be written");
        let (origins, secrets) = (origins(part), secrets(part));
        let output = check(&bundle, &origins, &secrets);
        assert!(output.ok(), "the example {name}:\n{}\n{output:?}", part.join("\n"));
        if let Some(secret) = secrets.first() {
            assert!(output.stdout.contains(&format!("Secrets of {name}:  {secret}")), "{output:?}");
            let output = check(&bundle, &origins, &[]);
            assert!(!output.ok() && output.stderr.contains(&format!("the bundle needs the secrets `{secret}` (line ")), "{output:?}");
        }
        seen.push(name);
    }
    for name in [
        "audit-webhook", "audit-splunk", "audit-otlp", "audit-s3", "notify-webhook", "notify-slack", "notify-teams", "notify-email", "image-sources", "image-tags",
        "image-digests", "restricted-pods", "namespace-levels",
    ] {
        assert!(seen.iter().any(|one| one == name), "{name} is no example any more: {seen:?}");
    }
}
