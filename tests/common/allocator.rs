//! Memory to the byte: the most that a thread holds meanwhile.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MAX: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator, whose contract is the same; counting allocates nothing. Memory grows
// by the default of the trait, which holds the old and the new at once: the worst that an allocator may do.
#[allow(unsafe_code, reason = "an allocator that counts can only be written so")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.get() + layout.size() as isize;
        HELD.set(held);
        MAX.set(MAX.get().max(held));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as isize);
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What a function returns, and the most bytes that it held on this thread beyond what was held before.
pub fn most_held<T>(function: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    MAX.set(before);
    let result = function();
    (result, (MAX.get() - before) as usize)
}
