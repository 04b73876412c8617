//! The claim `hypothesis_map` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::hypothesis_map);
