//! Augmentation: random changes of all columns of a training cloud, for both tasks.
//!
//! A new augmentation is a key of [`AugmentConfig`] and a step of [`augment`].

use pointcloud::transform::{
    Axis, drop_randomly, jitter, jitter_colors, mirror, rotate_randomly, scale, scale_randomly,
    stretch_colors, translate,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::Columns;
use crate::config::{self, AugmentConfig, Rotate};

/// The source of the random numbers of a rotation. The tasks differ, so that a seed still gives the same numbers as when each
/// task had its own augmentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationDraws {
    /// From the stream of the other changes.
    Shared,
    /// From a stream whose seed is drawn from that one, even if there is no rotation.
    Own,
}

/// Changes positions, normals and colours of a cloud at random, as `config` says. `anchors` are points, such as the centre of a
/// region, that are transformed with the cloud but not jittered.
pub fn augment(
    columns: &mut Columns,
    anchors: &mut [[f32; 3]],
    config: &AugmentConfig,
    draws: RotationDraws,
    rng: &mut ChaCha8Rng,
) {
    let Columns { positions, normals, colors, .. } = columns;
    for &axis in &config.mirror {
        if rng.random() {
            for vectors in [&mut positions[..], &mut normals[..], &mut anchors[..]] {
                mirror(vectors, axis.into());
            }
        }
    }
    rotate([positions, normals, anchors], config, draws, rng);
    let [least, most] = config.scale;
    if least < most || least != 1.0 {
        if config.scale_axes {
            let factors = std::array::from_fn(|_| rng.random_range(least..=most));
            stretch(positions, normals, anchors, factors);
        } else {
            let factor = scale_randomly(positions, least..=most, rng);
            scale(anchors, factor);
        }
    }
    if config.translate > 0.0 {
        let reach = config.translate;
        translate(positions, std::array::from_fn(|_| rng.random_range(-reach..=reach)));
    }
    if config.jitter_sigma > 0.0 {
        jitter(positions, config.jitter_sigma, config.jitter_clip, rng);
    }
    if rng.random::<f32>() < config.color_stretch {
        stretch_colors(colors, rng.random());
    }
    if config.color_jitter > 0.0 {
        jitter_colors(colors, config.color_jitter, rng);
    }
    if rng.random::<f32>() < config.color_drop {
        colors.fill([0.0; 3]);
    }
    if config.density_jitter > 0.0 {
        let reach = config.density_jitter;
        columns.shift_density(rng.random_range(-reach..=reach));
    }
}

/// Leaves out a random share of the points `members`: `augment.drop`.
pub fn drop_points(members: Vec<usize>, config: &AugmentConfig, rng: &mut impl Rng) -> Vec<usize> {
    if config.drop <= 0.0 {
        return members;
    }
    drop_randomly(members.len(), config.drop, rng).into_iter().map(|index| members[index]).collect()
}

/// Applies one random rotation to all `columns`: the same numbers are drawn again for each.
fn rotate(columns: [&mut [[f32; 3]]; 3], config: &AugmentConfig, draws: RotationDraws, rng: &mut ChaCha8Rng) {
    let start = match draws {
        RotationDraws::Shared => rng.clone(),
        RotationDraws::Own => ChaCha8Rng::seed_from_u64(rng.random()),
    };
    for vectors in columns {
        let mut turn = start.clone();
        match config.rotate {
            // `Auto` is not resolved yet when estimates use training clouds, before all files are read.
            Rotate::None | Rotate::Auto => {}
            Rotate::Up => drop(rotate_randomly(vectors, config.up_axis.into(), &mut turn)),
            Rotate::Any => rotate_uniformly(vectors, &mut turn),
        }
        if draws == RotationDraws::Shared {
            *rng = turn;
        }
    }
}

/// Scales every axis by its factor. A normal becomes `n_i / f_i`, normalised to length 1, so it remains normal to its surface.
fn stretch(
    positions: &mut [[f32; 3]],
    normals: &mut [[f32; 3]],
    anchors: &mut [[f32; 3]],
    factors: [f32; 3],
) {
    for position in positions.iter_mut().chain(anchors) {
        *position = [0, 1, 2].map(|axis| position[axis] * factors[axis]);
    }
    for normal in normals {
        let turned = [0, 1, 2].map(|axis| normal[axis] / factors[axis]);
        let length = turned.iter().map(|v| v * v).sum::<f32>().sqrt();
        if length > 0.0 {
            *normal = turned.map(|v| v / length);
        }
    }
}

