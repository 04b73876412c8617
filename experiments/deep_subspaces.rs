//! The exploration `deep_subspaces` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(explorations::deep_subspaces);
