//! The exploration `correlated` on its own, with its own options.

puremix::claim_binary!(explorations::correlated);
