//! The experiment: one TOML file that says everything about a training run.
//!
//! The structs are the reference of the file format: every key is documented at its field. A key
//! that no struct knows is refused with the nearest known one named, a wrong type with the key,
//! what was found and what is expected.

mod augment;
mod check;
mod data;
mod error;
mod experiment;
mod load;
mod model;
mod optimize;
mod overrides;
mod reference;
mod scenes;
mod schema;

pub use augment::{AugmentConfig, Axis, Rotate};
pub use data::{DataConfig, Normalize, PointOrder, Sampling, SynthData};
pub use error::{ConfigError, Hint, Place};
pub use experiment::{Config, TrainConfig};
pub use model::{
    ConvolutionKind, Head, Inputs, ModelConfig, PaperClassifierConfig, PaperSegmenterConfig,
    ResidualSegmenterConfig, SearchKind, Task,
};
pub use optimize::{OptimizerConfig, ScheduleConfig};
pub use reference::{json_schema, reference};
pub use scenes::{Attribute, Centres, ClassWeights, RegionKind, SceneSynthData, ScenesConfig};
