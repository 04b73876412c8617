//! The claim `rotation_invariance` on its own, with its own options.

puremix::claim_binary!(rotation_invariance);
