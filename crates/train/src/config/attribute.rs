//! What the first layer of a segmenter reads of a point: the values of `scenes.inputs`.

/// One of the things that the first layer reads of a point.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attribute {
    /// x and y from the centre of the region, z from the floor of the scene.
    Xyz,
    /// x, y and z from -1 to 1 over the scene.
    Room,
    /// z from the floor of the scene.
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
}
