//! The claim `alignment_scaling` on its own, with its own options.

puremix::claim_binary!(alignment_scaling);
