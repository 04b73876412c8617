//! The claim `rate_law` on its own, with its own options.

puremix::claim_binary!(rate_law);
