//! The exploration `relu_subspaces` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(explorations::relu_subspaces);
