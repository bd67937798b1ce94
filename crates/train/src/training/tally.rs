//! Sums over one epoch and split, and the row of metrics computed from them.

use std::time::Instant;

use burn::tensor::{Int, Tensor};
use burn::train::ClassificationOutput;

use crate::config::Task;
use crate::metrics::{Confusion, EpochMetrics, Values};
use crate::run::Sums;

/// Sums over the steps of one epoch and split.
pub(super) struct Tally {
    /// Number of steps that were added.
    pub(super) steps: usize,
    /// Learning rate of the last of them; 0 if there is none.
    pub(super) lr: f64,
    confusion: Confusion,
    loss: f64,
    /// Time before the last start of the clock.
    seconds: f64,
    started: Option<Instant>,
}

impl Tally {
    pub(super) fn new(classes: usize) -> Self {
        Self::resumed(0, &Sums::default(), classes)
    }

    /// Continues after `steps` steps, with their sums.
    pub(super) fn resumed(steps: usize, sums: &Sums, classes: usize) -> Self {
        let mut confusion = Confusion::new(classes);
        for (truth, row) in sums.confusion.iter().enumerate() {
            for (predicted, &count) in row.iter().enumerate() {
                confusion.add(truth, predicted, count);
            }
        }
        let Sums { lr, loss, seconds, .. } = *sums;
        Self { steps, lr, confusion, loss, seconds, started: None }
    }

    /// The sums that [`resumed`](Self::resumed) needs.
    pub(super) fn sums(&self) -> Sums {
        Sums {
            loss: self.loss,
            lr: self.lr,
            seconds: self.seconds(),
            confusion: self.confusion.rows().map(<[u64]>::to_vec).collect(),
        }
    }

    /// Starts the clock.
    pub(super) fn start_clock(&mut self) {
        self.started = Some(Instant::now());
    }

    /// Stops the clock, so that later work does not count for this split.
    pub(super) fn stop_clock(&mut self) {
        (self.seconds, self.started) = (self.seconds(), None);
    }

    /// Adds a batch with its mean loss and its predictions.
    pub(super) fn add(&mut self, loss: f32, predictions: &Confusion) {
        self.confusion.merge(predictions);
        self.loss += f64::from(loss) * predictions.total() as f64;
        self.steps += 1;
    }

    /// The row of a complete epoch.
    pub(super) fn row(&self, task: Task, epoch: usize, split: &str) -> EpochMetrics {
        EpochMetrics {
            epoch,
            split: split.to_owned(),
            loss: self.loss / self.confusion.total().max(1) as f64,
            values: Values::of(task, &self.confusion),
            lr: (split == "train").then_some(self.lr),
            seconds: self.seconds(),
        }
    }

    fn seconds(&self) -> f64 {
        self.seconds + self.started.map_or(0.0, |started| started.elapsed().as_secs_f64())
    }
}

/// The mean loss of a batch, and its predictions for a network with `classes` classes. A target that is not a class does not count.
pub(super) fn counted(output: &ClassificationOutput, classes: usize) -> (f32, Confusion) {
    let mut confusion = Confusion::new(classes);
    count(output.output.clone(), output.targets.clone(), &mut confusion);
    (output.loss.clone().into_scalar(), confusion)
}

/// Adds the predictions of `logits` to `confusion`.
pub(super) fn count(logits: Tensor<2>, targets: Tensor<1, Int>, confusion: &mut Confusion) {
    let targets = targets.into_data().iter::<i64>().collect::<Vec<_>>();
    let predicted = logits.argmax(1).into_data().iter::<i64>().collect::<Vec<_>>();
    for (&truth, &predicted) in targets.iter().zip(&predicted) {
        if (truth as usize) < confusion.classes() {
            confusion.record(truth as usize, predicted as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn output(loss: f32, logits: [[f32; 3]; 2], targets: [i32; 2]) -> ClassificationOutput {
        let device = Device::flex();
        ClassificationOutput::new(
            Tensor::from_floats([loss], &device),
            Tensor::from_floats(logits, &device),
            Tensor::from_ints(targets, &device),
        )
    }

    #[test]
    fn going_on_from_the_sums_is_as_never_having_stopped() {
        let first = output(0.1, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [0, 2]);
        // A target of 3 is not a class, so only one of the two counts.
        let second = output(0.7, [[0.0, 0.0, 2.0], [0.0, 1.0, 0.0]], [2, 3]);
        let mut whole = Tally::new(3);
        let add = |tally: &mut Tally, output: &ClassificationOutput| {
            let (loss, predictions) = counted(output, 3);
            tally.add(loss, &predictions);
        };
        add(&mut whole, &first);
        let mut resumed = Tally::resumed(whole.steps, &whole.sums(), 3);
        for tally in [&mut whole, &mut resumed] {
            add(tally, &second);
            tally.lr = 0.5;
        }
        let row = whole.row(Task::Classification, 4, "train");
        assert_eq!(row.values.get("overall_accuracy"), Some(2.0 / 3.0));
        assert!((row.loss - (2.0 * 0.1 + 0.7) / 3.0).abs() < 1e-7, "{}", row.loss);
        assert_eq!(row.lr, Some(0.5));
        let other = resumed.row(Task::Classification, 4, "train");
        assert_eq!(EpochMetrics { seconds: 0.0, ..row }, EpochMetrics { seconds: 0.0, ..other });
        assert_eq!((whole.steps, resumed.steps), (2, 2));
    }
}
