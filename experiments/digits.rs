//! The exploration `digits` on its own, with its own options.

puremix::claim_binary!(explorations::digits);
