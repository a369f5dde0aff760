//! The paths of a plan as one automaton over keys and indices.
//!
//! The automaton is made when the plan is compiled, so that following a document costs one look-up a key however
//! many rules there are, and so that a subtree which no rule can reach is known by its state ([`DEAD`]) and skipped.

use crate::PlanError;
use crate::compile::RuleSet;
use crate::pointer::Segment;
use std::collections::{BTreeSet, HashMap};

/// No path goes on from here.
pub(crate) const DEAD: u32 = 0;
/// Most states. The default plan needs about a hundred; `**` in many paths can multiply them.
const STATES: usize = 4096;
/// Most positions over all states: bounds the time and memory of compiling.
const POSITIONS: usize = 400_000;

/// Where the objects of an answer are: the document itself, the items of a list, the object of a watch event, the
/// object of a Table's row, and a list or Table inside a watch event.
const ROOTS: [&[&str]; 6] = [&[], &["items", "*"], &["object"], &["object", "items", "*"], &["rows", "*", "object"], &["object", "rows", "*", "object"]];

/// What a path is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// The rule of this index.
    Rule(usize),
    /// The string there is an embedded document.
    Embedded,
}

/// One state: what holds at the node, and where its children lead.
#[derive(Debug, Default)]
pub(crate) struct State {
    edges: Edges,
    /// Every other child.
    other: u32,
    /// Whether an edge could be an index of an array.
    pub indexed: bool,
    /// Rules whose path ends here.
    pub accept: RuleSet,
    /// Those of them whose path ends with a literal key.
    pub literal: RuleSet,
    /// Those of them whose path ends with a wildcard. A rule can be in both.
    pub wild: RuleSet,
    /// Whether an embedded document is here.
    pub embedded: bool,
    /// Nothing ends here: the place is only on the way.
    pub dull: bool,
    /// Rules whose path may end at a child: decides whether the child `name` is worth reading.
    pub accept_next: RuleSet,
}

/// Children with a name of their own. Nearly every key of a document is none of them, and one look at a sparse table
/// says so.
#[derive(Debug, Default)]
struct Edges {
    all: Vec<(Box<[u8]>, u32)>,
    /// Number of an edge plus one, or 0; at least three quarters of it are 0. Its length is a power of two.
    table: Box<[u16]>,
}

impl Edges {
    fn new(all: Vec<(Box<[u8]>, u32)>) -> Edges {
        if all.is_empty() {
            return Edges::default();
        }
        let mut table = vec![0_u16; (all.len() * 4).next_power_of_two().max(16)].into_boxed_slice();
        for (n, (name, _)) in all.iter().enumerate() {
            let mut at = Edges::slot(name, table.len());
            while table[at] != 0 {
                at = (at + 1) & (table.len() - 1);
            }
            table[at] = n as u16 + 1;
        }
        Edges { all, table }
    }

    /// The length and the ends of a key tell nearly all keys of Kubernetes apart.
    #[inline]
    fn slot(key: &[u8], size: usize) -> usize {
        let first = key.first().copied().unwrap_or_default() as usize;
        let last = key.last().copied().unwrap_or_default() as usize;
        (key.len().wrapping_mul(0x35) ^ first.wrapping_mul(0x1d) ^ (last << 2)) & (size - 1)
    }

    #[inline]
    fn find(&self, key: &[u8]) -> Option<u32> {
        if self.table.is_empty() {
            return None;
        }
        let mut at = Edges::slot(key, self.table.len());
        loop {
            let number = self.table[at] as usize;
            let (name, to) = self.all.get(number.wrapping_sub(1))?;
            if **name == *key {
                return Some(*to);
            }
            at = (at + 1) & (self.table.len() - 1);
        }
    }
}

/// The automaton.
#[derive(Debug)]
pub(crate) struct Paths {
    pub states: Vec<State>,
    /// The state of a document's root.
    pub root: u32,
}

type Position = (u32, u16);

impl Paths {
    pub(crate) fn compile(paths: &[(Vec<Segment>, Target)]) -> Result<Paths, PlanError> {
        let mut patterns: Vec<(Vec<Segment>, Target)> = Vec::new();
        for (path, target) in paths {
            // What begins with `**` reaches into every object from the document's root already.
            let roots = if path.first() == Some(&Segment::Deep) { &ROOTS[..1] } else { &ROOTS[..] };
            for root in roots {
                let mut full: Vec<Segment> = root.iter().map(|part| if *part == "*" { Segment::Any } else { Segment::Literal((*part).to_owned()) }).collect();
                full.extend(path.iter().cloned());
                patterns.push((full, *target));
            }
        }
        let mut made = Build { patterns, states: vec![State::default()], sets: vec![Vec::new()], known: HashMap::new(), positions: 0 };
        made.known.insert(Vec::new(), DEAD);
        let start = (0..made.patterns.len()).map(|p| (p as u32, 0)).collect();
        let root = made.state(start)?;
        let mut next = 1;
        while next < made.states.len() {
            made.expand(next)?;
            next += 1;
        }
        let mut states = made.states;
        for at in 0..states.len() {
            let children: BTreeSet<u32> = states[at].edges.all.iter().map(|(_, to)| *to).chain([states[at].other]).collect();
            states[at].dull = states[at].accept.is_empty() && !states[at].embedded;
            states[at].accept_next = children.into_iter().fold(RuleSet::EMPTY, |all, child| all | states[child as usize].accept);
        }
        Ok(Paths { states, root })
    }

