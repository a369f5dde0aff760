use super::*;

fn worlds() -> &'static str {
    released("worlds.wit")
}

#[test]
fn a_world_has_the_capabilities_that_are_used_and_no_others() {
    let none = only(worlds(), World::Guard, |_| false);
    assert!(none.starts_with("package portcullis:policy@0.1.0;\nworld guard {"), "{none}");
    assert!(!none.contains("import"), "{none}");
    assert!(none.contains("export evaluate: func(") && none.trim_end().ends_with('}'), "{none}");
    let some = only(worlds(), World::Guard, |name| name == "clock");
    assert!(some.contains("import clock;") && !some.contains("import log;") && !some.contains("import cluster;"), "{some}");
}

#[test]
fn every_world_is_whole() {
    for world in World::ALL {
        let text = only(worlds(), world, |_| true);
        assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
        assert!(text.contains(&format!("export {}: func(", world.export())) && text.contains("export plugin;"), "{text}");
        assert_eq!(text.matches("\nworld ").count(), 1, "{text}");
    }
}

#[test]
fn sources_are_the_policys_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str| files::write(&folder.path().join(path), path.as_bytes()).expect("it can be written");
    for path in ["policy.py", "rules/more.py", "node_modules/a/b.py", ".venv/lib/c.py", "venv/pyvenv.cfg", "venv/d.py", "README.md"] {
        write(path);
    }
    let text = sources(folder.path(), &["py"]);
    let mut found: Vec<&str> = text.lines().collect();
    found.sort_unstable();
    assert_eq!(found, ["policy.py", "rules/more.py"]);
}
