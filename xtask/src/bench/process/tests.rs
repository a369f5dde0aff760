use super::{kilobytes, ticks};

#[test]
fn a_name_cannot_shift_the_fields() {
    let stat = "42 (a) S 1 2) S 1 42 42 0 -1 4194560 500 0 0 0 130 20 0 0 20 0 4 0 100 1000 200 18446744073709551615";
    assert_eq!(ticks(stat), Some(150));
    assert_eq!(ticks("nonsense"), None);
}

#[test]
fn fields_of_the_status_are_found() {
    let status = "Name:\tportcullis\nVmHWM:\t   90000 kB\nVmRSS:\t   81234 kB\n";
    assert_eq!(kilobytes(status, "VmRSS:"), Some(81_234));
    assert_eq!(kilobytes(status, "VmHWM:"), Some(90_000));
    assert_eq!(kilobytes(status, "VmSwap:"), None);
}
