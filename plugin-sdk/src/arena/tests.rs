use super::*;

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("a small layout")
}

#[test]
fn blocks_come_from_the_arena_until_it_is_full_and_do_not_overlap() {
    let arena: Arena<256> = Arena::new();
    let mut blocks = Vec::new();
    for fill in 0..10u8 {
        let block = unsafe { arena.alloc(layout(60)) };
        unsafe { block.write_bytes(fill, 60) };
        blocks.push(block);
    }
    assert_eq!(blocks.iter().filter(|block| arena.offset(**block).is_some()).count(), 4);
    for (fill, block) in (0..10u8).zip(&blocks) {
        assert!((0..60).all(|at| unsafe { block.add(at).read() } == fill));
    }
    for block in blocks {
        unsafe { arena.dealloc(block, layout(60)) };
    }
    assert_eq!((arena.next.get(), arena.live.get()), (0, 0));
}

#[test]
fn the_last_block_grows_in_place_and_others_move_with_their_bytes() {
    let arena: Arena<256> = Arena::new();
    let first = unsafe { arena.alloc(layout(16)) };
    unsafe { first.write_bytes(7, 16) };
    assert_eq!(unsafe { arena.realloc(first, layout(16), 32) }, first);
    let second = unsafe { arena.alloc(layout(16)) };
    let moved = unsafe { arena.realloc(first, layout(32), 64) };
    assert_ne!(moved, first);
    assert!((0..16).all(|at| unsafe { moved.add(at).read() } == 7));
    let spilled = unsafe { arena.realloc(moved, layout(64), 4096) };
    assert!(arena.offset(spilled).is_none());
    assert!((0..16).all(|at| unsafe { spilled.add(at).read() } == 7));
    unsafe {
        arena.dealloc(spilled, layout(4096));
        arena.dealloc(second, layout(16));
    }
    assert_eq!(arena.live.get(), 0);
}

#[test]
fn alignment_holds_after_an_odd_block() {
    let arena: Arena<256> = Arena::new();
    let odd = unsafe { arena.alloc(Layout::from_size_align(3, 1).expect("layout")) };
    let aligned = unsafe { arena.alloc(Layout::from_size_align(16, 16).expect("layout")) };
    assert_eq!(aligned as usize % 16, 0);
    assert!(aligned > odd);
}
