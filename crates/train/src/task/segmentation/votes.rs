//! The predictions for every point of a scene, and their comparison with labels.

use pointcloud::scene::IGNORED;

use crate::metrics::{Confusion, Reliability};
use crate::temperature;

/// The predictions for a scene: the mean probability of every class for every voxel, over the regions that contain it.
#[derive(Clone, Debug, PartialEq)]
pub struct Votes {
    pub(super) means: Vec<f32>,
    pub(super) classes: usize,
    pub(super) voxel_from_point: Vec<u32>,
    /// The temperature of the weights.
    pub(super) temperature: Option<f64>,
    /// Points whose confidence is lower have no label.
    pub(super) reject_below: f32,
}

impl Votes {
    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.voxel_from_point.len()
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.voxel_from_point.is_empty()
    }

    /// The probabilities of all classes for a point, calibrated with the temperature of the run.
    ///
    /// # Panics
    /// When `point` is not below [`len`](Self::len).
    #[must_use]
    pub fn probabilities(&self, point: usize) -> Vec<f32> {
        temperature::apply(self.means(point), self.temperature)
    }

    /// The mean probabilities of a point, before calibration.
    fn means(&self, point: usize) -> &[f32] {
        let voxel = self.voxel_from_point[point] as usize;
        &self.means[voxel * self.classes..(voxel + 1) * self.classes]
    }

    /// Rejects points whose confidence is below `confidence`: they get no label.
    pub fn reject_below(&mut self, confidence: f32) {
        self.reject_below = confidence;
    }

    /// The class of a point as a label; [`IGNORED`] where its confidence is too low, see [`reject_below`](Self::reject_below).
    ///
    /// # Panics
    /// As [`probabilities`](Self::probabilities).
    #[must_use]
    pub fn label(&self, point: usize) -> i32 {
        let is_rejected = self.reject_below > 0.0 && self.confidence(point) < self.reject_below;
        if is_rejected { IGNORED } else { self.class(point) as i32 }
    }

    /// The first point of every voxel.
    pub(super) fn one_point_per_voxel(&self) -> Vec<usize> {
        let mut seen = vec![false; self.means.len() / self.classes];
        let first = |&(_, &voxel): &(usize, &u32)| !std::mem::replace(&mut seen[voxel as usize], true);
        self.voxel_from_point.iter().enumerate().filter(first).map(|(point, _)| point).collect()
    }

    /// The most probable class of a point; the first one of a tie.
    ///
    /// # Panics
    /// As [`probabilities`](Self::probabilities).
    #[must_use]
    pub fn class(&self, point: usize) -> usize {
        let means = self.means(point);
        (1..self.classes).fold(0, |best, class| if means[class] > means[best] { class } else { best })
    }

    /// The probability of that class.
    ///
    /// # Panics
    /// As [`probabilities`](Self::probabilities).
    #[must_use]
    pub fn confidence(&self, point: usize) -> f32 {
        self.probabilities(point)[self.class(point)]
    }
}

/// Counters over the points of scenes.
pub(super) struct Score {
    pub(super) confusion: Confusion,
    pub(super) reliability: Reliability,
    loss: f64,
}

impl Score {
    pub(super) fn new(classes: usize) -> Self {
        Self { confusion: Confusion::new(classes), reliability: Reliability::default(), loss: 0.0 }
    }

    pub(super) fn add(&mut self, votes: &Votes, truth: &[i32]) {
        for (point, &truth) in truth.iter().enumerate().filter(|(_, truth)| **truth != IGNORED) {
            let class = votes.class(point);
            self.confusion.record(truth as usize, class);
            self.reliability.record(votes.confidence(point), class == truth as usize);
            self.loss -= f64::from(votes.means(point)[truth as usize].max(f32::MIN_POSITIVE)).ln();
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.confusion.merge(&other.confusion);
        self.reliability.merge(&other.reliability);
        self.loss += other.loss;
    }

    pub(super) fn mean_loss(&self) -> f64 {
        self.loss / self.confusion.total().max(1) as f64
    }
}
