//! The claim `hypothesis_map` on its own, with its own options.

puremix::claim_binary!(hypothesis_map);
