//! What the first layer reads of a point: the values of `data.inputs` and `scenes.inputs`.

use crate::check::{ConfigError, ensure};

/// How many nearest points `"shape"`, `"angle"`, `"vertical"` and `"density"` look at, the point itself among them: from its closest
/// surroundings to whole parts.
pub(crate) const NEAREST: [usize; 3] = [16, 64, 200];

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
    /// Computed from the surroundings of the point.
    Computed(Computed),
    /// The number 1.
    One,
    /// Another property of that name.
    Property(String),
}

/// What is computed from the nearest 16, 64 and 200 points of a point, or voxels of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Computed {
    /// Linearity, planarity and scattering.
    Shape,
    /// Size of the cosine of the angle between the surface normal and the direction from the centroid; not of scenes.
    Angle,
    /// Size of the z of the surface normal; only of scenes.
    Vertical,
    /// Logarithm of the points of the file on as much surface as the face of a voxel has; only of scenes.
    Density,
}

impl Computed {
    /// The values at each number of nearest points.
    const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Shape => &["linearity", "planarity", "scattering"],
            Self::Angle => &["angle"],
            Self::Vertical => &["vertical"],
            Self::Density => &["density"],
        }
    }

    /// The names of the columns: those of the nearest 16 points, then of the nearest 64, then of the nearest 200.
    pub(crate) fn column_names(self) -> Vec<String> {
        let of_scale = |nearest| self.values().iter().map(move |name| format!("{name}_{nearest}"));
        NEAREST.iter().flat_map(of_scale).collect()
    }
}

impl Attribute {
    /// Every name that is not one of a property.
    const NAMES: [&str; 10] =
        ["xyz", "room", "height", "color", "normal", "shape", "angle", "vertical", "density", "one"];

    /// The name that was meant by that of a property that is not there: one of an attribute, or one of `properties`.
    pub(crate) fn nearest<'a>(missing: &str, properties: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let distance =
            |name: &str| strsim::damerau_levenshtein(&missing.to_lowercase(), &name.to_lowercase());
        let names = Self::NAMES.into_iter().chain(properties);
        let (distance, name) = names.map(|name| (distance(name), name)).min()?;
        (distance <= (missing.chars().count() / 3).max(1)).then_some(name)
    }

    pub(super) fn named(name: &str) -> Self {
        match name {
            "xyz" => Self::Xyz,
            "room" => Self::Room,
            "height" => Self::Height,
            "color" => Self::Color,
            "normal" => Self::Normal,
            "shape" => Self::Computed(Computed::Shape),
            "angle" => Self::Computed(Computed::Angle),
            "vertical" => Self::Computed(Computed::Vertical),
            "density" => Self::Computed(Computed::Density),
            "one" => Self::One,
            name => Self::Property(name.to_owned()),
        }
    }

    /// What is computed from the surroundings of the point, if this is.
    pub(crate) fn computed(&self) -> Option<Computed> {
        match self {
            Self::Computed(computed) => Some(*computed),
            _ => None,
        }
    }

    /// Numbers per point.
    #[must_use]
    pub fn channels(&self) -> usize {
        match self {
            Self::Computed(computed) => NEAREST.len() * computed.values().len(),
            Self::Xyz | Self::Room | Self::Color | Self::Normal => 3,
            Self::Height | Self::One | Self::Property(_) => 1,
        }
    }

    /// Checks the names `inputs` of the key `key`.
    pub(super) fn validate(inputs: &[String], key: &str) -> Result<(), ConfigError> {
        ensure(!inputs.is_empty(), key, "[]", "at least one input")?;
        for name in inputs {
            let has_column = |input: &&String| {
                Self::named(input).computed().is_some_and(|computed| computed.column_names().contains(name))
            };
            if let Some(input) = inputs.iter().find(has_column) {
                let expected = format!("another name, for the input {input:?} has a column of this name");
                return ensure(false, key, format_args!("{name:?}"), &expected);
            }
        }
        let twice = inputs.iter().enumerate().find(|(index, name)| inputs[..*index].contains(name));
        match twice {
            Some((_, name)) => ensure(false, key, format_args!("{name:?} twice"), "every input once"),
            None => Ok(()),
        }
    }
}
