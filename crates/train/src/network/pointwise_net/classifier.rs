//! The classifier: the encoder, a global pooling, two linear layers.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use pointconv::{GlobalPool, GlobalPoolConfig, KernelShape, Pooling};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::encoder::{Dense, Encoder};
use super::{PointwiseNetConfig, Readout};
use crate::check::{ConfigError, Scale};
use crate::network::{
    Activations, CoarseLevel, Forward, NetworkConfig, NetworkInput, NetworkSpec, SearchKind, Task,
};

/// The keys of a [`PointwiseClassifier`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct PointwiseClassifierConfig(pub PointwiseNetConfig);

impl NetworkConfig for PointwiseClassifierConfig {
    type Network = PointwiseClassifier;

    const TASK: Task = Task::Classification;

    fn example() -> Self {
        Self(PointwiseNetConfig::full_example())
    }

    fn validate(&self, _channels_in: usize) -> Result<(), ConfigError> {
        self.0.validate()
    }

    fn kernel_shapes(&self) -> Vec<KernelShape> {
        vec![self.0.kernels()[0]]
    }

    fn coarser(&self) -> Vec<CoarseLevel> {
        self.0.coarser()
    }

    fn scale(&mut self) -> Option<&mut Scale> {
        Some(&mut self.0.cell)
    }

    fn init(&self, spec: &NetworkSpec, device: &Device) -> PointwiseClassifier {
        let widths = self.0.widths();
        let width = match self.0.readout {
            Readout::Last => *widths.last().expect("a checked config has a resolution"),
            Readout::All => widths.iter().sum(),
        };
        let hidden = self.0.hidden();
        PointwiseClassifier {
            encoder: Encoder::new(&self.0, spec.channels_in, device),
            all: self.0.readout == Readout::All,
            pool: GlobalPoolConfig::new().with_pooling(Pooling::Both).init(),
            hidden: Dense::new(2 * width, hidden, device),
            dropout: DropoutConfig::new(self.0.dropout).init(),
            output: LinearConfig::new(hidden, spec.classes)
                .with_initializer(Initializer::KaimingNormal { gain: 1.0, fan_out_only: false })
                .init(device),
            others: (1..self.0.ensemble).map(|_| Self(self.0.alone()).init(spec, device)).collect(),
        }
    }

    fn activations(&self, spec: &NetworkSpec) -> Activations {
        self.0.activations(spec, 0, &[])
    }

    fn search(&self) -> SearchKind {
        self.0.search
    }

    fn kernel_key(&self) -> &'static str {
        "model.cell"
    }

    fn ensemble(&self) -> usize {
        self.0.ensemble
    }
}

/// Residual blocks of pointwise convolutions at several resolutions, then maximum and mean over the points of the coarsest,
/// and two linear layers.
///
/// The finest resolution is `x_0 = ReLU(norm(W_0 f))` of the features `f`, and each coarser one
/// `x_l = ReLU(norm(W_l max_{voxel} x_{l-1}))`. At each resolution, blocks `x ← x + V · ReLU(norm(conv(x)))` follow. `norm` is
/// a batch normalisation over all points of the batch.
#[derive(Module, Debug)]
pub struct PointwiseClassifier {
    encoder: Encoder,
    all: bool,
    pool: GlobalPool,
    hidden: Dense,
    dropout: Dropout,
    output: Linear,
    /// The further networks of an ensemble.
    pub(super) others: Vec<PointwiseClassifier>,
}

impl Forward for PointwiseClassifier {
    fn named_outputs(&self, input: &NetworkInput) -> Vec<(String, Tensor<2>)> {
        let levels = self.encoder.forward(input);
        let clouds =
            std::iter::once(&input.clouds).chain(input.coarser.iter().map(|level| level.map.coarse()));
        let first = if self.all { 0 } else { levels.len() - 1 };
        let pooled: Vec<Tensor<2>> = clouds
            .zip(&levels)
            .skip(first)
            .map(|(clouds, features)| self.pool.forward(features.clone(), clouds))
            .collect();
        let mut outputs: Vec<(String, Tensor<2>)> =
            (0..).map(|index| format!("encoder.levels.{index}")).zip(levels).collect();
        let hidden = self.hidden.forward(Tensor::cat(pooled, 1));
        outputs.push(("hidden".into(), hidden.clone()));
        outputs.push(("output".into(), self.output.forward(self.dropout.forward(hidden))));
        outputs
    }

    fn others(&self) -> &[Self] {
        &self.others
    }
}
