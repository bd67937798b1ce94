//! The lists in the memory of a GPU: copied there, or found there.

#![allow(
    clippy::needless_range_loop,
    clippy::collapsible_if,
    clippy::manual_swap,
    reason = "kernels count, have no `swap`, and `&&` evaluates both of its sides"
)]

mod copies;
mod inverse_counts;
mod lists;
mod search;
mod tiles;
mod words;

pub(super) use self::copies::Copies;
pub(crate) use self::copies::DeviceLists;
pub(crate) use self::inverse_counts::{InverseCounts, mirror};
pub(crate) use self::lists::Lists;
pub(super) use self::search::search;
pub(crate) use self::tiles::{ROWS, TILE_RUN, stride};
pub(crate) use self::words::{ROW, RUN};
