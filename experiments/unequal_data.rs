//! The claim `unequal_data` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::unequal_data);
