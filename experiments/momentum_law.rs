//! The claim `momentum_law` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::momentum_law);
