//! The points of a region: taken out of a scene, and changed at random.

use pointcloud::{
    Axis, IGNORED, PointCloud, jitter, jitter_colors, mirror, rotate_randomly, scale_randomly,
    stretch_colors, translate,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::prepare::rotate_uniformly;
use super::scene_set::Frame;
use crate::config::{AugmentConfig, Rotate};

/// The columns of some points of a scene, relative to the middle of its floor.
pub(super) struct Part {
    pub(super) positions: Vec<[f32; 3]>,
    pub(super) normals: Vec<[f32; 3]>,
    pub(super) colors: Vec<[f32; 3]>,
    pub(super) properties: Vec<(String, Vec<f32>)>,
    pub(super) labels: Vec<i32>,
}

impl Part {
    pub(super) fn of(scene: &PointCloud, frame: &Frame, members: &[usize]) -> Self {
        let position = |&i: &usize| [0, 1, 2].map(|axis| scene.positions()[i][axis] - frame.floor[axis]);
        let pick = |column: &[[f32; 3]]| members.iter().map(|&i| column[i]).collect();
        let color = |column: &[[u8; 3]]| {
            members.iter().map(|&i| column[i].map(|channel| f32::from(channel) / 255.0)).collect()
        };
        let property = |property: &pointcloud::ScalarProperty| {
            let values = members.iter().map(|&i| property.values[i] as f32).collect();
            (property.name.clone(), values)
        };
        Self {
            positions: members.iter().map(position).collect(),
            normals: scene.normals().map(pick).unwrap_or_default(),
            colors: scene.colors().map(color).unwrap_or_default(),
            properties: scene.properties().iter().map(property).collect(),
            labels: match scene.labels() {
                Some(labels) => members.iter().map(|&i| labels[i]).collect(),
                None => vec![IGNORED; members.len()],
            },
        }
    }

    /// Random changes; `centre` goes with the points.
    pub(super) fn change(&mut self, augment: &AugmentConfig, centre: &mut [[f32; 3]; 1], rng: &mut impl Rng) {
        for axis in &augment.mirror {
            if rng.random() {
                let axis = Axis::from(*axis);
                mirror(&mut self.positions, axis);
                mirror(&mut self.normals, axis);
                mirror(centre, axis);
            }
        }
        // The same draws turn points, normals and the centre.
        let turn = rng.random::<u64>();
        for vectors in [&mut self.positions[..], &mut self.normals[..], &mut centre[..]] {
            let mut rng = ChaCha8Rng::seed_from_u64(turn);
            match augment.rotate {
                Rotate::None => {}
                Rotate::Up => drop(rotate_randomly(vectors, augment.up_axis.into(), &mut rng)),
                Rotate::Any => rotate_uniformly(vectors, &mut rng),
            }
        }
        let [least, most] = augment.scale;
        if least < most || least != 1.0 {
            let factor = scale_randomly(&mut self.positions, least..=most, rng);
            pointcloud::scale(centre, factor);
        }
        if augment.translate > 0.0 {
            let reach = augment.translate;
            translate(&mut self.positions, std::array::from_fn(|_| rng.random_range(-reach..=reach)));
        }
        if augment.jitter_sigma > 0.0 {
            jitter(&mut self.positions, augment.jitter_sigma, augment.jitter_clip, rng);
        }
        if rng.random::<f32>() < augment.color_stretch {
            stretch_colors(&mut self.colors, rng.random());
        }
        if augment.color_jitter > 0.0 {
            jitter_colors(&mut self.colors, augment.color_jitter, rng);
        }
        if rng.random::<f32>() < augment.color_drop {
            self.colors.fill([0.0; 3]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> PointCloud {
        let mut scene = PointCloud::new(vec![[10.0, 20.0, 0.0], [11.0, 20.0, 1.0], [12.0, 22.0, 2.0]]);
        scene.set_normals(Some(vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])).unwrap();
        scene.set_colors(Some(vec![[0, 51, 255], [255, 0, 0], [102, 102, 102]])).unwrap();
        scene.set_labels(Some(vec![3, IGNORED, 7])).unwrap();
        scene
    }

    #[test]
    fn points_lie_from_the_middle_of_the_floor() {
        let scene = scene();
        let part = Part::of(&scene, &Frame::of(scene.positions()), &[2, 0]);
        assert_eq!(part.positions, [[1.0, 1.0, 2.0], [-1.0, -1.0, 0.0]]);
        assert_eq!(part.normals, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
        assert_eq!(part.colors, [[0.4, 0.4, 0.4], [0.0, 0.2, 1.0]]);
        assert_eq!(part.labels, [7, 3]);
    }

    #[test]
    fn changes_keep_shape_normals_and_labels_together() {
        let scene = scene();
        let augment = AugmentConfig {
            rotate: Rotate::Any,
            scale: [2.0, 2.0],
            mirror: vec![crate::config::Axis::X],
            translate: 0.5,
            ..AugmentConfig::default()
        };
        let distance = |a: [f32; 3], b: [f32; 3]| (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f32>().sqrt();
        for seed in 0..20 {
            let before = Part::of(&scene, &Frame::of(scene.positions()), &[0, 1, 2]);
            let mut after = Part::of(&scene, &Frame::of(scene.positions()), &[0, 1, 2]);
            let mut centre = [[0.0; 3]];
            after.change(&augment, &mut centre, &mut ChaCha8Rng::seed_from_u64(seed));
            assert_ne!(after.positions, before.positions);
            for (i, j) in [(0, 1), (0, 2), (1, 2)] {
                let (old, new) = (
                    distance(before.positions[i], before.positions[j]),
                    distance(after.positions[i], after.positions[j]),
                );
                assert!((new - 2.0 * old).abs() < 1e-5, "{old} became {new}");
            }
            // A normal turns with its point: what it has of the way to another point stays, but for the scale.
            let along = |part: &Part| {
                let way = [0, 1, 2].map(|i| part.positions[1][i] - part.positions[0][i]);
                (0..3).map(|i| way[i] * part.normals[0][i]).sum::<f32>()
            };
            assert!((along(&after) - 2.0 * along(&before)).abs() < 1e-5);
            assert_eq!((after.labels, after.colors), (before.labels, before.colors));
        }
    }

    #[test]
    fn colours_are_changed_only_where_asked_for_and_stay_in_range() {
        let scene = scene();
        let changed = |augment: AugmentConfig| {
            let mut part = Part::of(&scene, &Frame::of(scene.positions()), &[0, 1, 2]);
            part.change(&augment, &mut [[0.0; 3]], &mut ChaCha8Rng::seed_from_u64(1));
            part.colors
        };
        let before = changed(AugmentConfig::default());
        assert_eq!(before[0], [0.0, 0.2, 1.0]);
        let noisy = changed(AugmentConfig { color_jitter: 0.5, ..AugmentConfig::default() });
        assert!(noisy != before && noisy.iter().flatten().all(|v| (0.0..=1.0).contains(v)), "{noisy:?}");
        let dark = changed(AugmentConfig { color_drop: 0.999_999, ..AugmentConfig::default() });
        assert_eq!(dark, [[0.0; 3]; 3]);
    }
}
