//! The figures of `selection_law`, in their order on the page.

mod batches;
mod pair;

use super::guesses;
use crate::plot::Figure;

pub(super) const ALL: &[&dyn Figure] = &[&pair::FIGURE, &batches::FIGURE, &guesses::FIGURE];
