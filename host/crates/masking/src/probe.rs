//! Questions about a place: could a request that tests, copies or selects by it learn what is masked there?
//!
//! The answers lean to yes: a pointer does not say whether a number is a key or an index, nor which `name` stands
//! beside the value, so whatever a rule might do, it does here.

use crate::core::Core;
use crate::frames::Node;
use crate::pointer::unescape;
use crate::token::TokenKey;
use crate::{CompiledPlan, Masker};
use std::sync::Arc;

impl CompiledPlan {
    /// Whether a comparison of the value at an RFC 6901 pointer with `guess`, a JSON value, is one with something
    /// masked: a rule masks what is there whatever it is, or would mask the guess or a part of it if it were right.
    ///
    /// A wrong guess at a place where only patterns mask tells nothing that is masked, so it is no.
    pub fn masks_at(self: &Arc<Self>, pointer: &str, guess: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        let Some(node) = self.place(pointer) else { return true };
        if node.embedded || !((node.active | node.direct) & self.whole).is_empty() {
            return true;
        }
        let mut core = Core::new(self.clone(), Arc::new(TokenKey::new([0; 32])), 0).rooted_at(node);
        let mut shown = Vec::with_capacity(guess.len());
        match core.push(guess, &mut shown) {
            // The inspector is not asked: what it might mask counts as masked.
            Ok(()) => !core.take_inspected().is_empty() || core.finish(&mut shown).map_or(true, |summary| summary.masked > 0),
            Err(_) => true,
        }
    }

    /// Whether the value at an RFC 6901 pointer, or anything in it, could be masked by the place it is at, so that a
    /// copy of it elsewhere would not be. Rules for every string mask a copy as well, and do not count.
    pub fn may_mask(&self, pointer: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let Some(node) = self.place(pointer) else { return true };
        let here = node.embedded || !(node.active | node.direct | node.scoped).is_empty();
        // Another place gives the value another name.
        let by_name = !(self.everywhere & self.named).is_empty();
        here || by_name || (!holds_text(pointer) && self.paths.reaches(node.state))
    }

    /// Whether the value at an RFC 6901 pointer is the `name` by which a rule masks what stands beside it: under another
    /// name that would be shown.
    pub fn names_masked(&self, pointer: &str) -> bool {
        let Some(object) = pointer.strip_suffix("/name") else { return false };
        let Some(node) = self.place(object) else { return true };
        let Some(frame) = self.frame(&node, true, 0) else { return false };
        let element = if frame.element { self.paths.states[frame.state as usize].accept_next } else { Default::default() };
        !((element | frame.scoped | self.everywhere) & self.named).is_empty() || self.fields_by_name(&node).next().is_some()
    }

    /// Whether a path of a rule names a number, which may be an index: then which element of a list is meant matters.
    pub fn names_numbers(&self) -> bool {
        self.paths.states.iter().any(|state| state.indexed)
    }

    /// The fields of the object at an RFC 6901 pointer that are masked or shown as the `name` beside them says.
    pub fn masked_by_name(&self, object: &str) -> Vec<&str> {
        self.place(object).map(|node| self.fields_by_name(&node).collect()).unwrap_or_default()
    }

    fn fields_by_name(&self, node: &Node) -> impl Iterator<Item = &str> {
        let fields = self.paths.literals(node.state).filter(|(_, ends)| !(*ends & self.named).is_empty());
        fields.filter_map(|(field, _)| std::str::from_utf8(field).ok()).filter(|field| *field != "name")
    }

    /// Where a pointer leads, with all that could apply there. Nothing when it is none, or too deep to be followed.
    fn place(&self, pointer: &str) -> Option<Node> {
        let mut node = self.root_node();
        if pointer.is_empty() {
            return Some(node);
        }
        for (depth, part) in pointer.strip_prefix('/')?.split('/').enumerate() {
            if depth == Masker::DEPTH_LIMIT {
                return None;
            }
            let key = unescape(part)?;
            node = self.step(&node, &key);
        }
        Some(node)
    }

    fn step(&self, from: &Node, key: &str) -> Node {
        let mut node = Node::default();
        if let Some(frame) = self.frame(from, true, 0) {
            self.field_node(&frame, key.as_bytes(), &mut node);
            // Which `name` stands beside it is not known.
            node.active |= node.waiting;
        }
        if let Some(mut frame) = self.frame(from, false, 0)
            && let Ok(index) = key.parse()
        {
            frame.index = index;
            let mut element = Node::default();
            self.element_node(&frame, &mut element);
            node.state = element.state;
            node.active |= element.active;
            node.scoped |= element.scoped;
            node.embedded |= element.embedded;
            node.element = true;
        }
        node.waiting = Default::default();
        node.naming = false;
        node.dull = false;
        node
    }
}

/// In every object these are maps of strings: nothing can be below.
fn holds_text(pointer: &str) -> bool {
    ["/metadata/labels/", "/metadata/annotations/"].iter().any(|map| pointer.strip_prefix(map).is_some_and(|key| !key.contains('/')))
}

#[cfg(test)]
mod tests;
