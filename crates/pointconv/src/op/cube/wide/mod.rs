//! Wide layers: the means of many points are multiplied with the weights of a sub-domain as matrices, by the threads of a
//! workgroup together.
//!
//! A workgroup takes a tile of [`ROWS`](crate::neighborhood::cube::ROWS) points and goes through the sub-domains. Of the points of the tile, those
//! that have neighbours in the sub-domain are brought together (`neighborhood/cube/tiles.rs`), so that nothing is multiplied with the mean of
//! an empty sub-domain. Means and weights go through shared memory, some channels at a time, and every thread keeps a block
//! of the product in registers ([`product`]): a value that is read is multiplied many times.

mod backward_features;
mod backward_weight;
mod forward;
mod product;

pub(super) use self::backward_features::backward_features;
pub(super) use self::backward_weight::backward_weight;
pub(super) use self::forward::forward;
use super::sizes::Sizes;

/// Channels from which on a layer is wide, at both of its sides. Below, one thread holds all channels of a point.
const WIDE: usize = 32;

/// Most sub-domains: the tables of the tiles grow with them, and are not to be larger than those of the runs.
const SUBDOMAINS: usize = 125;

/// Whether the kernels here are for a layer of these sizes. In double precision the sums of a tile would not fit into
/// shared memory.
pub(super) fn is_wide(sizes: Sizes) -> bool {
    !sizes.double && sizes.channels_in >= WIDE && sizes.channels_out >= WIDE && sizes.subdomains <= SUBDOMAINS
}
