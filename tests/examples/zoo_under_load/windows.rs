//! Windows of the same length that take turns.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::Gateway;
use portcullis_tests::load::figures::{latencies, pick, sorted};
use portcullis_tests::load::{Answer, Load};
use portcullis_tests::wait::Raise;
use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id};

use super::drops::Drops;
use super::{ordinary, second};

/// Of the ordinary load.
const CONNECTIONS: u32 = 64;
/// Nothing is measured cold, nor while the second client connects.
const WARM_UP: Duration = Duration::from_millis(700);
/// The kernel counts processor time in hundredths of a second for user space, on every architecture that Linux has.
const TICKS_A_SECOND: f64 = 100.0;

/// What the ordinary load has beside it.
#[derive(Clone, Copy)]
pub enum Window {
    /// Nothing.
    Alone,
    /// The second client, with ordinary requests.
    Ordinary,
    /// The same, and a processor that is busy with what has nothing to do with the gateway.
    Busy,
    /// The second client, with requests to the zoo, and sets that are refused.
    Zoo,
}

/// In their order.
const WINDOWS: [Window; 4] = [Window::Alone, Window::Ordinary, Window::Busy, Window::Zoo];

/// What was measured, by window and round.
#[derive(Default)]
pub struct Windows {
    taken: [Vec<Vec<Answer>>; WINDOWS.len()],
    second: [Vec<Answer>; WINDOWS.len()],
    processor: [Vec<f64>; WINDOWS.len()],
    /// Ordinary requests in between.
    rest: Vec<Answer>,
}

impl Windows {
    /// Some rounds of each, at so many requests a second of the first client and of the second.
    pub fn measure(gateway: &Gateway, drops: &Drops, (rate, second): (u32, u32), rounds: usize, length: Duration) -> Self {
        let mut this = Self::default();
        let load = Load::start(gateway, "devin", rate, CONNECTIONS, ordinary::ask);
        thread::sleep(WARM_UP);
        for _ in 0..rounds {
            for window in WINDOWS {
                this.one(gateway, drops, &load, (window, second), length);
            }
        }
        this.rest.extend(load.stop());
        this
    }

    fn one(&mut self, gateway: &Gateway, drops: &Drops, load: &Load, (window, rate): (Window, u32), length: Duration) {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let end = Raise(&over);
            let second = match window {
                Window::Alone => None,
                Window::Ordinary | Window::Busy => Some(second::start(gateway, rate, false)),
                Window::Zoo => Some(second::start(gateway, rate, true)),
            };
            match window {
                Window::Busy => drop(scope.spawn(|| busy(&over))),
                Window::Zoo => drop(scope.spawn(|| drops.until(&over))),
                Window::Alone | Window::Ordinary => {}
            }
            thread::sleep(WARM_UP);
            self.rest.extend(load.take());
            let (begun, before) = (Instant::now(), processor(gateway));
            thread::sleep(length);
            self.taken[window as usize].push(load.take());
            self.processor[window as usize].push((processor(gateway) - before) / begun.elapsed().as_secs_f64());
            drop(end);
            self.second[window as usize].extend(second.map(Load::stop).unwrap_or_default());
            // The last set is refused before the next window begins.
        });
        self.rest.extend(load.take());
    }

    /// The latency below which this share lies, in each round, in milliseconds.
    pub fn quantile(&self, window: Window, share: f64) -> Vec<f64> {
        self.taken[window as usize].iter().map(|answers| pick(&latencies(answers), share)).collect()
    }

    /// The same of how late the client itself was.
    pub fn lateness(&self, window: Window, share: f64) -> Vec<f64> {
        let late = |answers: &Vec<Answer>| sorted(answers.iter().map(|answer| answer.lateness.as_secs_f64() * 1e3).collect());
        self.taken[window as usize].iter().map(|answers| pick(&late(answers), share)).collect()
    }

    /// Seconds of the gateway's processor time a second.
    pub fn processor(&self, window: Window) -> &[f64] {
        &self.processor[window as usize]
    }

    /// The second client's requests.
    pub fn second(&self, window: Window) -> &[Answer] {
        &self.second[window as usize]
    }

    /// All ordinary requests of the first client.
    pub fn all(&self) -> impl Iterator<Item = &Answer> {
        self.taken.iter().flatten().flatten().chain(&self.rest)
    }
}

/// Computes until `over`, in the class of the kernel that gets what nobody else wants, as the gateway has its heavy policies do.
fn busy(over: &AtomicBool) {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle).expect("the kernel has the class");
    let mut number = 1_u64;
    while !over.load(Ordering::Relaxed) {
        number = black_box(number).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    }
}

/// Seconds of processor time that the gateway has had: `utime` and `stime` of proc(5), counted from the name's last parenthesis.
fn processor(gateway: &Gateway) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", gateway.ready.pid)).expect("the gateway runs");
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_A_SECOND
}
