//! Runs a script on both sides, step by step.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use portcullis_tests::process::{Running, run, signal};
use portcullis_tests::{Output, until};

use super::compare::{Smoother, Verdict};
use super::script::{Script, Step};
use super::stage::{Side, Sides};
use super::table::Table;

/// How long a command may take, and how long something may take to show up in its output.
const LIMIT: Duration = Duration::from_secs(60);

/// How often the same objects are looked at when they change while it is done.
const LOOKS: usize = 4;

/// A script's run: by a version of its client, in namespaces of its own.
pub struct Run<'a> {
    script: &'a Script,
    version: &'a str,
    sides: Sides,
    smoother: Smoother,
}

impl<'a> Run<'a> {
    /// Prepares both sides.
    pub fn new(script: &'a Script, name: &str, version: &'a str, programs: PathBuf) -> Self {
        let sides = Sides::new(name, programs);
        for (file, text) in &script.files {
            sides.write(file, text);
        }
        let smoother = Smoother::new(&script.smooth, &sides.straight.namespace, &sides.gated.namespace);
        Self { script, version, sides, smoother }
    }

    /// Runs every step, and fills the table.
    pub fn all(&self, table: &mut Table) {
        for step in self.script.steps_for(self.version) {
            table.add(step.command(), self.step(step));
        }
    }

    fn step(&self, step: &Step) -> Verdict {
        if step.twins.is_some() {
            let (straight, gated) = self.both(step, &self.sides.gated);
            return self.judged(step, &straight, &gated);
        }
        let mut look = self.both(step, &self.sides.gated_near);
        for _ in 1..LOOKS {
            let verdict = self.judged(step, &look.0, &look.1);
            if !matches!(verdict, Verdict::Wrong(_)) {
                return verdict;
            }
            // The cluster may have moved between the two looks. Only when it shows something else without the gateway as
            // well is that so, and the step is done again.
            let again = self.run(step, &self.sides.straight);
            if matches!(self.smoother.compare(&look.0, &again, step.sorted, None), Verdict::Equal(_)) {
                return verdict;
            }
            look = self.both(step, &self.sides.gated_near);
        }
        self.judged(step, &look.0, &look.1)
    }

    /// Both ways at once.
    fn both(&self, step: &Step, gated: &Side) -> (Output, Output) {
        thread::scope(|scope| {
            let straight = scope.spawn(|| self.run(step, &self.sides.straight));
            let gated = self.run(step, gated);
            (straight.join().expect("a command ends"), gated)
        })
    }

    fn run(&self, step: &Step, side: &Side) -> Output {
        if step.until.is_empty() {
            return run(&mut self.sides.shell(side, step.command()), step.stdin.as_bytes(), LIMIT);
        }
        // A group of its own, so that what the shell started ends with it.
        let mut running = Running::start(self.sides.shell(side, step.command()).process_group(0));
        running.write(step.stdin.as_bytes());
        for moment in &step.until {
            let what = format!("for {:?} from {}: {:?}", moment.sees, step.command(), (running.stdout(), running.stderr()));
            until(LIMIT, &what, || running.stdout().contains(&moment.sees).then_some(()));
            if let Some(then) = &moment.then {
                run(&mut self.sides.shell(side, then), b"", LIMIT).expect_ok();
            }
        }
        end_group(running.pid());
        running.kill()
    }

    fn judged(&self, step: &Step, straight: &Output, gated: &Output) -> Verdict {
        let meant = step.differs.as_ref();
        let verdict = self.smoother.compare(straight, gated, step.sorted, meant);
        if matches!(verdict, Verdict::Wrong(_)) || !step.until.is_empty() {
            return verdict;
        }
        if straight.code != step.exit {
            return Verdict::Wrong(format!("  exit code {} where {} was expected: {straight:?}", straight.code, step.exit));
        }
        match &step.shows {
            Some(text) if !gated.all().contains(text) => Verdict::Wrong(format!("  it does not show {text:?}: {gated:?}")),
            _ => verdict,
        }
    }
}

/// Ends a process group.
fn end_group(leader: u32) {
    Command::new("kill").args(["-KILL", "--", &format!("-{leader}")]).status().ok();
    signal(leader, "KILL");
}
