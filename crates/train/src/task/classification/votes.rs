//! Predictions as the mean over several passes, each with new points and a new random augmentation.

use std::num::NonZeroUsize;
use std::path::Path;

use burn::data::dataloader::DataLoader;
use burn::tensor::activation::softmax;

use super::{Classifier, CloudSet, Preparation};
use crate::error::RunError;
use crate::metrics::{Confusion, Evaluation, Reliability};
use crate::network::Task;
use crate::progress::{Progress, ProgressMode};
use crate::task::ensure_finite;
use crate::temperature;

impl Classifier {
    /// As [`evaluate`](Self::evaluate), but with the mean of the probabilities over `votes` passes. Each pass draws new points
    /// from a file, and rotates, mirrors, scales and shifts them as `[augment]` of the run says. The draws depend on the seed
    /// of the run and are the same for every file.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_votes(
        &self,
        root: &Path,
        split: &str,
        votes: NonZeroUsize,
        progress: ProgressMode,
    ) -> Result<Evaluation, RunError> {
        let set = self.read_split(root, split, progress, true)?;
        let (files, classes, paths) = (set.len(), set.classes.clone(), set.paths.clone());
        let label = format!("evaluating {split}, {votes} votes");
        let bar = Progress::start(progress, &label, "clouds", files * votes.get());
        let probabilities = self.mean_of_votes(set, votes, &|done| bar.advance(done))?;
        bar.finish();
        let mut confusion = Confusion::new(self.classes().len());
        let mut reliability = Reliability::default();
        let mut loss = 0.0;
        for ((&truth, row), path) in classes.iter().zip(&probabilities).zip(&paths) {
            ensure_finite(row, path)?;
            let best =
                (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best });
            confusion.record(truth, best);
            let confidence = temperature::apply(row, self.temperature())[best];
            reliability.record(confidence, truth == best);
            loss -= f64::from(row[truth].max(f32::MIN_POSITIVE)).ln();
        }
        let (task, loss) = (Task::Classification, loss / files as f64);
        let evaluation = Evaluation::new(task, split, self.weights, self.classes(), &confusion, loss, files);
        Ok(evaluation.with_reliability(&reliability).with_votes(votes))
    }

    /// The mean probabilities of every cloud of `set`, which has all points of the files; calls `on_clouds` with the number of
    /// clouds that the network has processed.
    pub(super) fn mean_of_votes(
        &self,
        set: CloudSet,
        votes: NonZeroUsize,
        on_clouds: &dyn Fn(usize),
    ) -> Result<Vec<Vec<f32>>, RunError> {
        let classes = self.classes().len();
        let mut sums = vec![vec![0.0_f32; classes]; set.len()];
        let loader = self.loader_with(set, Preparation::for_votes(&self.config));
        for vote in 1..=votes.get() {
            loader.start_epoch(vote);
            for batch in loader.iter() {
                let batch = batch.map_err(|error| RunError::Learner(error.to_string()))?;
                let probabilities: Vec<f32> =
                    softmax(self.network.logits(&batch.input), 1).into_data().iter::<f32>().collect();
                for (&member, row) in batch.members.iter().zip(probabilities.chunks_exact(classes)) {
                    sums[member].iter_mut().zip(row).for_each(|(sum, p)| *sum += p);
                }
                on_clouds(batch.members.len());
            }
        }
        let count = votes.get() as f32;
        sums.iter_mut().flatten().for_each(|sum| *sum /= count);
        Ok(sums)
    }
}
