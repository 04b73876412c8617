//! What the programs in `targets/` share: the readers of `tests/readers/`, and the allocator that counts what they hold.

#[path = "../../tests/common/allocator.rs"]
mod allocator;
#[path = "../../tests/readers/mod.rs"]
pub mod readers;

mod common {
    pub(crate) use super::allocator;
}

/// The whole program of a target.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            $crate::readers::Target::named(stringify!($name)).check(bytes);
        });
    };
}
