//! A constant load of ordinary requests while the hostile zoo runs: what `cargo xtask bench zoo ROUNDS SECONDS` prints.
//!
//! One gateway has the default policies and all of `portcullis_tests::zoo` that goes live. An agent's requests to one namespace come at a
//! constant rate; a person's requests to others run the hostile components, while those that must not go live are saved into the policies' folder one
//! after the other. Windows follow each other in turn: the agent alone; beside as many ordinary requests as the zoo gets; beside these and a thread of
//! this program that keeps a processor busy, which shows what any computing costs on this machine; beside the zoo. A
//! latency counts from when its request was due. The load's clients, the demo cluster and the gateway share the machine.

mod drops;
mod ordinary;
mod second;
mod windows;

use portcullis_tests::load::figures::Figures;
use portcullis_tests::{Gateway, Options, places, zoo};

use drops::Drops;
use windows::{Window, Windows};

/// Requests a second, ordinary ones and those to the zoo. Of the first as many as the reloads are measured under, and as a small team's agents make. One
/// in nine of the others runs until its deadline of 50 ms: 25 are an agent that tries, and 100 keep half a processor busy with those alone; more would
/// measure how a full machine is shared out.
const RATES: [(u32, u32); 4] = [(1000, 25), (300, 25), (1000, 100), (300, 100)];

const FIGURES: Figures = Figures("zoo");

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("arguments: ROUNDS SECONDS"));
    let rounds = arguments.next().unwrap_or(5) as usize;
    let seconds = std::time::Duration::from_secs(arguments.next().unwrap_or(4));
    let folder = places::folder();
    let bundle = folder.path().join("bundle");
    let manifest = drops::write(&bundle);
    let gateway = Gateway::start(Options { bundle: Some(bundle), ..Options::default() });
    let drops = Drops::into(&gateway, manifest);

    FIGURES.print("hostile components that are live", "", &[zoo::at_request().len() as f64]);
    let before = gateway.memory();
    let mut wrong = 0;
    for (rate, hostile) in RATES {
        let taken = Windows::measure(&gateway, &drops, (rate, hostile), rounds, seconds);
        let tell = |name: &str| format!("{rate} requests/s, {hostile} to the zoo: {name}");
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("the slowest", 1.0)] {
            let of = |window| taken.quantile(window, share);
            FIGURES.print(&tell(&format!("{name}, alone")), "ms", &of(Window::Alone));
            FIGURES.beside(&tell(&format!("{name}, beside as many ordinary ones")), "ms", &of(Window::Ordinary), "alone", &of(Window::Alone));
            FIGURES.beside(&tell(&format!("{name}, beside these and a busy processor")), "ms", &of(Window::Busy), "alone", &of(Window::Alone));
            FIGURES.beside(&tell(&format!("{name}, beside the zoo")), "ms", &of(Window::Zoo), "alone", &of(Window::Alone));
            FIGURES.beside(&tell(&format!("{name}, beside the zoo, against a busy processor")), "ms", &of(Window::Zoo), "busy", &of(Window::Busy));
        }
        let late = |window| taken.lateness(window, 0.99);
        FIGURES.beside(&tell("p99 of the client's own lateness, beside the zoo"), "ms", &late(Window::Zoo), "alone", &late(Window::Alone));
        let processor = |window| taken.processor(window);
        FIGURES.print(&tell("the gateway's processor time, alone"), "s/s", processor(Window::Alone));
        FIGURES.beside(&tell("the gateway's processor time, beside the zoo"), "s/s", processor(Window::Zoo), "alone", processor(Window::Alone));
        let of_zoo = taken.second(Window::Zoo);
        let open = second::not_closed(of_zoo);
        let (failed, judged) = ordinary::wrong(&gateway, taken.all());
        FIGURES.print(&tell("ordinary requests"), "", &[taken.all().count() as f64]);
        FIGURES.print(&tell("ordinary requests that failed"), "", &[failed as f64]);
        FIGURES.print(&tell("ordinary requests judged otherwise than they should be"), "", &[judged as f64]);
        FIGURES.print(&tell("requests to the zoo"), "", &[of_zoo.len() as f64]);
        FIGURES.print(&tell("requests to the zoo that were not refused as they should be"), "", &[open as f64]);
        wrong += failed + judged + open;
    }
    let (refused, kinds, live) = drops.over();
    FIGURES.print("sets with a component that must not go live: refused", "", &[refused as f64]);
    FIGURES.print("the same, different components", "", &[kinds as f64]);
    FIGURES.print("the same, gone live", "", &[live as f64]);
    std::thread::sleep(std::time::Duration::from_secs(5));
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    FIGURES.print("the gateway's memory before", "MB", &[megabytes(before)]);
    FIGURES.beside("the gateway's memory after", "MB", &[megabytes(gateway.memory())], "before", &[megabytes(before)]);
    assert!(wrong as u64 + live == 0, "the zoo did something: {wrong} requests, {live} sets");
}
