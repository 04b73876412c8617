//! The claim `cyclic_basin` on its own, with its own options.

puremix::claim_binary!(cyclic_basin);
