//! Where in the document one is: containers, the state of the plan's paths in each, and what `names` say.

use crate::CompiledPlan;
use crate::compile::RuleSet;
use crate::paths::DEAD;

/// Which containers are open, one bit each: an object is 1. Kept for skipped subtrees too.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    /// Of the containers around the innermost 64, in words of 64.
    outer: Vec<u64>,
    /// Of the innermost ones; the lowest bit is the innermost container.
    inner: u64,
    depth: usize,
}

impl Kinds {
    #[inline]
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }
    #[inline]
    pub(crate) fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(object);
        self.depth += 1;
    }
    /// Closes the innermost container.
    #[inline]
    pub(crate) fn pop(&mut self) {
        self.inner >>= 1;
        self.depth -= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }
    /// Whether the innermost container is an object. False when there is none.
    #[inline]
    pub(crate) fn in_object(&self) -> bool {
        self.depth > 0 && self.inner & 1 == 1
    }
    #[inline]
    pub(crate) fn in_array(&self) -> bool {
        self.depth > 0 && self.inner & 1 == 0
    }
}

/// What an object's `name` says about the rules that ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// It has not come yet.
    Unseen,
    /// These rules' expressions match it.
    Matches(RuleSet),
    /// It is no string.
    Unusable,
}

/// One open container on the way to the value under way. Skipped subtrees have none.
#[derive(Debug)]
pub(crate) struct Frame {
    /// An element of an array: its `name` speaks for its fields.
    pub element: bool,
    /// Nothing applies to its fields but what the paths say.
    pub dull: bool,
    pub state: u32,
    /// Rules that mask everything in here.
    pub active: RuleSet,
    /// Rules with `names` whose path ends at this element: they apply to its fields when its `name` matches.
    pub scoped: RuleSet,
    /// Rules that want to know this object's `name`.
    pub asks_name: RuleSet,
    pub name: Name,
    /// The next element's index.
    pub index: u64,
    /// Length of the pointer to this container, while pointers are kept.
    pub path: usize,
}

/// The place of one value, and what applies there.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Node {
    pub state: u32,
    /// Rules that mask the value and everything in it.
    pub active: RuleSet,
    /// Rules that mask the value if it is a string, and nothing in it.
    pub direct: RuleSet,
    /// Rules that wait for the `name` beside the value.
    pub waiting: RuleSet,
    /// Rules with `names` that apply to the fields of the value, an element of an array.
    pub scoped: RuleSet,
    /// The value is the `name` that rules wait for.
    pub naming: bool,
    pub embedded: bool,
    pub element: bool,
    /// No rule applies here, and the value is no `name` that one waits for.
    pub dull: bool,
}

impl Node {
    /// A place that is only on the way.
    #[inline]
    fn pass_at(&mut self, state: u32) {
        self.state = state;
        self.active = RuleSet::EMPTY;
        self.direct = RuleSet::EMPTY;
        self.waiting = RuleSet::EMPTY;
        self.scoped = RuleSet::EMPTY;
        self.naming = false;
        self.embedded = false;
        self.element = false;
        self.dull = true;
    }
}

impl CompiledPlan {
    /// The document's root.
    pub(crate) fn root_node(&self) -> Node {
        let state = self.paths.root;
        let known = &self.paths.states[state as usize];
        // A root has no key and nothing beside it: a rule with `names` that points at it cannot know, and masks.
        Node { state, active: known.accept, embedded: known.embedded, ..Node::default() }
    }

    /// The value of a key.
    ///
    /// Written in place: a copy of a `Node` that was just made stalls on its small fields, once a key.
    #[inline]
    pub(crate) fn field_node(&self, frame: &Frame, key: &[u8], node: &mut Node) {
        let state = self.paths.child(frame.state, key);
        let known = &self.paths.states[state as usize];
        if known.dull && frame.dull {
            node.pass_at(state);
        } else {
            *node = self.eventful_field(frame, key, state);
        }
    }

