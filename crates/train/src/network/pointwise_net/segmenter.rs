//! The segmenter: the encoder, a decoder back to the finest resolution, two linear layers for every point.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use pointconv::{Interpolate, KernelShape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::encoder::{Dense, Encoder};
use super::{PointwiseNetConfig, Readout};
use crate::check::{ConfigError, Scale, ensure};
use crate::network::{
    Activations, CoarseLevel, Forward, NetworkConfig, NetworkInput, NetworkSpec, SearchKind, Task,
};

/// The keys of a [`PointwiseSegmenter`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct PointwiseSegmenterConfig(pub PointwiseNetConfig);

impl NetworkConfig for PointwiseSegmenterConfig {
    type Network = PointwiseSegmenter;

    const TASK: Task = Task::Segmentation;

    fn example() -> Self {
        Self(PointwiseNetConfig::full_example())
    }

    fn validate(&self, _channels_in: usize) -> Result<(), ConfigError> {
        let default = Readout::default();
        ensure(
            self.0.readout == default,
            "model.readout",
            "a value",
            "none: a segmenter does not pool whole clouds",
        )?;
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

    fn init(&self, spec: &NetworkSpec, device: &Device) -> PointwiseSegmenter {
        let widths = self.0.widths();
        let hidden = self.0.hidden();
        PointwiseSegmenter {
            encoder: Encoder::new(&self.0, spec.channels_in, device),
            decoder: widths.windows(2).map(|pair| Dense::new(pair[0] + pair[1], pair[0], device)).collect(),
            hidden: Dense::new(widths[0], hidden, device),
            dropout: DropoutConfig::new(self.0.dropout).init(),
            output: LinearConfig::new(hidden, spec.classes)
                .with_initializer(Initializer::KaimingNormal { gain: 1.0, fan_out_only: false })
                .init(device),
            others: (1..self.0.ensemble).map(|_| Self(self.0.alone()).init(spec, device)).collect(),
        }
    }

    fn activations(&self, spec: &NetworkSpec) -> Activations {
        let widths = self.0.widths();
        // The features of the voxel, the concatenation, and the output before and after the normalisation.
        let decoder: Vec<usize> = widths.windows(2).map(|pair| 3 * pair[0] + 2 * pair[1]).collect();
        let finest = decoder.first().copied().unwrap_or(0);
        self.0.activations(
            spec,
            finest + 3 * self.0.hidden() + 4 * spec.classes,
            decoder.get(1..).unwrap_or_default(),
        )
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

/// The encoder of a [`PointwiseClassifier`](super::PointwiseClassifier), then a decoder: every point concatenates the features
/// of its voxel with its own.
///
/// `y_L = x_L`, `y_l = ReLU(norm(U_l [x_l, y_{l+1} of the voxel]))`, then two linear layers on `y_0`.
#[derive(Module, Debug)]
pub struct PointwiseSegmenter {
    encoder: Encoder,
    /// From fine to coarse.
    decoder: Vec<Dense>,
    hidden: Dense,
    dropout: Dropout,
    output: Linear,
    /// The further networks of an ensemble.
    pub(super) others: Vec<PointwiseSegmenter>,
}

impl Forward for PointwiseSegmenter {
    fn named_outputs(&self, input: &NetworkInput) -> Vec<(String, Tensor<2>)> {
        let levels = self.encoder.forward(input);
        let mut current = levels.last().cloned().expect("there is a resolution");
        let mut outputs: Vec<(String, Tensor<2>)> =
            (0..).map(|index| format!("encoder.levels.{index}")).zip(levels.iter().cloned()).collect();
        for (index, layer) in self.decoder.iter().enumerate().rev() {
            let above = Interpolate::of_voxels(&input.coarser[index].map).forward(current);
            current = layer.forward(Tensor::cat(vec![levels[index].clone(), above], 1));
            outputs.push((format!("decoder.{index}"), current.clone()));
        }
        let hidden = self.hidden.forward(current);
        outputs.push(("hidden".into(), hidden.clone()));
        outputs.push(("output".into(), self.output.forward(self.dropout.forward(hidden))));
        outputs
    }

    fn others(&self) -> &[Self] {
        &self.others
    }
}
