//! The experiment: one TOML file that says everything about a training run.
//!
//! The structs are the reference of the file format: every key is documented at its field, and a key that only one task uses
//! is marked there. A key that no struct knows is refused with the nearest known one named, a key that the network does not use
//! with the task that uses it, a wrong type with the key, what was found and what is expected.

mod attribute;
mod augment;
mod data;
mod experiment;
mod lists;
mod load;
mod optimize;
mod overrides;
mod reference;
mod scene_synth;
mod scenes;
mod schema;
mod usage;

pub use crate::check::{ConfigError, Hint, KeySource, Scale};
pub use crate::network::{ConvolutionKind, ModelConfig, SearchKind, ShellsConfig, Task};
pub(crate) use attribute::NEAREST;
pub use attribute::{Attribute, Computed};
pub use augment::{AugmentConfig, Axis, Rotate};
pub use data::{DataConfig, Normalize, PointOrder, Sampling, SynthData, SynthKind};
pub use experiment::{Config, TrainConfig};
pub use lists::Lists;
pub use optimize::{OptimizerConfig, ScheduleConfig};
pub use reference::{json_schema, reference};
pub use scene_synth::{SceneSynthData, SceneSynthKind};
pub use scenes::{Centres, ClassWeights, RegionKind, ScenesConfig};
