//! The claim `depth` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::depth);
