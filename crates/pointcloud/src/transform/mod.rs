//! Changes to positions, and orders and subsets as index lists.
//!
//! Everything random draws from the generator that is passed in, so a seed decides the result.

mod augment;
mod farthest;
mod normalize;
mod order;
mod perturb;
mod resample;
mod rotate;
mod sample;

pub use augment::{drop_randomly, jitter_colors, mirror, stretch_colors};
pub use farthest::farthest_indices;
pub use normalize::Normalizer;
pub(crate) use order::spread;
pub use order::{morton_order, xyz_order};
pub use perturb::{jitter, scale, scale_randomly, translate};
pub use resample::{Sampling, random_indices, resample, resample_indices, shuffled_indices};
pub(crate) use resample::{count_indices, resample_columns};
pub use rotate::{Axis, rotate, rotate_randomly};
pub use sample::sample_uniform;
