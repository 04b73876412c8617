//! The claim `vanishing_noise` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::vanishing_noise);
