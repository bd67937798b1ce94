//! The result of an evaluation, as it is written to JSON.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::confusion::Confusion;
use super::rows::Values;
use crate::network::Task;

/// The result of evaluating one split with one set of weights. The keys of its JSON are stable;
/// every share is a fraction in `[0, 1]`, and `null` where it is not defined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The split that was evaluated, for instance `test`.
    pub split: String,
    /// Which weights of the run were used.
    pub weights: Weights,
    /// Passes whose mean was counted (`--votes`); left out where there was one, without random changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<NonZeroUsize>,
    /// Files that were evaluated: all of the split.
    pub files_seen: usize,
    /// The metrics.
    #[serde(flatten, with = "super::rows::named")]
    pub values: Values,
    /// Mean loss over the files; `null` when it is not finite.
    pub loss: Option<f64>,
    /// Names of the classes, in the order of their numbers.
    pub classes: Vec<String>,
    /// Figures of each class, in the same order.
    pub per_class: Vec<ClassMetrics>,
    /// Counts: rows are the true classes, columns the predicted ones.
    pub confusion: Vec<Vec<u64>>,
}

/// Figures of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassMetrics {
    /// Name of the class.
    pub name: String,
    /// Files (points, in segmentation) whose true class it is.
    pub count: u64,
    /// Those of them that are predicted right.
    pub correct: u64,
    /// `correct / count`, the recall; `None` when the truth lacks the class.
    pub accuracy: Option<f64>,
    /// Part of the predictions of the class that is right; `None` when it was never predicted.
    pub precision: Option<f64>,
    /// Harmonic mean of accuracy and precision; `None` when the truth lacks the class.
    pub f1: Option<f64>,
    /// Intersection over union; `None` when the truth lacks the class.
    pub iou: Option<f64>,
}

/// Which weights of a run were used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Weights {
    /// Those of the epoch that did best on the validation files.
    Best,
    /// Those of the last epoch.
    Last,
    /// The exponential average over the training, after the last epoch (`train.average`).
    Average,
}

impl Weights {
    /// `best`, `last` or `average`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Last => "last",
            Self::Average => "average",
        }
    }
}

impl Evaluation {
    /// The result of a network for `task` on `files` files: `confusion` counts files in classification, points in segmentation.
    /// A `loss` that is not finite becomes `None`.
    ///
    /// # Panics
    /// When the numbers of names and classes differ.
    pub fn new(
        task: Task,
        split: impl Into<String>,
        weights: Weights,
        classes: &[String],
        confusion: &Confusion,
        loss: f64,
        files: usize,
    ) -> Self {
        assert_eq!(
            classes.len(),
            confusion.classes(),
            "names and classes of the confusion matrix differ in number"
        );
        let per_class = classes.iter().enumerate().map(|(class, name)| ClassMetrics {
            name: name.clone(),
            count: confusion.truth_count(class),
            correct: confusion.count(class, class),
            accuracy: confusion.accuracy(class),
            precision: confusion.precision(class),
            f1: confusion.f1(class),
            iou: confusion.iou(class),
        });
        Self {
            split: split.into(),
            weights,
            votes: None,
            files_seen: files,
            values: Values::of(task, confusion),
            loss: loss.is_finite().then_some(loss),
            classes: classes.to_vec(),
            per_class: per_class.collect(),
            confusion: confusion.rows().map(<[u64]>::to_vec).collect(),
        }
    }

    /// Says that the mean of `votes` passes was counted.
    #[must_use]
    pub(crate) fn with_votes(self, votes: NonZeroUsize) -> Self {
        Self { votes: Some(votes), ..self }
    }

    /// Whether files were classified or points.
    #[must_use]
    pub fn task(&self) -> Task {
        self.values.task()
    }

    /// The mistakes as (truth, predicted, count), most frequent first, at most `limit`.
    #[must_use]
    pub fn most_confused(&self, limit: usize) -> Vec<(&str, &str, u64)> {
        self.matrix()
            .most_confused(limit)
            .into_iter()
            .map(|(truth, predicted, count)| {
                (self.classes[truth].as_str(), self.classes[predicted].as_str(), count)
            })
            .collect()
    }

    /// The confusion matrix. Cells that the rows lack are 0.
    fn matrix(&self) -> Confusion {
        let mut matrix = Confusion::new(self.classes.len());
        for (truth, row) in self.confusion.iter().enumerate().take(self.classes.len()) {
            for (predicted, &count) in row.iter().enumerate().take(self.classes.len()) {
                matrix.add(truth, predicted, count);
            }
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation() -> Evaluation {
        let mut confusion = Confusion::new(3);
        for (truth, predicted) in [(0, 0), (0, 1), (2, 2), (2, 1), (2, 1)] {
            confusion.record(truth, predicted);
        }
        let classes = ["bed", "bench", "chair"].map(str::to_owned);
        Evaluation::new(Task::Classification, "test", Weights::Best, &classes, &confusion, 0.25, 5)
    }

    #[test]
    fn json_has_the_stable_keys_and_null_for_an_absent_class() {
        let json = serde_json::to_value(evaluation()).unwrap();
        assert_eq!(json["files_seen"], 5);
        assert_eq!(json["overall_accuracy"], 0.4);
        assert_eq!(json["mean_class_accuracy"], (0.5 + 1.0 / 3.0) / 2.0);
        assert_eq!(json["classes"], serde_json::json!(["bed", "bench", "chair"]));
        assert_eq!(json["confusion"], serde_json::json!([[1, 1, 0], [0, 0, 0], [0, 2, 1]]));
        assert_eq!(json["split"], "test");
        assert_eq!(json["weights"], "best");
        assert_eq!(json["loss"], 0.25);
        assert_eq!(json["per_class"][0]["name"], "bed");
        assert_eq!(json["per_class"][0]["count"], 2);
        assert_eq!(json["per_class"][0]["correct"], 1);
        assert_eq!(json["per_class"][0]["accuracy"], 0.5);
        assert_eq!(json["per_class"][0]["precision"], 1.0);
        assert_eq!(json["per_class"][0]["f1"], 2.0 / 3.0);
        assert!(json["per_class"][1]["accuracy"].is_null());
        assert_eq!(json["per_class"][1]["precision"], 0.0);
        assert!(json.get("mean_iou").is_none());
    }

    #[test]
    fn json_reads_back_equal() {
        let json = serde_json::to_string(&evaluation()).unwrap();
        assert_eq!(serde_json::from_str::<Evaluation>(&json).unwrap(), evaluation());
    }

    #[test]
    fn a_loss_that_is_not_finite_is_null() {
        let classes = ["a".to_owned()];
        let result = Evaluation::new(
            Task::Classification,
            "test",
            Weights::Last,
            &classes,
            &Confusion::new(1),
            f64::NAN,
            0,
        );
        assert_eq!((result.loss, result.values.get("overall_accuracy"), result.files_seen), (None, None, 0));
    }

    #[test]
    fn segmentation_counts_points_and_files_apart() {
        let mut confusion = Confusion::new(2);
        confusion.record(0, 0);
        confusion.record(1, 0);
        let classes = ["floor", "wall"].map(str::to_owned);
        let result = Evaluation::new(Task::Segmentation, "test", Weights::Last, &classes, &confusion, 1.0, 1);
        assert_eq!((result.files_seen, result.values.get("mean_iou")), (1, Some(0.25)));
        assert_eq!(result.per_class[0].iou, Some(0.5));
    }

    #[test]
    fn mistakes_carry_names() {
        assert_eq!(evaluation().most_confused(1), [("chair", "bench", 2)]);
    }
}
