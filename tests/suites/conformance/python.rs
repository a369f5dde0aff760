//! The Python client, by a script that prints what it sees.

use std::thread;
use std::time::Duration;

use portcullis_tests::process::run;
use portcullis_tests::{Output, places};

use super::compare::Smoother;
use super::script::script;
use super::stage::{Side, Sides};
use super::table::Table;
use super::transcript::Transcript;

/// How long the whole script may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The fewest steps that it has; fewer mean that it broke off on both sides.
const LEAST: usize = 30;

/// Runs it both ways at once.
pub fn compare() {
    let program = places::workspace().join("target/tools/python/bin/python");
    assert!(program.exists(), "{} is missing; `cargo xtask tools` makes it", program.display());
    let file = places::workspace().join("tests/conformance/python_client.py");
    let script = script("python");
    let sides = Sides::new("python", program.parent().expect("it is in a folder").to_owned());
    let smoother = Smoother::new(&script.smooth, &sides.straight.namespace, &sides.gated.namespace);
    let one = |side: &Side| -> Output {
        let mut command = sides.shell(side, &format!("exec python -B '{}'", file.display()));
        run(command.env("PYTHONUNBUFFERED", "1"), b"", LIMIT)
    };
    let (straight, gated) = thread::scope(|scope| {
        let straight = scope.spawn(|| one(&sides.straight));
        let gated = one(&sides.gated);
        (straight.join().expect("the script ends"), gated)
    });
    assert!(straight.ok(), "the script itself fails without the gateway: {straight:?}");
    assert!(gated.ok(), "the script fails with the gateway: {gated:?}");
    let (straight, gated) = (Transcript::read(&straight.stdout), Transcript::read(&gated.stdout));
    let mut table = Table::new("Python client");
    Transcript::compare(&straight, &gated, &script, &smoother, &mut table);
    assert!(straight.len() >= LEAST, "{} steps", straight.len());
    table.close();
}
