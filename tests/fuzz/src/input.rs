//! An input read as a programme, for targets whose own format a fuzzer would seldom hit: everything that is asked of
//! it has an answer, and after its end the answer is zero.

use bytes::Bytes;

/// What is left of the input.
pub(crate) struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    pub(crate) fn new(bytes: &'i [u8]) -> Self {
        Input(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// Of so many, at most 256.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Mostly small, sometimes of all its bits: one byte says how many bytes follow.
    pub(crate) fn number(&mut self) -> u32 {
        match self.byte() {
            byte @ 0..=249 => u32::from(byte),
            250..=252 => u32::from(u16::from_be_bytes([self.byte(), self.byte()])),
            _ => u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
        }
    }

    /// As many as there are, up to `length`.
    pub(crate) fn bytes(&mut self, length: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Bytes with their length in front, as [`Input::number`].
    pub(crate) fn block(&mut self) -> &'i [u8] {
        let length = self.number() as usize;
        self.bytes(length)
    }
}

/// `bytes` in pieces, cut by chance that is the same each time for the same seed. None of them is empty.
pub(crate) fn pieces(bytes: &[u8], seed: u8) -> Vec<Bytes> {
    let mut chance = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        // xorshift64: one byte, a few, or many at a time.
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        // Thousands of pieces would tell no more than hundreds.
        let length = if pieces.len() > 200 { 10_000 } else if seed == 0 { 1 } else { [1, 2, 3, 5, 8, 13, 40, 1000][(chance >> 32) as usize % 8] };
        pieces.push(rest.split_to(length.min(rest.len())));
    }
    pieces
}
