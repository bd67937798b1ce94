//! The keys of both networks, and the values computed from them: widths, kernels, resolutions.

use pointconv::KernelShape;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{ConfigError, Scale, ensure, ensure_count, ensure_fraction, ensure_positive};
use crate::network::{Activations, CoarseLevel, ConvolutionKind, NetworkSpec, SearchKind};

/// A network of several resolutions: residual blocks of pointwise convolutions at each, voxel pooling between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct PointwiseNetConfig {
    /// The preset that `widths`, `blocks` and `hidden` come from where they are not set. Default `"s"`.
    pub size: Size,
    /// Channels of each resolution, from fine to coarse, which also says how many there are. Default by `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widths: Option<Vec<usize>>,
    /// Residual blocks of each resolution. Default by `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Vec<usize>>,
    /// Edge of a kernel cell of the finest resolution, in the units of the network's clouds; it doubles with every further
    /// resolution. `"auto"` takes it from the training files. Default `"auto"`.
    pub cell: Scale,
    /// Edge of the voxels that a resolution is pooled into, in kernel cells of that resolution. Default 0.5.
    pub voxel: f32,
    /// Cells of the kernel along x, y and z, each odd. Default `[3, 3, 3]`.
    pub kernel_size: [usize; 3],
    /// What the convolutions are. Default `"separable"`.
    pub convolution: ConvolutionKind,
    /// Channels inside a block, as a multiple of those outside. Default 2.
    pub expansion: f32,
    /// The resolutions that the head of a classifier pools over the whole cloud; a segmenter has no such head. Default
    /// `"all"`.
    pub readout: Readout,
    /// Width of the hidden linear layer of the head. Default by `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Dropout probability after the hidden layer, in `[0, 1)`. Default 0.4.
    pub dropout: f64,
    /// Neighbour search. It changes the time, never the result. Default `"auto"`.
    pub search: SearchKind,
    /// How many concentric shells divide the kernel, which then is a ball with a radius of 1.5 cells. Unlike cells, shells do not
    /// change when a cloud is turned. Default none: cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shells: Option<usize>,
    /// How many networks of these sizes are trained together, each with a loss of its own. The mean of their probabilities is the
    /// prediction. They read the same batches, but start from other weights. Default 1.
    pub ensemble: usize,
}

/// The most networks of an ensemble.
const MOST_NETWORKS: usize = 64;

/// The most channels of a layer: the normalisations take memory for each before the memory of a training is estimated.
const MOST_CHANNELS: usize = 1 << 16;

/// The most blocks of a resolution.
const MOST_BLOCKS: usize = 1_000;

/// The radius of a ball of shells, in cells: it is as wide as three cells.
const RADIUS: f32 = 1.5;

/// A preset of widths and blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// About 0.15 million parameters.
    #[default]
    S,
    /// About 0.6 million parameters.
    M,
}

/// The resolutions that a classifier pools over the whole cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// The coarsest.
    Last,
    /// All of them.
    #[default]
    All,
}

impl Default for PointwiseNetConfig {
    fn default() -> Self {
        Self {
            size: Size::default(),
            widths: None,
            blocks: None,
            cell: Scale::default(),
            voxel: 0.5,
            kernel_size: [3, 3, 3],
            convolution: ConvolutionKind::Separable,
            expansion: 2.0,
            readout: Readout::default(),
            hidden: None,
            dropout: 0.4,
            search: SearchKind::default(),
            shells: None,
            ensemble: 1,
        }
    }
}

impl PointwiseNetConfig {
    /// A config with every key; a key that takes a number or a word has a number.
    pub(super) fn full_example() -> Self {
        let default = Self::default();
        Self {
            widths: Some(default.widths()),
            blocks: Some(default.blocks()),
            hidden: Some(default.hidden()),
            cell: Scale::Value(default.cell.value()),
            shells: Some(3),
            ..default
        }
    }

    /// One network of the ensemble.
    pub(super) fn alone(&self) -> Self {
        Self { ensemble: 1, ..self.clone() }
    }

    /// Channels of each resolution.
    pub(super) fn widths(&self) -> Vec<usize> {
        self.widths.clone().unwrap_or_else(|| match self.size {
            Size::S => vec![16, 32, 64, 128],
            Size::M => vec![32, 64, 128, 256],
        })
    }

    /// Blocks of each resolution.
    pub(super) fn blocks(&self) -> Vec<usize> {
        self.blocks.clone().unwrap_or_else(|| vec![1; self.widths().len()])
    }

    /// Width of the hidden layer.
    pub(super) fn hidden(&self) -> usize {
        self.hidden.unwrap_or(match self.size {
            Size::S => 64,
            Size::M => 128,
        })
    }

