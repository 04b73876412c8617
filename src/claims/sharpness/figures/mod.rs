//! The figures of `sharpness`, in their order on the page.

mod sharpness;
mod sharpness_along;

use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&sharpness::FIGURE, &sharpness_along::FIGURE];
