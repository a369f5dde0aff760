//! Places in the output whose final bytes are not known yet: values that wait for the `name` behind them, and values
//! that wait for an inspector. Until then they hold the masked form, so that giving up is always safe.

use crate::compile::RuleSet;
use crate::masker::{InspectHole, Masker};
use std::ops::Range;

/// A value that waits for the `name` of the object that holds it.
pub(crate) struct Hole {
    /// Where its masked form stands in the output: as all of the waiting rules would have it.
    pub at: Range<usize>,
    /// Index of the frame of the object that holds it.
    pub holder: usize,
    /// Rules that apply whatever the name is.
    pub certain: RuleSet,
    /// Rules that apply if the name matches.
    pub waiting: RuleSet,
    /// Those of them that apply, too, when no name comes.
    pub literal: RuleSet,
    /// The value as it came.
    pub raw: Vec<u8>,
    pub text: bool,
    pub escaped: bool,
    pub too_long: bool,
    pub embedded: bool,
    /// Rules that made the masked form.
    pub by: RuleSet,
}

/// The holes of one masker, in the order of the output.
#[derive(Default)]
pub(crate) struct Holes {
    waiting: Vec<Hole>,
    inspected: Vec<InspectHole>,
    /// Output from the first waiting hole on, between two pushes. Positions are relative to its beginning then.
    held: Vec<u8>,
    /// Holes of the released output.
    released: Vec<InspectHole>,
}

impl Holes {
    /// Adds a hole that waits for a name.
    pub(crate) fn wait(&mut self, hole: Hole) {
        self.waiting.push(hole);
    }

    /// Adds a hole that waits for an inspector.
    pub(crate) fn inspect(&mut self, hole: InspectHole) {
        self.inspected.push(hole);
    }

    /// Output that is held when it ends at `end`, in bytes.
    pub(crate) fn span(&self, end: usize) -> usize {
        self.waiting.first().map_or(0, |first| end - first.at.start)
    }

    /// Whether a value waits in the object of this frame.
    #[inline]
    pub(crate) fn waits_at(&self, holder: usize) -> bool {
        self.waiting.last().is_some_and(|hole| hole.holder == holder)
    }

    /// At the beginning of a push: held output comes first.
    pub(crate) fn restore(&mut self, out: &mut Vec<u8>) {
        if self.held.is_empty() {
            return;
        }
        let base = out.len() as isize;
        self.shift(base);
        out.append(&mut self.held);
        self.held = Vec::new();
    }

    /// At the end of a push: holds output back from the first waiting hole on. Gives up, and returns the holes, when
    /// that is too much.
    pub(crate) fn keep(&mut self, out: &mut Vec<u8>, base: usize) -> Vec<Hole> {
        let given_up = if self.span(out.len()) > Masker::HOLD_LIMIT { self.give_up() } else { Vec::new() };
        if let Some(first) = self.waiting.first() {
            let from = first.at.start;
            self.held = out.split_off(from);
            let later = self.inspected.partition_point(|hole| hole.at.start < from);
            let rest = self.inspected.split_off(later);
            self.release(base);
            self.inspected = rest;
            self.shift(-(from as isize));
        } else {
            self.release(base);
        }
        given_up
    }

    fn release(&mut self, base: usize) {
        for mut hole in self.inspected.drain(..) {
            hole.at = hole.at.start - base..hole.at.end - base;
            self.released.push(hole);
        }
    }

    /// The inspector's holes in what the last push released; positions count from the beginning of that.
    pub(crate) fn take_inspected(&mut self) -> Vec<InspectHole> {
        std::mem::take(&mut self.released)
    }

    /// The inspector's holes that nobody will be asked about any more: they stay redacted.
    pub(crate) fn unreleased(&mut self) -> Vec<InspectHole> {
        std::mem::take(&mut self.inspected)
    }

    /// The last hole in the object of this frame: objects inside it have been settled when they ended.
    pub(crate) fn pop(&mut self, holder: usize) -> Option<Hole> {
        if self.waits_at(holder) { self.waiting.pop() } else { None }
    }

    /// Puts final forms into holes that [`Holes::pop`] gave, in the order it gave them: from the back. One pass,
    /// however many they are.
    pub(crate) fn replace(&mut self, settled: &[(Range<usize>, Vec<u8>)], out: &mut Vec<u8>) {
        let Some((first, _)) = settled.last() else { return };
        let start = first.start;
        let old = out.split_off(start);
        let (mut from, mut moved) = (start, 0);
        let mut later = self.inspected.iter_mut().skip_while(|hole| hole.at.start < start).peekable();
        for (at, shown) in settled.iter().rev() {
            while let Some(hole) = later.next_if(|hole| hole.at.start < at.start) {
                move_by(&mut hole.at, moved);
            }
            out.extend_from_slice(&old[from - start..at.start - start]);
            out.extend_from_slice(shown);
            moved += shown.len() as isize - at.len() as isize;
            from = at.end;
        }
        later.for_each(|hole| move_by(&mut hole.at, moved));
        out.extend_from_slice(&old[from - start..]);
    }

    /// All that waits stays masked.
    pub(crate) fn give_up(&mut self) -> Vec<Hole> {
        std::mem::take(&mut self.waiting)
    }

    fn shift(&mut self, by: isize) {
        self.waiting.iter_mut().for_each(|hole| move_by(&mut hole.at, by));
        self.inspected.iter_mut().for_each(|hole| move_by(&mut hole.at, by));
    }
}

fn move_by(range: &mut Range<usize>, by: isize) {
    *range = range.start.saturating_add_signed(by)..range.end.saturating_add_signed(by);
}

impl std::fmt::Debug for Holes {
    // What is in the holes is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holes").field("waiting", &self.waiting.len()).field("inspected", &self.inspected.len()).finish_non_exhaustive()
    }
}
