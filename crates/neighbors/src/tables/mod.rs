//! Compressed rows of neighbours: the memory of all lists, and how threads fill it together.

mod growing_tables;
mod index;
mod region_points;
mod subdomain_tables;

pub(crate) use growing_tables::{GrowingTables, Part, RegionRows};
pub(crate) use index::{Index, MOST_NARROW, Numbers};
pub(crate) use region_points::{Numbering, RegionPoints, RegionSizes};
pub(crate) use subdomain_tables::{Chunk, MAX_EDGES, Tables, Totals, concatenate, inverse};
