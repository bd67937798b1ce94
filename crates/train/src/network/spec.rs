//! The interface of a network: the two traits that every network implements.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use pointconv::{KernelShape, Neighborhood, PackedClouds, VoxelMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{ConfigError, Scale};

/// The task of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Task {
    /// A class for every cloud.
    Classification,
    /// A class for every point.
    Segmentation,
}

impl Task {
    /// The name of the task, as the config reference writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Classification => "classification",
            Self::Segmentation => "segmentation",
        }
    }
}

/// The sizes that a network is made for, in addition to its config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Points of every cloud, for networks that need a fixed number.
    pub points: usize,
    /// Features of a point that the first layer reads.
    pub channels_in: usize,
    /// Number of classes.
    pub classes: usize,
}

/// A packed batch, as a network reads it.
#[derive(Clone, Debug)]
pub struct NetworkInput {
    /// `[P, C_in]`, the points of all clouds one after the other.
    pub features: Tensor<2>,
    /// The positions of the points.
    pub clouds: PackedClouds,
    /// One for every kernel shape of the network.
    pub neighborhoods: Vec<Neighborhood>,
    /// The coarser resolutions of the network, each pooled from the one before.
    pub coarser: Vec<CoarseInput>,
}

/// A coarser resolution of a packed batch.
#[derive(Clone, Debug)]
pub struct CoarseInput {
    /// From the points of the resolution before to those of this one.
    pub map: VoxelMap,
    /// One for every kernel of the resolution.
    pub neighborhoods: Vec<Neighborhood>,
}

/// A coarser resolution of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct CoarseLevel {
    /// Edge of the voxels that the points of the resolution before are pooled into.
    pub voxel: f32,
    /// The kernels of its convolutions.
    pub kernels: Vec<KernelShape>,
}

/// Upper estimates of the numbers that are in memory at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activations {
    /// Per point, without gradients.
    pub inference_per_point: usize,
    /// Per point of the finest resolution, in a training step.
    pub training_per_point: usize,
    /// Per point of each coarser resolution, in a training step.
    pub training_per_coarse_point: Vec<usize>,
    /// Per cloud, in a training step.
    pub training_per_cloud: usize,
}

/// The config of a network: the keys of `[model]` for one `kind`.
pub trait NetworkConfig: Default {
    /// The network that the config describes.
    type Network: Forward;

    /// What the network does.
    const TASK: Task;

    /// A config with every key, including those of optional sections: it defines the known keys.
    #[must_use]
    fn example() -> Self {
        Self::default()
    }

    /// Checks the keys for a first layer that reads `channels_in` features of a point.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first key whose value is out of range.
    fn validate(&self, channels_in: usize) -> Result<(), ConfigError>;

    /// The kernel of every convolution at the finest resolution that reads neighbours, in order.
    fn kernel_shapes(&self) -> Vec<KernelShape>;

    /// The resolutions after the finest one, from fine to coarse.
    fn coarser(&self) -> Vec<CoarseLevel> {
        Vec::new()
    }

    /// The key whose value is computed from the training files if it is [`Scale::Auto`].
    fn scale(&mut self) -> Option<&mut Scale> {
        None
    }

    /// Makes the network; draws its weights from the random generator of `device`.
    fn init(&self, spec: &NetworkSpec, device: &Device) -> Self::Network;

    /// Memory for the activations.
    fn activations(&self, spec: &NetworkSpec) -> Activations;

    /// How neighbours are found.
    fn search(&self) -> SearchKind;

    /// The key that sets the size of the kernels.
    fn kernel_key(&self) -> &'static str;

    /// How many networks are trained together.
    fn ensemble(&self) -> usize {
        1
    }

    /// Whether the weights depend on the order of the points in a cloud.
    fn needs_order(&self) -> bool {
        false
    }

    /// Number of learnable weights; computed from their shapes, so large ones take no memory.
    fn parameters(&self, spec: &NetworkSpec) -> u64 {
        let mut count = CountWeights(0);
        self.init(spec, &Device::flex()).visit(&mut count);
        count.0
    }
}

/// Sums up the sizes of the weights, without drawing them.
struct CountWeights(u64);

impl ModuleVisitor for CountWeights {
    fn visit_float<const D: usize>(&mut self, weights: &Param<Tensor<D>>) {
        let shape = weights.lazy_shape();
        let size = shape.iter().fold(1u64, |size, &length| size.saturating_mul(length as u64));
        self.0 = self.0.saturating_add(size);
    }
}

/// A network: from the features of points to logits.
pub trait Forward: Module {
    /// The output of every layer with its name, the logits last: `[B, classes]` of a classifier, `[P, classes]` of a
    /// segmenter.
    ///
    /// # Panics
    /// When the batch was made for another network.
    fn named_outputs(&self, input: &NetworkInput) -> Vec<(String, Tensor<2>)>;

    /// The logits of this network alone: of every cloud `[B, classes]`, or of every point `[P, classes]`.
    ///
    /// # Panics
    /// As [`named_outputs`](Self::named_outputs).
    fn logits(&self, input: &NetworkInput) -> Tensor<2> {
        self.named_outputs(input).pop().expect("there is always a last layer").1
    }

    /// The further networks of an ensemble: of the same layers as this one, with weights of their own.
    fn others(&self) -> &[Self]
    where
        Self: Sized,
    {
        &[]
    }
}

/// Neighbour search of the convolutions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SearchKind {
    /// A GPU searches itself, the CPU in a uniform grid.
    #[default]
    Auto,
    /// Uniform grid, on the CPU.
    Grid,
    /// Kd-tree, on the CPU.
    KdTree,
}

impl From<SearchKind> for neighbors::Search {
    fn from(kind: SearchKind) -> Self {
        match kind {
            SearchKind::Auto => Self::Auto,
            SearchKind::Grid => Self::Grid,
            SearchKind::KdTree => Self::KdTree,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;

    #[test]
    fn weights_are_counted_without_being_drawn() {
        let spec = NetworkSpec { points: 64, channels_in: 4, classes: 5 };
        for config in ModelConfig::examples() {
            let network = config.init(&spec, &Device::flex());
            assert_eq!(config.parameters(&spec), network.num_params() as u64, "{config:?}");
        }
    }
}