    /// The state of the child with this (decoded) key.
    #[inline]
    pub(crate) fn child(&self, state: u32, key: &[u8]) -> u32 {
        let state = &self.states[state as usize];
        state.edges.find(key).unwrap_or(state.other)
    }

    /// The children that paths name, each with the rules whose path ends there by that name.
    pub(crate) fn literals(&self, state: u32) -> impl Iterator<Item = (&[u8], RuleSet)> {
        self.states[state as usize].edges.all.iter().map(|(key, to)| (&**key, self.states[*to as usize].literal))
    }

    /// Whether any path ends below a state.
    pub(crate) fn reaches(&self, state: u32) -> bool {
        let mut seen = vec![false; self.states.len()];
        let mut open = vec![state];
        while let Some(at) = open.pop() {
            let state = &self.states[at as usize];
            for to in state.edges.all.iter().map(|(_, to)| *to).chain([state.other]) {
                if !self.states[to as usize].dull && to != DEAD {
                    return true;
                }
                if !std::mem::replace(&mut seen[to as usize], true) {
                    open.push(to);
                }
            }
        }
        false
    }

    /// The state of the child at this index of an array.
    #[inline]
    pub(crate) fn element(&self, state: u32, index: u64) -> u32 {
        let known = &self.states[state as usize];
        if known.indexed { self.child(state, index.to_string().as_bytes()) } else { known.other }
    }
}

struct Build {
    patterns: Vec<(Vec<Segment>, Target)>,
    states: Vec<State>,
    sets: Vec<Vec<Position>>,
    known: HashMap<Vec<Position>, u32>,
    positions: usize,
}

impl Build {
    /// The state of a set of positions, made when it is new.
    fn state(&mut self, mut set: Vec<Position>) -> Result<u32, PlanError> {
        // `**` may stand for nothing: the position after it is reached too.
        let mut at = 0;
        while at < set.len() {
            let (pattern, position) = set[at];
            if self.patterns[pattern as usize].0.get(position as usize) == Some(&Segment::Deep) {
                set.push((pattern, position + 1));
            }
            at += 1;
        }
        set.sort_unstable();
        set.dedup();
        if let Some(known) = self.known.get(&set) {
            return Ok(*known);
        }
        self.positions += set.len();
        if self.states.len() >= STATES || self.positions > POSITIONS {
            return Err(PlanError::TooManyStates);
        }
        let mut state = State::default();
        for (pattern, position) in &set {
            let (segments, target) = &self.patterns[*pattern as usize];
            if *position as usize == segments.len() {
                match target {
                    Target::Rule(rule) => {
                        state.accept.insert(*rule);
                        if matches!(segments.last(), Some(Segment::Literal(_))) {
                            state.literal.insert(*rule);
                        } else {
                            state.wild.insert(*rule);
                        }
                    }
                    Target::Embedded => state.embedded = true,
                }
            }
        }
        let id = self.states.len() as u32;
        self.states.push(state);
        self.sets.push(set.clone());
        self.known.insert(set, id);
        Ok(id)
    }

    fn expand(&mut self, at: usize) -> Result<(), PlanError> {
        let set = self.sets[at].clone();
        let mut literals: BTreeSet<String> = BTreeSet::new();
        let mut anything: Vec<Position> = Vec::new();
        for (pattern, position) in &set {
            match self.patterns[*pattern as usize].0.get(*position as usize) {
                Some(Segment::Literal(name)) => {
                    literals.insert(name.clone());
                }
                Some(Segment::Any) => anything.push((*pattern, position + 1)),
                Some(Segment::Deep) => anything.push((*pattern, *position)),
                None => {}
            }
        }
        let other = self.state(anything.clone())?;
        let mut edges = Vec::with_capacity(literals.len());
        let mut indexed = false;
        for literal in literals {
            let mut next = anything.clone();
            for (pattern, position) in &set {
                if matches!(self.patterns[*pattern as usize].0.get(*position as usize), Some(Segment::Literal(name)) if *name == literal) {
                    next.push((*pattern, position + 1));
                }
            }
            let to = self.state(next)?;
            indexed |= literal.bytes().all(|b| b.is_ascii_digit());
            edges.push((literal.into_bytes().into_boxed_slice(), to));
        }
        let state = &mut self.states[at];
        (state.edges, state.other, state.indexed) = (Edges::new(edges), other, indexed);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