    fn eventful_field(&self, frame: &Frame, key: &[u8], state: u32) -> Node {
        let known = &self.paths.states[state as usize];
        let mut node = Node { state, active: frame.active | (known.accept & !self.named), embedded: known.embedded, ..Node::default() };
        let is_name = key == b"name";
        node.naming = is_name && !frame.asks_name.is_empty();
        let named = (known.accept | frame.scoped | self.everywhere) & self.named & !node.active;
        if named.is_empty() {
            return node;
        }
        for rule in named.iter() {
            let by_path = known.accept.contains(rule);
            let literal = known.literal.contains(rule);
            // A key of a map says what its value is; a field's does not: there the `name` beside it counts.
            let keyed = !by_path || known.wild.contains(rule);
            let matches = keyed && self.rules[rule].names.as_ref().is_some_and(|names| names.is_match(key));
            let verdict = match frame.name {
                // The name itself is what is asked for, not what is hidden, unless a path says `…/name`.
                _ if matches => Verdict::Yes,
                _ if is_name && literal => Verdict::Yes,
                _ if is_name => Verdict::No,
                // In a map, what stands under the key `name` is a value like the others and says nothing of them.
                _ if by_path && !literal && !frame.element => Verdict::No,
                Name::Matches(rules) if rules.contains(rule) => Verdict::Yes,
                Name::Matches(_) => Verdict::No,
                Name::Unusable if literal => Verdict::Yes,
                Name::Unusable => Verdict::No,
                Name::Unseen if literal || frame.element => Verdict::Wait,
                Name::Unseen => Verdict::No,
            };
            match verdict {
                Verdict::No => {}
                Verdict::Wait => node.waiting.insert(rule),
                Verdict::Yes if by_path || frame.scoped.contains(rule) => node.active.insert(rule),
                Verdict::Yes => node.direct.insert(rule),
            }
        }
        node
    }

    /// The next element of an array.
    #[inline]
    pub(crate) fn element_node(&self, frame: &Frame, node: &mut Node) {
        let state = self.paths.element(frame.state, frame.index);
        let known = &self.paths.states[state as usize];
        if known.dull && frame.dull {
            node.pass_at(state);
            node.element = true;
            return;
        }
        *node = Node {
            state,
            active: frame.active | (known.accept & !self.named),
            scoped: known.accept & self.named,
            embedded: known.embedded,
            element: true,
            ..Node::default()
        };
    }

    /// The frame of a container at a place; nothing when no rule can reach into it.
    pub(crate) fn frame(&self, node: &Node, object: bool, path: usize) -> Option<Frame> {
        // Objects and arrays are not held until a `name` behind them comes: a rule that waits applies.
        let mut active = node.active | (node.waiting & !self.everywhere);
        let mut scoped = RuleSet::EMPTY;
        if object {
            scoped = node.scoped & !active;
        } else {
            // An array of arrays has no names.
            active |= node.scoped;
        }
        if node.state == DEAD && active.is_empty() && scoped.is_empty() && !self.follows_everything() {
            return None;
        }
        let next = self.paths.states[node.state as usize].accept_next;
        let asks_name = if object { (next | scoped | self.everywhere) & self.named } else { RuleSet::EMPTY };
        let dull = (active | scoped | asks_name | (self.everywhere & self.named)).is_empty();
        Some(Frame { dull, element: node.element, state: node.state, active, scoped, asks_name, name: Name::Unseen, index: 0, path })
    }

    /// Whether the place of every value has to be known: for names, or for the candidates' pointers.
    fn follows_everything(&self) -> bool {
        !(self.everywhere & (self.named | self.inspect)).is_empty()
    }

    /// Which rules' names match.
    pub(crate) fn name_matches(&self, rules: RuleSet, name: &[u8]) -> RuleSet {
        let mut matching = RuleSet::EMPTY;
        for rule in rules.iter() {
            if self.rules[rule].names.as_ref().is_some_and(|names| names.is_match(name)) {
                matching.insert(rule);
            }
        }
        matching
    }
}

enum Verdict {
    Yes,
    No,
    Wait,
}
