//! Synthetic data sets, which need no download: shapes with a class each, and scenes with a label for every point.
//!
//! Each family is a parametric solid or sheet. Every shape is deformed (taper, twist, bend), fitted to a box of random
//! proportions, sampled unevenly, cut as if seen from one side, rotated about z by any angle, tilted and made noisy. All families
//! share one distribution of proportions, and either end may be up. So extents and simple histograms reveal little, and a network
//! has to learn the shape.
//!
//! The articulated figures are trees of limbs. Their joint angles are random within the limits of their class, and the figure has
//! any orientation. The classes differ in how the limbs are connected.
//!
//! The rooms are boxes with tables, chairs, shelves, sofas and lamps of random sizes at random positions, none inside another.
//! Each object has its own colour, which does not depend on its class. The outdoor sites are undulating ground with trees, a few
//! poles, and clutter. Their density falls with the distance from a few scanners.
//!
//! All random numbers are derived from [`SynthConfig::seed`] with [`derive_seed`](crate::derive_seed) for every file. The same
//! settings give the same bytes on any number of threads, and on any platform with the same `sin`, `cos` and `exp`.

mod config;
mod deform;
mod family;
mod figure;
mod furniture;
mod generate;
mod limbs;
mod outdoor;
mod room;
mod scan;
mod scene_config;
mod scene_set;
mod skeleton;
mod solids;
mod surface;

pub use config::{MOST_PER_CLASS, MOST_POINTS, ShapeKind, SynthConfig, SynthStatus};
pub use family::Family;
pub use figure::Figure;
pub use generate::{generate, status};
pub use limbs::figure;
pub use scan::shape;
pub use scene_config::{MOST_SCENES, OUTDOOR_CLASSES, SCENE_CLASSES, SceneKind, SceneSynthConfig};
pub use scene_set::{generate_scenes, scene, scene_status};
