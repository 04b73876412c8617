//! The claim `subspace_lottery` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::subspace_lottery);
