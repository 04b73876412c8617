//! The claim `alignment_scaling` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::alignment_scaling);
