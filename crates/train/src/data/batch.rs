//! A packed batch of clouds with everything that a network reads.

use burn::tensor::{Device, Int, Tensor, TensorData};
use pointconv::{KernelShape, NeighborError, Neighborhood, PackedClouds, Search};

use crate::config::{Inputs, PaperClassifierConfig};

/// `B` clouds of `P` points in all.
#[derive(Clone, Debug)]
pub struct CloudBatch {
    /// `[P, C_in]`.
    pub features: Tensor<2>,
    /// Where the clouds begin in the features, `[B+1]` with the end of the last.
    pub offsets: Vec<usize>,
    /// One for every kernel shape of the network.
    pub neighborhoods: Vec<Neighborhood>,
    /// The class of every cloud `[B]`, or of every point `[P]`, where the number of classes stands for none.
    pub targets: Tensor<1, Int>,
    /// What every point counts in the loss, `[P]`; without, all are equal. Only for points.
    pub weights: Option<Tensor<1>>,
    /// Which clouds these are, as indices into their [`CloudSet`](super::CloudSet).
    pub members: Vec<usize>,
}

/// Makes batches for one network.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// The kernels that need neighbourhoods.
    pub shapes: Vec<KernelShape>,
    /// How neighbours are found.
    pub search: Search,
    /// What the first layer reads.
    pub inputs: Inputs,
    /// Where the tensors go.
    pub device: Device,
}

impl BatchBuilder {
    /// The builder for the classifier `model`.
    #[must_use]
    pub fn of(model: &PaperClassifierConfig, device: &Device) -> Self {
        Self {
            shapes: model.kernel_shapes(),
            search: model.search.into(),
            inputs: model.inputs,
            device: device.clone(),
        }
    }

    /// Packs `clouds`, which are ready for the network, with their classes.
    ///
    /// # Errors
    /// A position that is not finite, or too many neighbours.
    pub fn build(
        &self,
        clouds: &[Vec<[f32; 3]>],
        classes: &[usize],
        members: Vec<usize>,
    ) -> Result<CloudBatch, NeighborError> {
        let clouds = PackedClouds::from_clouds(clouds)?;
        let neighborhoods = Neighborhood::build_all(&clouds, &self.shapes, (&self.device, self.search))?;
        let points = clouds.points();
        let features = match self.inputs {
            Inputs::Xyz => TensorData::new(clouds.positions().as_flattened().to_vec(), [points, 3]),
            Inputs::One => TensorData::new(vec![1.0f32; points], [points, 1]),
        };
        let targets: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
        let count = targets.len();
        Ok(CloudBatch {
            features: Tensor::from_data(features, &self.device),
            offsets: clouds.offsets().to_vec(),
            neighborhoods,
            targets: Tensor::from_data(TensorData::new(targets, [count]), &self.device),
            weights: None,
            members,
        })
    }
}

impl From<crate::config::SearchKind> for Search {
    fn from(kind: crate::config::SearchKind) -> Self {
        match kind {
            crate::config::SearchKind::Auto => Self::Auto,
            crate::config::SearchKind::Grid => Self::Grid,
            crate::config::SearchKind::KdTree => Self::KdTree,
        }
    }
}
