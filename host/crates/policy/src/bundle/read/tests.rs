use super::*;
use crate::testing::Bundle;

fn bundle() -> Bundle {
    let bundle = Bundle::new();
    bundle.write("a.wasm", "one").plugins("  - { name: a, world: guard, component: a.wasm }");
    bundle
}

#[test]
fn all_files_in_one_picture() {
    let bundle = bundle();
    let Ok(files) = read(&bundle.path()) else { panic!() };
    assert_eq!(files.contents["a.wasm"], b"one");
    assert_eq!(files.print, Print::take(&bundle.path(), &files.manifest.files()));
    bundle.save("a.wasm", "two");
    assert_ne!(files.print, Print::take(&bundle.path(), &files.manifest.files()));
}

#[test]
fn what_is_missing_or_wrong_is_told() {
    let bundle = Bundle::new();
    let error = |bundle: &Bundle| read(&bundle.path()).err().unwrap().error.to_string();
    assert!(error(&bundle).contains("bundle.yaml"));
    bundle.plugins("  - { name: a, world: guard, component: a.wasm }");
    assert!(error(&bundle).contains("a.wasm"));
    bundle.write("bundle.yaml", "plugins: [");
    assert!(error(&bundle).contains("bundle.yaml:1:"));
}

/// A ConfigMap's files are links through `..data`, and an update swaps that one link.
#[test]
fn a_swapped_link_is_another_picture() {
    let bundle = Bundle::new();
    let dir = bundle.path();
    for version in ["..v1", "..v2"] {
        bundle.write(&format!("{version}/a.wasm"), version);
        bundle.write(&format!("{version}/bundle.yaml"), crate::testing::manifest("  - { name: a, world: guard, component: a.wasm }"));
    }
    let swap = |to: &str| {
        std::os::unix::fs::symlink(to, dir.join("..data_tmp")).unwrap();
        std::fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
    };
    swap("..v1");
    for file in ["a.wasm", "bundle.yaml"] {
        std::os::unix::fs::symlink(format!("..data/{file}"), dir.join(file)).unwrap();
    }
    let Ok(before) = read(&dir) else { panic!() };
    assert_eq!(before.contents["a.wasm"], b"..v1");
    swap("..v2");
    assert_ne!(before.print, Print::take(&dir, &before.manifest.files()));
    let Ok(after) = read(&dir) else { panic!() };
    assert_eq!(after.contents["a.wasm"], b"..v2");
}

/// Two files that always change together are never read apart.
#[test]
fn a_picture_is_never_a_mixture() {
    let bundle = Bundle::new();
    bundle.write("a.wasm", "0").write("b.wasm", "0");
    bundle.plugins("  - { name: a, world: guard, component: a.wasm }\n  - { name: b, world: guard, component: b.wasm }");
    let done = std::sync::atomic::AtomicBool::new(false);
    let rounds = 200;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 1..=rounds {
                bundle.save("a.wasm", i.to_string());
                bundle.save("b.wasm", i.to_string());
                std::thread::sleep(Duration::from_micros(200));
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            if let Ok(files) = read(&bundle.path()) {
                let number = |name: &str| std::str::from_utf8(&files.contents[name]).unwrap().parse::<i64>().unwrap();
                // Between the two renames there is a moment in which the folder itself says two things.
                assert!((0..=1).contains(&(number("a.wasm") - number("b.wasm"))), "{} {}", number("a.wasm"), number("b.wasm"));
            }
        }
    });
}
