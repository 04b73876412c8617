//! The claim `selection_law` on its own, with its own options.

puremix::claim_binary!(selection_law);
