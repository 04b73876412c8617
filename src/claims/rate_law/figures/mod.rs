//! The figures of `rate_law`, in their order on the page.

mod batch_size;
mod rates;

use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&rates::FIGURE, &batch_size::FIGURE];
