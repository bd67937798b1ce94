//! The lists that the crate makes for all points of a batch.

mod between;
mod list_sizes;
mod nearest_lists;
mod radius_lists;
mod subdomain_lists;

pub use list_sizes::ListSizes;
pub use nearest_lists::NearestLists;
pub use radius_lists::RadiusLists;
pub use subdomain_lists::{Row, RowBlock, SubdomainLists};
