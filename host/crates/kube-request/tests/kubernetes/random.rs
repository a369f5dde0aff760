//! Chance that is the same each time: splitmix64.

use kube_request::Json;

pub struct Random(u64);

impl Random {
    /// From `SEED`, or always the same.
    pub fn new() -> Self {
        Random(std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(37))
    }

    /// So many cases, times `TIMES` for a longer run.
    pub fn cases(&self, count: usize) -> usize {
        count * std::env::var("TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`, or 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }

    pub fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A JSON value with strings that YAML might trip over.
    pub fn json(&mut self, depth: usize) -> Json {
        const STRINGS: [&str; 24] = [
            "", "a", "yes", "0777", "1e3", "null", "~", "<<", "- a", "a: b", "# x", "a\nb\n", " a ", "\t", "\u{85}", "\u{2028}", "\u{feff}x", "\u{7f}\u{0}", "\\\"/", "\u{1f600}", "{", "*a", "&a", "%",
        ];
        const NUMBERS: [&str; 8] = ["0", "1", "-17", "9007199254740993", "0.5", "-2.25", "18446744073709551615", "1000000"];
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0 => Json::Null,
            1 => Json::Bool(self.one_in(2)),
            2 => Json::Number((*self.pick(&NUMBERS)).to_owned()),
            3 => Json::String((*self.pick(&STRINGS)).to_owned()),
            4 => Json::Array((0..self.below(4)).map(|_| self.json(depth - 1)).collect()),
            _ => {
                let mut keys: Vec<&str> = (0..self.below(5)).map(|_| *self.pick(&STRINGS)).collect();
                keys.sort_unstable();
                keys.dedup();
                Json::Object(keys.into_iter().map(|key| (key.to_owned(), self.json(depth - 1))).collect())
            }
        }
    }
}
