//! The claim `random_walk` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::random_walk);
