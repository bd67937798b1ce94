//! Batches of whole clouds.

use burn::tensor::Device;
use neighbors::NeighborError;

use crate::config::{Inputs, ModelConfig};
use crate::task::{CloudBatch, Packer, Unpacked, offsets};

/// Makes batches of clouds for one classifier.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// Finds neighbours and makes tensors.
    pub packer: Packer,
    /// What the first layer reads.
    pub inputs: Inputs,
}

impl BatchBuilder {
    /// The builder for the classifier `model`, whose loss has `label_smoothing`.
    #[must_use]
    pub fn of(model: &ModelConfig, label_smoothing: f32, device: &Device) -> Self {
        Self { packer: Packer::of(model, label_smoothing, device), inputs: model.inputs() }
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
        let positions = clouds.concat();
        let features = match self.inputs {
            Inputs::Xyz => positions.as_flattened().to_vec(),
            Inputs::One => vec![1.0; positions.len()],
        };
        self.packer.pack(Unpacked {
            offsets: offsets(clouds.iter().map(Vec::len)),
            features,
            channels: self.inputs.channels(),
            targets: classes.iter().map(|&class| class as i32).collect(),
            weights: None,
            members,
            positions,
        })
    }
}
