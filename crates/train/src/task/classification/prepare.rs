//! From the points of a file to the points that a classifier sees.

use pointcloud::transform::{morton_order, xyz_order};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::config::{AugmentConfig, Config, PointOrder};
use crate::streams::Stream;
use crate::task::{Columns, RotationDraws, augment};

/// Augmentation, then order. Without augmentation this is the same every time.
#[derive(Clone, Debug)]
pub struct Preparation {
    /// The order of the points, after augmentation.
    pub order: PointOrder,
    /// Random changes; only for training.
    pub augment: Option<AugmentConfig>,
    /// Seed of all random changes.
    pub seed: u64,
}

impl Preparation {
    /// The preparation for training with `config`.
    #[must_use]
    pub fn for_training(config: &Config) -> Self {
        Self { augment: Some(config.augment.clone()), ..Self::unchanged(config) }
    }

    /// The preparation for validation, evaluation and prediction: no augmentation.
    #[must_use]
    pub fn unchanged(config: &Config) -> Self {
        Self { order: config.data.order, augment: None, seed: config.seed }
    }

    /// Prepares a cloud; `epoch` and the `index` of the cloud select the random numbers.
    #[must_use]
    pub fn apply(&self, cloud: &Columns, epoch: usize, index: usize) -> Columns {
        let mut columns = cloud.clone();
        if let Some(config) = &self.augment {
            let seed = Stream::CloudAugmentation.seed(self.seed, &[epoch as u64, index as u64]);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            augment(&mut columns, &mut [], config, RotationDraws::Shared, &mut rng);
        }
        let order = match self.order {
            PointOrder::None => return columns,
            PointOrder::Xyz => xyz_order(&columns.positions),
            PointOrder::Morton => morton_order(&columns.positions),
        };
        columns.select(&order)
    }
}
