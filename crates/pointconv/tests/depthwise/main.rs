//! The depthwise operator and its layers, tested as the full operator is.

#[path = "../common/mod.rs"]
mod common;

mod agreement;
mod determinism;
mod fixtures;
mod gradients;
mod layers;
mod misuse;
mod tracking;
mod views;
