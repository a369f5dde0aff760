//! What may be shown to a person.

/// Whether a line reads as what it is: no line ends, no other controls, nothing invisible and nothing that turns the
/// direction of text (CVE-2021-42574). Written anew rather than taken from the crate that is checked by it.
pub(crate) fn is_plain_line(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(u32::from(c), 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x2069 | 0xfeff | 0x061c | 0x180e | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
    })
}
