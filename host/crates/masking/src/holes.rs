//! Places in the output whose final bytes are not known yet: values that wait for the `name` behind them, and values
//! that wait for an inspector. Until then they hold the masked form, so that giving up is always safe.

use crate::compile::RuleSet;
use crate::masker::{InspectHole, Masker};
use std::ops::Range;

/// A value that waits for the `name` of the object that holds it.
pub(crate) struct Hole {
    /// Where its masked form stands in the output.
    pub at: Range<usize>,
    /// Index of the frame of the object that holds it.
    pub holder: usize,
    /// Rules that apply if the name matches.
    pub waiting: RuleSet,
    /// Whether it stays masked when no name comes.
    pub literal: bool,
    /// What stands there if none of them applies.
    pub plain: Vec<u8>,
    /// Rules that made the masked form.
    pub masked_by: RuleSet,
    /// Rules that made the other form, if it is not the value as it came.
    pub plain_by: Option<RuleSet>,
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
        self.shift(0, base);
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
            self.shift(0, -(from as isize));
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

    /// The name of an object is known. Returns its holes, and whether they stay masked.
    pub(crate) fn name(&mut self, holder: usize, matching: RuleSet, out: &mut Vec<u8>) -> Vec<(Hole, bool)> {
        self.settle(holder, out, |hole| !(hole.waiting & matching).is_empty())
    }

    /// An object has ended without a usable name.
    pub(crate) fn end_of_object(&mut self, holder: usize, out: &mut Vec<u8>) -> Vec<(Hole, bool)> {
        self.settle(holder, out, |hole| hole.literal)
    }

    /// All that waits stays masked.
    pub(crate) fn give_up(&mut self) -> Vec<Hole> {
        std::mem::take(&mut self.waiting)
    }

    fn settle(&mut self, holder: usize, out: &mut Vec<u8>, masked: impl Fn(&Hole) -> bool) -> Vec<(Hole, bool)> {
        // An object's holes are the last ones: objects inside it have been settled when they ended.
        let first = self.waiting.iter().rposition(|hole| hole.holder != holder).map_or(0, |at| at + 1);
        let mut settled = Vec::new();
        // From the back, so that the positions of those before stay true.
        while self.waiting.len() > first {
            let Some(hole) = self.waiting.pop() else { break };
            let stays = masked(&hole);
            if !stays {
                let by = hole.plain.len() as isize - hole.at.len() as isize;
                out.splice(hole.at.clone(), hole.plain.iter().copied());
                for later in self.inspected.iter_mut().filter(|later| later.at.start >= hole.at.end) {
                    move_by(&mut later.at, by);
                }
            }
            settled.push((hole, stays));
        }
        settled
    }

    fn shift(&mut self, from: usize, by: isize) {
        for hole in &mut self.waiting {
            if hole.at.start >= from {
                move_by(&mut hole.at, by);
            }
        }
        for hole in &mut self.inspected {
            if hole.at.start >= from {
                move_by(&mut hole.at, by);
            }
        }
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
