//! The network of a config, of whatever kind, as training, evaluation and prediction see it.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn::train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep};

use super::{PaperClassifier, PaperSegmenter, ResidualSegmenter, point_loss};
use crate::config::ModelConfig;
use crate::data::CloudBatch;

/// A network of any kind.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "a program has one network or two")]
#[non_exhaustive]
pub enum Network {
    /// `paper-classifier`: logits for every cloud.
    PaperClassifier(PaperClassifier),
    /// `paper-segmenter`: logits for every point.
    PaperSegmenter(PaperSegmenter),
    /// `residual-segmenter`: logits for every point.
    ResidualSegmenter(ResidualSegmenter),
}

/// What a network is made for, beside its config.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purpose {
    /// Points of every cloud, where the network has a fixed number.
    pub points: usize,
    /// Features of a point; a classifier reads what its config says.
    pub channels_in: usize,
    /// Classes.
    pub classes: usize,
    /// Label smoothing of the loss, in `[0, 1)`.
    pub label_smoothing: f32,
}

impl ModelConfig {
    /// Makes the network.
    #[must_use]
    pub fn init(&self, purpose: &Purpose, device: &Device) -> Network {
        let &Purpose { points, channels_in, classes, label_smoothing } = purpose;
        match self {
            Self::PaperClassifier(model) => {
                Network::PaperClassifier(model.init(points, classes, label_smoothing, device))
            }
            Self::PaperSegmenter(model) => {
                Network::PaperSegmenter(model.init(channels_in, classes, label_smoothing, device))
            }
            Self::ResidualSegmenter(model) => {
                Network::ResidualSegmenter(model.init(channels_in, classes, label_smoothing, device))
            }
        }
    }
}

impl Network {
    /// The logits of every cloud `[B, classes]`, or of every point `[P, classes]`.
    ///
    /// # Panics
    /// When the batch was made for another network.
    #[must_use]
    pub fn logits(&self, batch: &CloudBatch) -> Tensor<2> {
        self.named_outputs(batch).pop().expect("there is always a last layer").1
    }

    /// The output of every layer with its name, the logits last.
    pub(crate) fn named_outputs(&self, batch: &CloudBatch) -> Vec<(String, Tensor<2>)> {
        let CloudBatch { features, offsets, neighborhoods, .. } = batch;
        match self {
            Self::PaperClassifier(network) => network.named_outputs(features.clone(), offsets, neighborhoods),
            Self::PaperSegmenter(network) => network.named_outputs(features.clone(), neighborhoods),
            Self::ResidualSegmenter(network) => network.named_outputs(features.clone(), neighborhoods),
        }
    }

    /// The logits of a batch and their loss.
    pub(crate) fn judge(&self, batch: CloudBatch) -> ClassificationOutput {
        let logits = self.logits(&batch);
        let (targets, weights) = (batch.targets, batch.weights);
        let loss = match (self, weights) {
            (Self::PaperClassifier(network), _) => network.loss(logits.clone(), targets.clone()),
            (Self::PaperSegmenter(network), weights) => {
                point_loss(logits.clone(), targets.clone(), weights, network.label_smoothing)
            }
            (Self::ResidualSegmenter(network), weights) => {
                point_loss(logits.clone(), targets.clone(), weights, network.label_smoothing)
            }
        };
        ClassificationOutput::new(loss, logits, targets)
    }
}

impl TrainStep for Network {
    type Input = CloudBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: CloudBatch) -> TrainOutput<ClassificationOutput> {
        let output = self.judge(batch);
        let gradients = output.loss.backward();
        TrainOutput::new(self, gradients, output)
    }
}

impl InferenceStep for Network {
    type Input = CloudBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: CloudBatch) -> ClassificationOutput {
        self.judge(batch)
    }
}
