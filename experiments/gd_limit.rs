//! The claim `gd_limit` on its own, with its own options.

puremix::claim_binary!(gd_limit);
