//! Layers of networks with several resolutions: pooling, interpolation, normalisation.

mod harness;
mod interpolate;
mod norm;
mod pool;
mod records;
