//! What the first layer reads of a point: the values of `data.inputs` and `scenes.inputs`.

use crate::check::{ConfigError, ensure};

/// One of the things that the first layer reads of a point.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attribute {
    /// In a scene x and y from the centre of the region, z from the floor; else the normalised coordinates.
    Xyz,
    /// x, y and z from -1 to 1 over the scene; only of scenes.
    Room,
    /// z from the floor of the scene, or the coordinate along `augment.up_axis` from the lowest point of the cloud.
    Height,
    /// Red, green, blue from 0 to 1.
    Color,
    /// The normal.
    Normal,
    /// The number 1.
    One,
    /// Another property of that name.
    Property(String),
}

impl Attribute {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "xyz" => Self::Xyz,
            "room" => Self::Room,
            "height" => Self::Height,
            "color" => Self::Color,
            "normal" => Self::Normal,
            "one" => Self::One,
            name => Self::Property(name.to_owned()),
        }
    }

    /// Numbers per point.
    #[must_use]
    pub fn channels(&self) -> usize {
        match self {
            Self::Xyz | Self::Room | Self::Color | Self::Normal => 3,
            Self::Height | Self::One | Self::Property(_) => 1,
        }
    }

    /// Checks the names `inputs` of the key `key`.
    pub(super) fn validate(inputs: &[String], key: &str) -> Result<(), ConfigError> {
        ensure(!inputs.is_empty(), key, "[]", "at least one input")?;
        let twice = inputs.iter().enumerate().find(|(index, name)| inputs[..*index].contains(name));
        match twice {
            Some((_, name)) => ensure(false, key, format_args!("{name:?} twice"), "every input once"),
            None => Ok(()),
        }
    }
}
