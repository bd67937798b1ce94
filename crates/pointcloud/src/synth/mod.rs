//! Data sets that need no download: shapes with a class each, and scenes with a label for every point.
//!
//! Each family is a parametric solid or sheet. Every shape is deformed (taper, twist, bend), fitted
//! to a box of random proportions, sampled unevenly, cut as if seen from one side, turned about z
//! by any angle, tilted and made noisy. Proportions come from one distribution for all
//! families and either end may be up, so extents and simple histograms say little; a network has
//! to look at shape.
//!
//! The articulated figures are trees of limbs. Their joints are turned at random within the limits of their class, and the whole
//! by any rotation: what distinguishes them is how limbs hang together.
//!
//! The rooms are boxes with tables, chairs, shelves, sofas and lamps of random sizes at random positions, none inside another;
//! colours are those of single things, not of classes. The outdoor sites are undulating ground with trees, poles, which are rare,
//! and clutter; their density falls with the distance from a few scanners.
//!
//! All random numbers come from [`SynthConfig::seed`] by way of [`derive_seed`](crate::derive_seed)
//! per file: the same settings give the same bytes on any number of threads, and on any platform
//! with the same `sin`, `cos` and `exp`.

mod config;
mod deform;
mod family;
mod figures;
mod furniture;
mod generate;
mod outdoor;
mod room;
mod scan;
mod scene_set;
mod skeleton;
mod solids;
mod surface;

pub use config::{ShapeKind, SynthConfig, SynthStatus};
pub use family::Family;
pub use figures::{Figure, figure};
pub use generate::{generate, status};
pub use outdoor::OUTDOOR_CLASSES;
pub use room::SCENE_CLASSES;
pub use scan::shape;
pub use scene_set::{SceneKind, SceneSynthConfig, generate_scenes, scene, scene_status};
