//! Section `[augment]`: random changes to the training clouds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attribute::{Attribute, Computed};
use crate::check::{ConfigError, ensure, ensure_change, ensure_fraction};

/// Section `[augment]`: random changes to training clouds, after normalising, drawn anew each
/// epoch. All are off by default; validation and test clouds are never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// Rotation about the origin. Default `"none"`.
    pub rotate: Rotate,
    /// Axis that points up in the files. Default `"z"`.
    pub up_axis: Axis,
    /// Standard deviation of the normal noise on each coordinate, in the units of the normalised
    /// cloud. The paper has 0.01. Default 0.
    pub jitter_sigma: f32,
    /// Largest size of that noise, in the same units; 0 means no bound. Default 0.05.
    pub jitter_clip: f32,
    /// Smallest and largest factor of a scaling about the origin. Default `[1.0, 1.0]`.
    pub scale: [f32; 2],
    /// Whether every axis has a factor of its own, instead of one for all; normals follow. Default false.
    pub scale_axes: bool,
    /// Largest shift along each axis, in the units of the normalised cloud. Default 0.
    pub translate: f32,
    /// Axes along which a cloud is mirrored, each with probability 1/2. Default none.
    pub mirror: Vec<Axis>,
    /// Largest share of the points that is left out at random, in `[0, 1)`. Where a network needs a fixed number of points
    /// (`model.head = "flatten"`), the first point that is left takes the position of each of them. Default 0.
    pub drop: f32,
    /// Standard deviation of the normal noise on each channel of each colour, for colours from 0 to 1. Default 0.
    pub color_jitter: f32,
    /// Probability that all colours of a cloud are 0, in `[0, 1)`. Default 0.
    pub color_drop: f32,
    /// Probability that the colours of a cloud are stretched to their full range, by a random share, in `[0, 1)`. Default 0.
    pub color_stretch: f32,
    /// Largest number that is added to the input `"density"` of a region, the same for all of its points, or subtracted: a network
    /// that was trained with 0.7 also knows files with twice or half as many points. Default 0.
    pub density_jitter: f32,
}

/// Random rotation of a training cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rotate {
    /// Not rotated.
    #[default]
    None,
    /// By an even angle about `up_axis`.
    Up,
    /// By an even draw from all rotations.
    Any,
    /// As the training shapes lie: not rotated where those of a class lie alike, about their upright axis where they have one,
    /// else at random. Scenes are rotated about `up_axis`.
    Auto,
}

/// A coordinate axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// The first coordinate.
    X,
    /// The second coordinate.
    Y,
    /// The third coordinate.
    #[default]
    Z,
}

impl Axis {
    /// `x`, `y` or `z`.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["x", "y", "z"][self.index()]
    }

    /// 0 for x, 1 for y, 2 for z.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::X => 0,
            Self::Y => 1,
            Self::Z => 2,
        }
    }
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self {
            rotate: Rotate::default(),
            up_axis: Axis::default(),
            jitter_sigma: 0.0,
            jitter_clip: 0.05,
            scale: [1.0, 1.0],
            scale_axes: false,
            translate: 0.0,
            mirror: Vec::new(),
            drop: 0.0,
            color_jitter: 0.0,
            color_drop: 0.0,
            color_stretch: 0.0,
            density_jitter: 0.0,
        }
    }
}

impl AugmentConfig {
    /// Refuses keys that have no effect where the first layer reads `inputs`.
    pub(super) fn refuse_unused(&self, inputs: &[Attribute]) -> Result<(), ConfigError> {
        let of_inputs = [
            ("augment.color_jitter", self.color_jitter, Attribute::Color, "color"),
            ("augment.color_drop", self.color_drop, Attribute::Color, "color"),
            ("augment.color_stretch", self.color_stretch, Attribute::Color, "color"),
            (
                "augment.density_jitter",
                self.density_jitter,
                Attribute::Computed(Computed::Density),
                "density",
            ),
        ];
        for (key, value, attribute, name) in of_inputs {
            let expected = format!("0, for {name:?} is not among the inputs of the network");
            ensure(value == 0.0 || inputs.contains(&attribute), key, value, &expected)?;
        }
        Ok(())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        ensure_change(f64::from(self.jitter_sigma), "augment.jitter_sigma")?;
        ensure_change(f64::from(self.jitter_clip), "augment.jitter_clip")?;
        ensure_change(f64::from(self.translate), "augment.translate")?;
        ensure_fraction(f64::from(self.drop), "augment.drop")?;
        ensure_change(f64::from(self.color_jitter), "augment.color_jitter")?;
        ensure_fraction(f64::from(self.color_drop), "augment.color_drop")?;
        ensure_fraction(f64::from(self.color_stretch), "augment.color_stretch")?;
        ensure_change(f64::from(self.density_jitter), "augment.density_jitter")?;
        let [least, most] = self.scale;
        ensure(
            0.0 < least && least <= most,
            "augment.scale",
            format_args!("{:?}", self.scale),
            "the smallest factor, above 0, then the largest",
        )?;
        ensure_change(f64::from(most), "augment.scale")?;
        ensure(
            !self.scale_axes || least < most,
            "augment.scale_axes",
            format_args!("true with augment.scale = {:?}", self.scale),
            "two different factors in augment.scale",
        )
    }

    /// The changes of a vote: rotation, mirror, scale and shift. Noise and missing points would only make clouds worse.
    #[must_use]
    pub fn for_votes(&self) -> Self {
        Self {
            jitter_sigma: 0.0,
            drop: 0.0,
            color_jitter: 0.0,
            color_drop: 0.0,
            color_stretch: 0.0,
            density_jitter: 0.0,
            ..self.clone()
        }
    }

    /// Whether a cloud stays as it is, whatever is drawn.
    #[must_use]
    pub fn changes_nothing(&self) -> bool {
        let off = Self { up_axis: self.up_axis, jitter_clip: self.jitter_clip, ..Self::default() };
        *self == off
    }
}
