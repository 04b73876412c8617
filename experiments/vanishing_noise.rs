//! The claim `vanishing_noise` on its own, with its own options.

puremix::claim_binary!(vanishing_noise);
