//! The figures of `rate_law`, in their order on the page.

mod rate_batch_size;
mod rate_law;

use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&rate_law::FIGURE, &rate_batch_size::FIGURE];