/// Applies a rotation drawn evenly from all rotations: a unit quaternion with a direction of four normal draws.
pub(crate) fn rotate_uniformly(positions: &mut [[f32; 3]], rng: &mut impl Rng) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns {
            positions: vec![[-1.0, -1.0, 0.0], [0.0, -1.0, 1.0], [1.0, 1.0, 2.0]],
            normals: vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            colors: vec![[0.0, 0.2, 1.0], [1.0, 0.0, 0.0], [0.4, 0.4, 0.4]],
            properties: vec![("intensity".into(), vec![1.0, 2.0, 3.0])],
            labels: vec![3, -1, 7],
        }
    }

    fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f32>().sqrt()
    }

    #[test]
    fn changes_keep_shape_normals_and_labels_together() {
        let config = AugmentConfig {
            rotate: Rotate::Any,
            scale: [2.0, 2.0],
            mirror: vec![config::Axis::X],
            translate: 0.5,
            ..AugmentConfig::default()
        };
        let before = columns();
        for seed in 0..20 {
            for draws in [RotationDraws::Shared, RotationDraws::Own] {
                let mut after = columns();
                augment(&mut after, &mut [], &config, draws, &mut ChaCha8Rng::seed_from_u64(seed));
                assert_ne!(after.positions, before.positions);
                for (i, j) in [(0, 1), (0, 2), (1, 2)] {
                    let old = distance(before.positions[i], before.positions[j]);
                    let new = distance(after.positions[i], after.positions[j]);
                    assert!((new - 2.0 * old).abs() < 1e-5, "{old} became {new}");
                }
                // A normal rotates with its point: its component along the vector to another point changes only by the scale.
                let along = |columns: &Columns| {
                    let way = [0, 1, 2].map(|i| columns.positions[1][i] - columns.positions[0][i]);
                    (0..3).map(|i| way[i] * columns.normals[0][i]).sum::<f32>()
                };
                assert!((along(&after) - 2.0 * along(&before)).abs() < 1e-5);
                assert_eq!((&after.labels, &after.colors), (&before.labels, &before.colors));
                assert_eq!(after.properties, before.properties);
            }
        }
    }

    #[test]
    fn anchors_turn_and_scale_with_the_points() {
        let config =
            AugmentConfig { rotate: Rotate::Up, scale: [3.0, 3.0], jitter_sigma: 0.0, ..Default::default() };
        for draws in [RotationDraws::Shared, RotationDraws::Own] {
            let mut columns = columns();
            let mut anchors = [columns.positions[2]];
            augment(&mut columns, &mut anchors, &config, draws, &mut ChaCha8Rng::seed_from_u64(4));
            assert_eq!(anchors[0], columns.positions[2]);
        }
    }

    #[test]
    fn axes_are_scaled_apart_and_normals_stay_at_right_angles() {
        let config = AugmentConfig { scale: [0.5, 2.0], scale_axes: true, ..Default::default() };
        // Two vectors in a slanted face, and its normal.
        let (u, v) = ([1.0, 0.0, -1.0], [0.0, 1.0, -2.0]);
        let normal = [1.0_f32, 2.0, 1.0].map(|x| x / 6.0_f32.sqrt());
        for seed in 0..20 {
            let mut columns = Columns { positions: vec![u, v], normals: vec![normal; 2], ..columns() };
            let mut anchors = [[1.0, 1.0, 1.0]];
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            augment(&mut columns, &mut anchors, &config, RotationDraws::Shared, &mut rng);
            let factors = anchors[0];
            assert!(factors.iter().all(|f| (0.5..=2.0).contains(f)));
            assert!(factors[0] != factors[1] && factors[1] != factors[2], "{factors:?}");
            assert_eq!(columns.positions[1], [0.0, factors[1], -2.0 * factors[2]]);
            let product = |a: [f32; 3], b: [f32; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f32>();
            let turned = columns.normals[0];
            assert!((product(turned, turned) - 1.0).abs() < 1e-5);
            for way in &columns.positions {
                assert!(product(turned, *way).abs() < 1e-5, "{turned:?} {way:?}");
            }
        }
    }

    #[test]
    fn the_density_of_all_points_is_shifted_by_the_same_number() {
        let config = AugmentConfig { density_jitter: 0.7, ..AugmentConfig::default() };
        let numbers = vec![1.0, 2.0, 3.0];
        let names = ["density_16", "density_64", "density_200", "intensity"];
        for seed in 0..20 {
            let properties = names.map(|name| (name.to_owned(), numbers.clone())).to_vec();
            let mut after = Columns { properties, ..columns() };
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            augment(&mut after, &mut [], &config, RotationDraws::Own, &mut rng);
            let shift = after.properties[0].1[0] - 1.0;
            assert!(shift != 0.0 && shift.abs() <= 0.7, "{shift}");
            for (name, values) in &after.properties {
                let expected = if name == "intensity" { 0.0 } else { shift };
                assert!(values.iter().zip(&numbers).all(|(a, b)| (a - b - expected).abs() < 1e-6), "{name}");
            }
        }
    }

    #[test]
    fn colours_are_changed_only_where_asked_for_and_stay_in_range() {
        let changed = |config: AugmentConfig| {
            let mut columns = columns();
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            augment(&mut columns, &mut [], &config, RotationDraws::Own, &mut rng);
            columns.colors
        };
        let before = changed(AugmentConfig::default());
        assert_eq!(before[0], [0.0, 0.2, 1.0]);
        let noisy = changed(AugmentConfig { color_jitter: 0.5, ..AugmentConfig::default() });
        assert!(noisy != before && noisy.iter().flatten().all(|v| (0.0..=1.0).contains(v)), "{noisy:?}");
        let dark = changed(AugmentConfig { color_drop: 0.999_999, ..AugmentConfig::default() });
        assert_eq!(dark, [[0.0; 3]; 3]);
    }
}
