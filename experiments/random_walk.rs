//! The claim `random_walk` on its own, with its own options.

puremix::claim_binary!(random_walk);
