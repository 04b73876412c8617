//! The claim `sgd_limit` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(claims::sgd_limit);
