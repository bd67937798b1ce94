//! Prepares the points of a file for a classifier.

use pointcloud::transform::{morton_order, xyz_order};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Draw;
use crate::config::{AugmentConfig, Config, PointOrder};
use crate::streams::Stream;
use crate::task::{Columns, RotationDraws, augment, drop_points};

/// The preparation of a cloud: draw points, drop points, augment, then sort. Without drawing and augmentation, the result is
/// always the same.
#[derive(Clone, Debug)]
pub struct Preparation {
    /// How points are drawn from a cloud that holds all points of its file; `None` for clouds that were drawn already.
    pub draw: Option<Draw>,
    /// Random changes; only for training and votes.
    pub augment: Option<AugmentConfig>,
    /// Whether dropped points are replaced by the first remaining one, for networks that need a fixed number of points.
    pub fixed_size: bool,
    /// Whether all clouds get the same random numbers, so that the index of a cloud does not matter.
    pub alike: bool,
    /// The order of the points, after augmentation.
    pub order: PointOrder,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl Preparation {
    /// The preparation for training with `config`.
    #[must_use]
    pub fn for_training(config: &Config) -> Self {
        Self {
            draw: config.data.resample.then(|| Draw::of(&config.data)),
            augment: Some(config.augment.clone()),
            ..Self::unchanged(config)
        }
    }

    /// The preparation for validation, evaluation and prediction: no augmentation.
    #[must_use]
    pub fn unchanged(config: &Config) -> Self {
        Self {
            draw: None,
            augment: None,
            fixed_size: config.model.needs_order(),
            alike: false,
            order: config.data.order,
            seed: config.seed,
        }
    }

    /// The preparation for votes on clouds that hold all points of their file: new points and the geometric part of the
    /// augmentation. The index of the vote is used instead of the epoch.
    #[must_use]
    pub fn for_votes(config: &Config) -> Self {
        Self {
            draw: Some(Draw::of(&config.data)),
            augment: Some(config.augment.for_votes()),
            alike: true,
            seed: Stream::Votes.seed(config.seed, &[]),
            ..Self::unchanged(config)
        }
    }

    /// Prepares a cloud; `epoch` and the `index` of the cloud select the random numbers.
    #[must_use]
    pub fn apply(&self, cloud: &Columns, epoch: usize, index: usize) -> Columns {
        let index = if self.alike { 0 } else { index };
        let rng =
            |stream: Stream| ChaCha8Rng::seed_from_u64(stream.seed(self.seed, &[epoch as u64, index as u64]));
        let mut points = rng(Stream::CloudPoints);
        let mut columns = match &self.draw {
            Some(draw) => draw.apply(cloud, &mut points),
            None => cloud.clone(),
        };
        if let Some(config) = &self.augment {
            if config.drop > 0.0 {
                columns = columns.select(&self.kept(columns.len(), config, &mut points));
            }
            let mut changes = rng(Stream::CloudAugmentation);
            augment(&mut columns, &mut [], config, RotationDraws::Shared, &mut changes);
        }
        let order = match self.order {
            PointOrder::None => return columns,
            PointOrder::Xyz => xyz_order(&columns.positions),
            PointOrder::Morton => morton_order(&columns.positions),
        };
        columns.select(&order)
    }

    /// A cloud as drawn before the first epoch, without augmentation, not sorted.
    #[must_use]
    pub(super) fn drawn(&self, cloud: &Columns, index: usize) -> Columns {
        Self { augment: None, order: PointOrder::None, ..self.clone() }.apply(cloud, 0, index)
    }

    /// The points that are not dropped.
    fn kept(&self, len: usize, config: &AugmentConfig, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let mut kept = drop_points((0..len).collect(), config, rng);
        if let (true, Some(&first)) = (self.fixed_size, kept.first()) {
            kept.resize(len, first);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn config(overrides: &[&str]) -> Config {
        let text = "name = \"x\"\n[data]\nroot = \"x\"\npoints = 40\ninputs = [\"intensity\"]\norder = \"morton\"\n\
                    [model]\nkind = \"paper-classifier\"\nhead = \"pooled\"\n\
                    [optimizer]\nkind = \"adam\"\nlr = 0.1\n[train]\nepochs = 1\n";
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        Config::parse(text, "x.toml", &overrides).unwrap()
    }

    /// Points whose intensity is their index.
    fn cloud(len: usize) -> Columns {
        Columns {
            positions: (0..len).map(|i| [i as f32, (i * i % 37) as f32, 0.1 * i as f32]).collect(),
            properties: vec![("intensity".into(), (0..len).map(|i| i as f32).collect())],
            ..Columns::default()
        }
    }

    fn indices(columns: &Columns) -> Vec<usize> {
        columns.properties[0].1.iter().map(|&value| value as usize).collect()
    }

    #[test]
    fn points_are_drawn_anew_in_every_epoch_and_normalised() {
        let preparation = Preparation::for_training(&config(&["data.resample=true"]));
        let pool = cloud(100);
        let drawn = |epoch, index| preparation.apply(&pool, epoch, index);
        assert_eq!(drawn(1, 2), drawn(1, 2));
        let set = |columns: &Columns| indices(columns).into_iter().collect::<BTreeSet<_>>();
        let first = drawn(1, 2);
        assert_eq!((first.len(), set(&first).len()), (40, 40), "no point twice");
        assert_ne!(set(&first), set(&drawn(2, 2)));
        assert_ne!(set(&first), set(&drawn(1, 3)));
        let farthest = |p: &[f32; 3]| p.iter().map(|v| v * v).sum::<f32>().sqrt();
        let radius = first.positions.iter().map(farthest).fold(0.0, f32::max);
        assert!((radius - 1.0).abs() < 1e-5, "{radius}");
        // Columns move with their points: the first coordinate was the index before it was normalised.
        let order = indices(&first);
        for pair in order.windows(2).zip(first.positions.windows(2)) {
            let (index, position) = (pair.0[0] < pair.0[1], pair.1[0][0] < pair.1[1][0]);
            assert_eq!(index, position);
        }
        // Over all epochs, every point is drawn at least once.
        let seen: BTreeSet<usize> = (0..20).flat_map(|epoch| indices(&drawn(epoch, 0))).collect();
        assert_eq!(seen.len(), 100);
        let once = Preparation::for_training(&config(&[]));
        assert_eq!(once.apply(&pool, 1, 2), once.apply(&pool, 5, 7), "without the key nothing is drawn");
    }

    #[test]
    fn dropped_points_are_gone_or_replaced() {
        let cloud = cloud(200);
        for (head, fixed) in [("pooled", false), ("flatten", true)] {
            let model = format!("model.head={head}");
            let preparation = Preparation::for_training(&config(&["augment.drop=0.6", &model]));
            let sizes: BTreeSet<usize> = (0..30)
                .map(|epoch| {
                    let prepared = preparation.apply(&cloud, epoch, 0);
                    let distinct: BTreeSet<usize> = indices(&prepared).into_iter().collect();
                    if fixed {
                        assert_eq!(prepared.len(), 200);
                        let twice = indices(&prepared).into_iter().filter(|i| i == distinct.first().unwrap());
                        assert_eq!(twice.count(), 201 - distinct.len());
                    } else {
                        assert_eq!(prepared.len(), distinct.len());
                    }
                    distinct.len()
                })
                .collect();
            assert!(sizes.len() > 10 && *sizes.first().unwrap() >= 40, "{sizes:?}");
        }
    }
}
