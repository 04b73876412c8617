//! The claim `cyclic_limit` on its own, with its own options.

puremix::claim_binary!(cyclic_limit);
