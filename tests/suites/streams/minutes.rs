//! What takes minutes, because it waits for a limit or must outlive one: all at once, so that it takes them once.

use std::thread;

use super::{followed, unread};

const EACH: [(&str, fn()); 10] = [
    ("lines for minutes", followed::lines_arrive_while_they_are_printed_for_minutes),
    ("a silent log", followed::a_log_that_is_silent_for_a_while_goes_on),
    ("a silent command", followed::a_command_that_is_silent_for_a_while_goes_on),
    ("never reads", unread::a_client_that_never_reads_what_is_printed_without_end_is_cut),
    ("never writes", unread::a_client_that_never_says_a_word_is_gone),
    ("half a frame", unread::a_client_that_stops_in_the_middle_of_a_frame_is_gone),
    ("sends without end", unread::a_pod_that_never_reads_what_is_sent_without_end_is_cut),
    ("asks without end", unread::a_client_that_asks_without_end_and_reads_no_answer_is_cut),
    ("streams never opened", unread::streams_that_are_never_opened_end_after_their_limit),
    ("forwards to nobody", unread::forwarded_bytes_that_nobody_reads_end_the_forwarding),
];

#[test]
fn what_takes_minutes_goes_well() {
    thread::scope(|scope| {
        for (name, test) in EACH {
            thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, test).expect("a thread");
        }
    });
}
