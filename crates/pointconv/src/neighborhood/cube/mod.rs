//! The lists in the memory of a GPU: copied there, or found there.

mod copies;
mod inverse_counts;
mod lists;
mod search;
mod tiles;

pub(super) use self::copies::Copies;
pub(crate) use self::copies::DeviceLists;
pub(crate) use self::inverse_counts::{InverseCounts, mirror};
pub(crate) use self::lists::{Lists, ROW, RUN};
pub(super) use self::search::search;
pub(crate) use self::tiles::{ROWS, TILE_RUN, stride};
