//! The claim `sharpness` on its own, with its own options.

puremix::claim_binary!(sharpness);
