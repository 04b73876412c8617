//! The integration tests, one binary; each module names what it guards.

/// The three engines are one: lockstep over the cross product of everything that composes.
mod engines;
