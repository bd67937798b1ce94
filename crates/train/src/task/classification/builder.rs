//! Builds batches of clouds.

use burn::tensor::Device;
use neighbors::NeighborError;

use crate::config::{Attribute, Config};
use crate::task::{CloudBatch, Columns, Packer, Reference, Unpacked, offsets};

/// Makes batches of clouds for one classifier.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// Finds neighbours and makes tensors.
    pub packer: Packer,
    /// What the first layer reads.
    pub attributes: Vec<Attribute>,
    /// The axis that `"height"` is measured along: 0 for x, 1 for y, 2 for z.
    pub up: usize,
    /// The weight of each class in the loss; `None` weights all equally.
    pub weights: Option<Vec<f32>>,
}

impl BatchBuilder {
    /// The builder for the classifier of `config`, whose loss has `label_smoothing`.
    #[must_use]
    pub fn of(config: &Config, label_smoothing: f32, device: &Device) -> Self {
        Self {
            packer: Packer::of(&config.model, label_smoothing, device),
            attributes: config.data.attributes(),
            up: config.augment.up_axis.index(),
            weights: None,
        }
    }

    /// Packs prepared `clouds` with their classes.
    ///
    /// # Errors
    /// A position that is not finite, or too many neighbours.
    ///
    /// # Panics
    /// When a cloud lacks a column that the network reads.
    pub fn build(
        &self,
        clouds: &[Columns],
        classes: &[usize],
        members: Vec<usize>,
    ) -> Result<CloudBatch, NeighborError> {
        let features: Vec<Vec<f32>> = clouds.iter().map(|cloud| self.features(cloud)).collect();
        self.packer.pack(Unpacked {
            positions: clouds.iter().flat_map(|cloud| cloud.positions.iter().copied()).collect(),
            offsets: offsets(clouds.iter().map(Columns::len)),
            features: features.concat(),
            channels: self.attributes.iter().map(Attribute::channels).sum(),
            targets: classes.iter().map(|&class| class as i32).collect(),
            weights: self
                .weights
                .as_ref()
                .map(|weights| classes.iter().map(|&class| weights[class]).collect()),
            members,
        })
    }

    fn features(&self, cloud: &Columns) -> Vec<f32> {
        let lowest = cloud.positions.iter().map(|position| position[self.up]).fold(f32::INFINITY, f32::min);
        let reference = Reference { centre: [0.0; 3], floor: (self.up, lowest), half: [1.0; 3] };
        cloud.features(&self.attributes, &reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::device;

    #[test]
    fn height_is_measured_along_the_up_axis_from_the_lowest_point_of_each_cloud() {
        let text = "name = \"x\"\n[data]\nroot = \"x\"\ninputs = [\"height\", \"normal\"]\n\
                    [model]\nkind = \"paper-classifier\"\nhead = \"pooled\"\n[augment]\nup_axis = \"y\"\n\
                    [optimizer]\nkind = \"adam\"\nlr = 0.1\n[train]\nepochs = 1\n";
        let config = Config::parse(text, "x.toml", &[]).unwrap();
        let builder = BatchBuilder::of(&config, 0.0, &device("cpu").unwrap().device);
        let cloud = |y: [f32; 2]| Columns {
            positions: vec![[0.1, y[0], 0.7], [0.2, y[1], 0.3]],
            normals: vec![[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
            ..Columns::default()
        };
        let batch = builder.build(&[cloud([0.5, -0.25]), cloud([2.0, 3.0])], &[0, 1], vec![0, 1]).unwrap();
        let expected =
            [[0.75, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]];
        assert_eq!(batch.input.features.into_data().iter::<f32>().collect::<Vec<_>>(), expected.concat());
    }
}
