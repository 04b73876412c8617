//! The claim `cyclic_theorem` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::cyclic_theorem);
