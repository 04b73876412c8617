//! The exploration `deeper` on its own, with its own options.

puremix::claim_binary!(explorations::deeper);
