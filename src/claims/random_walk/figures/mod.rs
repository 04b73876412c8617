//! The figures of `random_walk`, in their order on the page.

mod drift;
mod paths;

use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&paths::FIGURE, &drift::FIGURE];
