//! The claim `landscape` on its own, with its own options.

puremix::claim_binary!(landscape);
