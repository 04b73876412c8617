//! The claim `escape` on its own, with its own options.

puremix::claim_binary!(escape);
