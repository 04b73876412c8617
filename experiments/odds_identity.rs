//! The claim `odds_identity` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::odds_identity);
