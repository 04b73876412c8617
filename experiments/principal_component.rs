//! The exploration `principal_component` on its own, with its own options.

#![forbid(unsafe_code)]

puremix::claim_binary!(explorations::principal_component);
