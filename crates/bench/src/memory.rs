//! Memory to the byte: an allocator that counts when asked to.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

static COUNTS: AtomicBool = AtomicBool::new(false);
static HELD: AtomicI64 = AtomicI64::new(0);
static MAX: AtomicI64 = AtomicI64::new(0);

/// The global allocator of `speed`: another one, and what is held of it. Resident memory would tell of pages and of what
/// the allocator keeps in stock; this tells what was asked for.
#[derive(Debug)]
pub struct Counting<A>(pub A);

fn count(bytes: i64) {
    if COUNTS.load(Relaxed) {
        let held = HELD.fetch_add(bytes, Relaxed) + bytes;
        MAX.fetch_max(held, Relaxed);
    }
}

// SAFETY: every call goes to the allocator inside, whose contract is the same; counting allocates nothing.
#[allow(unsafe_code)]
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        unsafe { self.0.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64);
        unsafe { self.0.realloc(pointer, layout, size) }
    }
}

/// Does some work, and tells how many bytes more than before were held at most; `None` in a program with another
/// allocator. Of one thread at a time.
pub fn most_held<T>(work: impl FnOnce() -> T) -> (T, Option<u64>) {
    HELD.store(0, Relaxed);
    MAX.store(0, Relaxed);
    COUNTS.store(true, Relaxed);
    let done = work();
    COUNTS.store(false, Relaxed);
    let max = MAX.load(Relaxed);
    (done, (max > 0).then_some(max as u64))
}
