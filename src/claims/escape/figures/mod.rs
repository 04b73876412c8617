//! The figures of `escape`, in their order on the page.

mod law;
mod scaling;

use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&law::FIGURE, &scaling::FIGURE];
