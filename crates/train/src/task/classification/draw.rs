//! Draws the points that a classifier takes from all points of a file.

use pointcloud::transform::{self, Normalizer, resample_indices};
use rand::Rng;

use crate::config::{self, DataConfig, Normalize};
use crate::task::Columns;

/// How points are chosen and normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    points: usize,
    sampling: transform::Sampling,
    normalize: Normalize,
}

impl Draw {
    /// Reads the keys `points`, `sampling` and `normalize`.
    #[must_use]
    pub fn of(config: &DataConfig) -> Self {
        let sampling = match config.sampling {
            config::Sampling::Random => transform::Sampling::Random,
            config::Sampling::Farthest => transform::Sampling::Farthest,
        };
        Self { points: config.points, sampling, normalize: config.normalize }
    }

    /// How points are chosen.
    pub(super) fn sampling(&self) -> transform::Sampling {
        self.sampling
    }

    /// Chooses points of `cloud`, with repeats if it has too few, and normalises them.
    ///
    /// # Panics
    /// When the cloud has no point.
    #[must_use]
    pub fn apply(&self, cloud: &Columns, rng: &mut impl Rng) -> Columns {
        let chosen = resample_indices(&cloud.positions, self.points, self.sampling, rng);
        let mut columns = cloud.select(&chosen);
        self.normalize(&mut columns);
        columns
    }

    /// Normalises points that are already chosen.
    pub(super) fn normalize(&self, columns: &mut Columns) {
        if self.normalize == Normalize::UnitSphere {
            Normalizer::unit_sphere(&columns.positions).apply(&mut columns.positions);
        }
    }
}
