//! The allocator of components: a static arena first, the system's allocator when it is full.
//!
//! Growing a component's memory costs the host an `mprotect`, and those fight each other across threads: a call that
//! grows nothing is three times faster and scales. So small requests are served from an array that is part of the component from
//! the start. A request gets a fresh instance, so nothing needs to be given back within it; the most
//! recent block is, and the whole arena is once nothing in it lives, which keeps a long-lived instance going.
//!
//! This is the one file of the SDK with `unsafe` of its own: `GlobalAlloc` is an unsafe trait.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;

/// Bytes of the arena: a configuration of some hundred rules and a request of thirty headers take under 30 KiB.
#[cfg(target_arch = "wasm32")]
const ARENA: usize = 128 * 1024;
/// The largest request that it serves: a body's text goes to the system's allocator, which can give it back.
const LARGEST: usize = 16 * 1024;

/// A bump arena before the system's allocator.
pub(crate) struct Arena<const SIZE: usize> {
    memory: UnsafeCell<Memory<SIZE>>,
    /// Offset of the first free byte.
    next: Cell<usize>,
    /// Blocks that are in use.
    live: Cell<usize>,
}

#[repr(C, align(16))]
struct Memory<const SIZE: usize>([u8; SIZE]);

// SAFETY: on `wasm32-unknown-unknown` without atomics a component has one thread; the native tests use an arena on one thread only.
unsafe impl<const SIZE: usize> Sync for Arena<SIZE> {}

impl<const SIZE: usize> Arena<SIZE> {
    /// An empty arena.
    pub(crate) const fn new() -> Self {
        Arena { memory: UnsafeCell::new(Memory([0; SIZE])), next: Cell::new(0), live: Cell::new(0) }
    }

    fn base(&self) -> *mut u8 {
        self.memory.get().cast()
    }

    /// The offset of a block of this arena, or nothing when the block is the system's.
    fn offset(&self, block: *mut u8) -> Option<usize> {
        let offset = (block as usize).wrapping_sub(self.base() as usize);
        (offset < SIZE).then_some(offset)
    }

    fn take(&self, layout: Layout) -> *mut u8 {
        if layout.size() == 0 || layout.size() > LARGEST || layout.align() > 16 {
            return null_mut();
        }
        let start = (self.next.get() + layout.align() - 1) & !(layout.align() - 1);
        let Some(end) = start.checked_add(layout.size()).filter(|end| *end <= SIZE) else {
            return null_mut();
        };
        self.next.set(end);
        self.live.set(self.live.get() + 1);
        // SAFETY: `start < end <= SIZE`, so the pointer is inside the array.
        unsafe { self.base().add(start) }
    }
}

// SAFETY: a block is either the system's, and goes back to it, or a range of the arena that no other live block has:
// `next` only ever moves back over a block that is being given back, or to the start when none lives.
unsafe impl<const SIZE: usize> GlobalAlloc for Arena<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = self.take(layout);
        if block.is_null() { unsafe { System.alloc(layout) } } else { block }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(offset) = self.offset(block) else {
            return unsafe { System.dealloc(block, layout) };
        };
        self.live.set(self.live.get() - 1);
        if self.live.get() == 0 {
            self.next.set(0);
        } else if offset + layout.size() == self.next.get() {
            self.next.set(offset);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = self.offset(block) else {
            return unsafe { System.realloc(block, layout, size) };
        };
        // The most recent block grows and shrinks where it is: how a string is built up.
        if offset + layout.size() == self.next.get() && size <= LARGEST && offset + size <= SIZE {
            self.next.set(offset + size);
            return block;
        }
        // SAFETY: a new layout of the same alignment; the copy is of the smaller size and the blocks do not overlap.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: Arena<ARENA> = Arena::new();

#[cfg(test)]
mod tests;
