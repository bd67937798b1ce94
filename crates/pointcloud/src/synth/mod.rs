//! Data sets that need no download: ten shape families, and furnished rooms with a label for every point.
//!
//! Each family is a parametric solid or sheet. Every shape is deformed (taper, twist, bend), fitted
//! to a box of random proportions, sampled unevenly, cut as if seen from one side, turned about z
//! by any angle, tilted and made noisy. Proportions come from one distribution for all
//! families and either end may be up, so extents and simple histograms say little; a network has
//! to look at shape.
//!
//! The rooms are boxes with tables, chairs, shelves, sofas and lamps of random sizes at random positions, none inside another;
//! colours are those of single things, not of classes.
//!
//! All random numbers come from [`SynthConfig::seed`] by way of [`derive_seed`](crate::derive_seed)
//! per file: the same settings give the same bytes on any number of threads, and on any platform
//! with the same `sin`, `cos` and `exp`.

mod config;
mod deform;
mod family;
mod furniture;
mod generate;
mod scan;
mod scenes;
mod solids;
mod surface;

pub use config::{SynthConfig, SynthStatus};
pub use family::Family;
pub use generate::{generate, status};
pub use scan::shape;
pub use scenes::{SCENE_CLASSES, SceneSynthConfig, generate_scenes, scene, scene_status};
