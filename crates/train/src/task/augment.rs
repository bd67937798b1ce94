//! From the points of a file to the points that a network sees.

use pointcloud::{
    Axis, derive_seed, jitter, mirror, morton_order, rotate_randomly, scale_randomly, translate, xyz_order,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::config::{self, AugmentConfig, PointOrder, Rotate};

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
    /// Prepares one cloud; `stream` (epoch and cloud, say) selects the random numbers.
    #[must_use]
    pub fn apply(&self, positions: &[[f32; 3]], stream: &[u64]) -> Vec<[f32; 3]> {
        let mut positions = positions.to_vec();
        if let Some(augment) = &self.augment {
            let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(self.seed, stream));
            change(&mut positions, augment, &mut rng);
        }
        let order = match self.order {
            PointOrder::None => return positions,
            PointOrder::Xyz => xyz_order(&positions),
            PointOrder::Morton => morton_order(&positions),
        };
        order.into_iter().map(|index| positions[index]).collect()
    }
}

fn change(positions: &mut [[f32; 3]], augment: &AugmentConfig, rng: &mut impl Rng) {
    let up = augment.up_axis.into();
    for axis in &augment.mirror {
        if rng.random() {
            mirror(positions, (*axis).into());
        }
    }
    match augment.rotate {
        Rotate::None => {}
        Rotate::Up => {
            rotate_randomly(positions, up, rng);
        }
        Rotate::Any => rotate_uniformly(positions, rng),
    }
    let [least, most] = augment.scale;
    if least < most || least != 1.0 {
        scale_randomly(positions, least..=most, rng);
    }
    if augment.translate > 0.0 {
        let reach = augment.translate;
        translate(positions, std::array::from_fn(|_| rng.random_range(-reach..=reach)));
    }
    if augment.jitter_sigma > 0.0 {
        jitter(positions, augment.jitter_sigma, augment.jitter_clip, rng);
    }
}

/// Applies a rotation drawn evenly from all rotations: a unit quaternion with a direction of four normal draws.
pub(super) fn rotate_uniformly(positions: &mut [[f32; 3]], rng: &mut impl Rng) {
    let mut q: [f32; 4] = std::array::from_fn(|_| rng.sample(StandardNormal));
    let norm = q.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    q.iter_mut().for_each(|v| *v /= norm);
    let [w, x, y, z] = q;
    let rows = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
    ];
    for position in positions {
        let p = *position;
        *position = rows.map(|row| row[0] * p[0] + row[1] * p[1] + row[2] * p[2]);
    }
}

impl From<config::Axis> for Axis {
    fn from(axis: config::Axis) -> Self {
        match axis {
            config::Axis::X => Self::X,
            config::Axis::Y => Self::Y,
            config::Axis::Z => Self::Z,
        }
    }
}
