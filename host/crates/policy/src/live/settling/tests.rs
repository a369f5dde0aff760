use super::*;

const FILE: &str = "/policies/guard.wasm";

/// Tells words at milliseconds, with the lock from and to others, and gives when the folder is looked at.
fn looked_at(words: &[(u64, Word<'_>)], locked: std::ops::Range<u64>) -> u64 {
    let (begun, mut settling) = (Instant::now(), Settling::default());
    let mut words = words.iter().peekable();
    for ms in 0..60_000 {
        let now = begun + Duration::from_millis(ms);
        while let Some((_, word)) = words.next_if(|(at, _)| *at == ms) {
            settling.heard(*word, now);
        }
        if settling.span.is_some() && settling.wait(locked.contains(&ms), now).is_none() {
            return ms;
        }
    }
    panic!("never")
}

#[test]
fn the_folder_is_looked_at_when_the_writing_is_done() {
    use Word::{Changed, Closed, Gone, Written};
    let file = Path::new(FILE);
    let other = Path::new("/policies/.guard.wasm.Xa81");
    let table: &[(&str, &[(u64, Word<'_>)], std::ops::Range<u64>, u64)] = &[
        ("a rename", &[(0, Changed)], 0..0, 40),
        ("two renames", &[(0, Changed), (30, Changed)], 0..0, 70),
        ("written in one go", &[(0, Written(file)), (0, Closed(file))], 0..0, 40),
        ("emptied, and filled a good while later", &[(0, Written(file)), (300, Written(file)), (301, Closed(file))], 0..0, 341),
        ("a pause longer than is waited for", &[(0, Written(file)), (1500, Written(file)), (1501, Closed(file))], 0..0, 1000),
        ("a copy beside it, renamed over it", &[(0, Written(other)), (200, Written(other)), (201, Closed(other)), (202, Gone(other)), (202, Changed)], 0..0, 242),
        ("renamed while still open", &[(0, Written(other)), (1, Gone(other))], 0..0, 41),
        ("git holds its lock", &[(0, Changed)], 0..500, 500),
        ("git died with its lock", &[(0, Changed)], 0..60_000, 30_000),
    ];
    for (what, words, locked, expected) in table {
        assert_eq!(looked_at(words, locked.clone()), *expected, "{what}");
    }
}

#[test]
fn a_folder_that_never_rests_is_looked_at_nevertheless() {
    let words: Vec<(u64, Word<'_>)> = (0..59_000).step_by(10).map(|ms| (ms, Word::Written(Path::new(FILE)))).collect();
    assert_eq!(looked_at(&words, 0..0), 30_000);
}

#[test]
fn after_a_look_everything_begins_anew_but_for_files_that_are_still_open() {
    let (now, mut settling) = (Instant::now(), Settling::default());
    assert_eq!(settling.wait(false, now), None);
    settling.heard(Word::Written(Path::new(FILE)), now);
    assert_eq!(settling.looked(), Some(now));
    assert_eq!(settling.wait(false, now), None, "nothing was told since");
    settling.heard(Word::Changed, now);
    assert_eq!(settling.wait(false, now), Some(WRITING), "and the file is still open");
}

#[test]
fn what_is_followed_is_bounded() {
    let mut settling = Settling::default();
    for n in 0..10_000 {
        settling.heard(Word::Written(Path::new(&format!("/policies/{n}"))), Instant::now());
    }
    assert_eq!(settling.open.len(), FOLLOWED);
}
