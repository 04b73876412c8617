//! The claim `persistent_noise` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::persistent_noise);
