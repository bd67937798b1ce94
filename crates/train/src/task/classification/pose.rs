//! Detects whether the shapes of a class have the same pose.

use pointcloud::transform::{Normalizer, rotate_randomly};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::config::{AugmentConfig, Axis, Rotate};
use crate::task::rotate_uniformly;

/// The pose of the shapes of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pose {
    /// The same for all.
    Aligned,
    /// Rotated about this axis, which points up in all of them.
    Upright(Axis),
    /// Rotated in any way.
    Any,
}

impl Pose {
    /// Sets the rotation for training with shapes in this pose.
    pub(crate) fn set(self, augment: &mut AugmentConfig) {
        (augment.rotate, augment.up_axis) = match self {
            Self::Aligned => (Rotate::None, augment.up_axis),
            Self::Upright(axis) => (Rotate::Up, axis),
            Self::Any => (Rotate::Any, augment.up_axis),
        };
    }
}

/// Cells of a histogram along an axis of the cube around the unit sphere.
const CELLS: usize = 6;

/// Random rotations of each shape.
const TURNS: usize = 4;

/// Standard errors by which a mean must exceed 0.
const SURE: f64 = 3.0;

/// The pose of the shapes in `classes`, which has some shapes of each class.
///
/// The histograms of two shapes of a class are similar if both have the same pose, and less similar if one of them is rotated. If
/// a rotation about an axis does not change the similarity on average, the shapes are already rotated about that axis.
pub(crate) fn pose(classes: &[Vec<Vec<[f32; 3]>>]) -> Pose {
    // Ordered by how common they are as the up axis: z more often than y. The first one wins a tie.
    let axes = [Axis::Z, Axis::Y, Axis::X];
    let about = axes.map(|axis| {
        loss(classes, &mut |points, rng| {
            let _ = rotate_randomly(points, axis.into(), rng);
        })
    });
    let by_any = loss(classes, &mut |points, rng| rotate_uniformly(points, rng));
    let is_loss = |found: &Loss| found.mean > SURE * found.error;
    if !is_loss(&by_any) {
        return Pose::Any;
    }
    if about.iter().all(is_loss) {
        return Pose::Aligned;
    }
    let least =
        (0..3).filter(|&i| !is_loss(&about[i])).min_by(|&a, &b| about[a].mean.total_cmp(&about[b].mean));
    least.map_or(Pose::Aligned, |index| Pose::Upright(axes[index]))
}

/// How much a rotation reduces the similarity of two shapes of a class.
struct Loss {
    mean: f64,
    /// Its standard error.
    error: f64,
}

fn loss(classes: &[Vec<Vec<[f32; 3]>>], rotate: &mut dyn FnMut(&mut [[f32; 3]], &mut ChaCha8Rng)) -> Loss {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut losses = Vec::new();
    for shapes in classes {
        let shapes: Vec<Vec<[f32; 3]>> = shapes.iter().map(|shape| normalized(shape)).collect();
        let histograms: Vec<Vec<f64>> = shapes.iter().map(|shape| histogram(shape)).collect();
        for (index, shape) in shapes.iter().enumerate() {
            // Every shape is compared with the next one: the pairs are independent except for a common shape.
            let other = (index + 1) % shapes.len();
            if other == index {
                continue;
            }
            let alike = likeness(&histograms[index], &histograms[other]);
            for _ in 0..TURNS {
                let mut turned = shape.clone();
                rotate(&mut turned, &mut rng);
                losses.push(alike - likeness(&histogram(&turned), &histograms[other]));
            }
        }
    }
    let count = losses.len().max(1) as f64;
    let mean = losses.iter().sum::<f64>() / count;
    let variance = losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / count;
    // All rotations of a shape use the same pair, so the number of samples is the number of pairs.
    Loss { mean, error: (variance * TURNS as f64 / count).sqrt() }
}

fn normalized(shape: &[[f32; 3]]) -> Vec<[f32; 3]> {
    let mut shape = shape.to_vec();
    Normalizer::unit_sphere(&shape).apply(&mut shape);
    shape
}

/// The fraction of the points in each cell.
fn histogram(points: &[[f32; 3]]) -> Vec<f64> {
    let mut counts = vec![0.0; CELLS.pow(3)];
    let cell = |value: f32| ((0.5 * (value + 1.0) * CELLS as f32) as usize).min(CELLS - 1);
    for [x, y, z] in points {
        counts[(cell(*z) * CELLS + cell(*y)) * CELLS + cell(*x)] += 1.0 / points.len() as f64;
    }
    counts
}

/// The Bhattacharyya coefficient of two histograms: 1 where they are equal, 0 where no cell has points of both.
fn likeness(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a * b).sqrt()).sum()
}

#[cfg(test)]
mod tests {
    use pointcloud::synth::{Family, SynthConfig, shape};

    use super::*;

    fn classes(turn: &mut dyn FnMut(&mut [[f32; 3]], &mut ChaCha8Rng)) -> Vec<Vec<Vec<[f32; 3]>>> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        // Boxes with different edges along x, y and z: every rotation changes them.
        let solid = |scale: [f32; 3], rng: &mut ChaCha8Rng| {
            let config = SynthConfig { points: 300, ..SynthConfig::default() };
            let sphere = shape(Family::ALL[0], &config, rng);
            sphere.iter().map(|p| [p[0] * scale[0], p[1] * scale[1] + 0.2 * p[0], p[2] * scale[2]]).collect()
        };
        [[1.0, 0.4, 0.15], [0.3, 0.2, 1.0], [0.2, 1.0, 0.6]]
            .into_iter()
            .map(|scale| {
                (0..12)
                    .map(|_| {
                        let mut points: Vec<[f32; 3]> = solid(scale, &mut rng);
                        turn(&mut points, &mut rng);
                        points
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn poses_are_told_apart() {
        assert_eq!(pose(&classes(&mut |_, _| ())), Pose::Aligned);
        for axis in [Axis::X, Axis::Y, Axis::Z] {
            let turned = classes(&mut |points, rng| {
                let _ = rotate_randomly(points, axis.into(), rng);
            });
            assert_eq!(pose(&turned), Pose::Upright(axis));
        }
        assert_eq!(pose(&classes(&mut |points, rng| rotate_uniformly(points, rng))), Pose::Any);
    }

    #[test]
    fn one_shape_of_a_class_says_nothing() {
        let classes: Vec<_> =
            classes(&mut |_, _| ()).into_iter().map(|shapes| shapes[..1].to_vec()).collect();
        assert_eq!(pose(&classes), Pose::Any);
    }
}
