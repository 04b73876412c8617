//! The figures of `sgd_limit`, in their order on the page.

mod batch_sizes;
mod engines;
mod steps;

use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&batch_sizes::FIGURE, &steps::FIGURE, &engines::FIGURE];
