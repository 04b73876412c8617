//! The figures of `cyclic_basin`, in their order on the page.

mod boundary;
mod simplex;

use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&boundary::FIGURE, &simplex::FIGURE];
