//! The claim `sgd_limit` on its own, with its own options.

puremix::claim_binary!(sgd_limit);
