//! The claim `rotation_invariance` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::rotation_invariance);
