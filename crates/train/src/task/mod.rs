//! The tasks of the networks: one folder per task, and the code that both tasks share.

mod augment;
mod batch;
mod class_match;
pub mod classification;
mod columns;
mod eigen;
mod finite;
mod loader;
mod loss;
mod opened;
pub mod segmentation;
mod shards;
mod source;
mod spacing;
mod surroundings;
mod trained_run;

pub(crate) use augment::rotate_uniformly;
pub use augment::{RotationDraws, augment, drop_points};
pub use batch::{CloudBatch, Packer, Unpacked};
pub(crate) use batch::{list_sizes, offsets};
pub(crate) use class_match::ClassMatch;
pub use columns::Columns;
pub(crate) use columns::{Reference, check_attributes};
pub(crate) use finite::ensure_finite;
pub(crate) use loader::AHEAD;
pub use loader::Loader;
pub use loss::{Loss, class_weights, forward_loss};
pub(crate) use loss::{LossSum, forward_sum, training_loss};
pub(crate) use opened::Opened;
pub use shards::{ShardedBatch, Shards};
pub use source::{BatchSource, TrainingData};
pub(crate) use spacing::{rounded, voxel_for};
pub(crate) use surroundings::{Merged, surroundings_columns};
pub use trained_run::TrainedRun;