    /// Channels inside a block of `width` channels.
    pub(super) fn inner(&self, width: usize) -> usize {
        ((width as f32 * self.expansion).round() as usize).max(1)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let (widths, blocks) = (self.widths(), self.blocks());
        ensure(
            !widths.is_empty() && widths.iter().all(|width| (1..=MOST_CHANNELS).contains(width)),
            "model.widths",
            format_args!("{widths:?}"),
            &format!("one number from 1 to {MOST_CHANNELS} per resolution, and at least one resolution"),
        )?;
        ensure(
            blocks.len() == widths.len() && blocks.iter().all(|&blocks| blocks <= MOST_BLOCKS),
            "model.blocks",
            format_args!("{blocks:?}"),
            &format!("{} numbers up to {MOST_BLOCKS}, one per resolution of model.widths", widths.len()),
        )?;
        if let Scale::Value(cell) = self.cell {
            ensure_positive(f64::from(cell), "model.cell")?;
        }
        ensure_positive(f64::from(self.voxel), "model.voxel")?;
        ensure(
            self.kernel_size.iter().all(|size| size % 2 == 1),
            "model.kernel_size",
            format_args!("{:?}", self.kernel_size),
            "three odd numbers",
        )?;
        if let Some(shells) = self.shells {
            ensure(
                self.kernel_size == Self::default().kernel_size,
                "model.kernel_size",
                format_args!("{:?} beside model.shells", self.kernel_size),
                "one of both: shells have no cells",
            )?;
            if let Err(error) = self.kernel(0).validate() {
                return ensure(false, "model.shells", format_args!("{shells}: {error}"), "another number");
            }
        }
        ensure_positive(f64::from(self.expansion), "model.expansion")?;
        let inner = widths.iter().map(|&width| self.inner(width)).max().unwrap_or(0);
        ensure(
            inner <= MOST_CHANNELS,
            "model.expansion",
            format_args!("{}, which gives blocks of {inner} channels", self.expansion),
            &format!("at most {MOST_CHANNELS} channels"),
        )?;
        ensure(
            self.convolution != ConvolutionKind::Depthwise || self.expansion.fract() == 0.0,
            "model.expansion",
            self.expansion,
            "a whole number, for model.convolution = \"depthwise\"",
        )?;
        ensure_count(self.hidden(), MOST_CHANNELS, "model.hidden")?;
        ensure_count(self.ensemble, MOST_NETWORKS, "model.ensemble")?;
        ensure_fraction(self.dropout, "model.dropout")
    }

    /// The edge of a kernel cell of a resolution, counted from the finest one.
    fn cell_of(&self, level: usize) -> f32 {
        self.cell.value() * 2f32.powi(level as i32)
    }

    /// The kernel of a resolution.
    fn kernel(&self, level: usize) -> KernelShape {
        let cell = self.cell_of(level);
        match self.shells {
            Some(shells) => KernelShape::shells(RADIUS * cell, shells),
            None => KernelShape::Cells { size: self.kernel_size, cell, dilation: [1; 3] },
        }
    }

    /// The kernel of each resolution.
    pub(super) fn kernels(&self) -> Vec<KernelShape> {
        (0..self.widths().len()).map(|level| self.kernel(level)).collect()
    }

    /// The resolutions after the finest one.
    pub(super) fn coarser(&self) -> Vec<CoarseLevel> {
        let kernels = self.kernels().into_iter().enumerate().skip(1);
        let level = |(level, kernel): (usize, KernelShape)| CoarseLevel {
            voxel: self.cell_of(level) * self.voxel,
            kernels: vec![kernel],
        };
        kernels.map(level).collect()
    }

    /// The numbers in memory; `head` and `coarse_heads` are those of the layers after the encoder, per point of the finest
    /// and of each coarser resolution.
    pub(super) fn activations(&self, spec: &NetworkSpec, head: usize, coarse_heads: &[usize]) -> Activations {
        let (widths, blocks) = (self.widths(), self.blocks());
        let level = |(index, (&width, blocks)): (usize, (&usize, usize))| {
            // Each block stores the output of its two linear layers, before and after the normalisation, and its sum.
            let block = 3 * width + 2 * self.inner(width);
            let input = if index == 0 { spec.channels_in } else { 2 * widths[index - 1] };
            input + 2 * width + blocks * block
        };
        let stored: Vec<usize> = widths.iter().zip(blocks).enumerate().map(level).collect();
        // A coarser resolution has at most 0.6 times the points of the one before.
        let all = stored.iter().rev().fold(0.0, |sum, &values| 0.6 * sum + values as f64);
        let heads = coarse_heads.iter().copied().chain(std::iter::repeat(0));
        // The gradients are as many again, but not all of them at the same time.
        Activations {
            inference_per_point: head + all as usize,
            training_per_point: self.ensemble * (stored[0] + head) * 3 / 2,
            training_per_coarse_point: stored[1..]
                .iter()
                .zip(heads)
                .map(|(values, head)| self.ensemble * (values + head) * 3 / 2)
                .collect(),
            training_per_cloud: self.ensemble * (8 * self.hidden() + 4 * spec.classes),
        }
    }
}
