//! The figures of `correlated`, in their order on the page.

mod correlated;
mod correlated_spread;

use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&correlated::FIGURE, &correlated_spread::FIGURE];
