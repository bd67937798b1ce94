//! The columns of the points of a cloud or of a region, and the features that a network reads from them.

use std::path::Path;

use neighbors::NeighborError;
use pointcloud::PointCloud;

use crate::config::{Attribute, Computed};
use crate::error::RunError;
use crate::task::surroundings::surroundings_columns;

/// The columns of the points of a cloud or of a region. A column that the cloud lacks is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// The positions of the points.
    pub positions: Vec<[f32; 3]>,
    /// Normals.
    pub normals: Vec<[f32; 3]>,
    /// Red, green and blue from 0 to 1.
    pub colors: Vec<[f32; 3]>,
    /// Other properties by name.
    pub properties: Vec<(String, Vec<f32>)>,
    /// Labels.
    pub labels: Vec<i32>,
}

/// The origin of the coordinates that are features of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reference {
    /// The origin of `"xyz"`.
    pub(crate) centre: [f32; 3],
    /// The axis of `"height"`, and the coordinate at which the height is 0.
    pub(crate) floor: (usize, f32),
    /// Half of the extents, by which `"room"` is divided.
    pub(crate) half: [f32; 3],
}

impl From<Vec<[f32; 3]>> for Columns {
    fn from(positions: Vec<[f32; 3]>) -> Self {
        Self { positions, ..Self::default() }
    }
}

impl Columns {
    /// The positions of `cloud` and the columns that `attributes` need; without labels.
    ///
    /// # Errors
    /// A position that is not finite, or too many points for 32-bit indices, where the shape of the surroundings is needed.
    pub fn of_cloud(cloud: PointCloud, attributes: &[Attribute]) -> Result<Self, NeighborError> {
        let mut columns = Self::default();
        for attribute in attributes {
            match attribute {
                Attribute::Color => {
                    let unit = |color: &[u8; 3]| color.map(|channel| f32::from(channel) / 255.0);
                    columns.colors = cloud.colors().into_iter().flatten().map(unit).collect();
                }
                Attribute::Normal => columns.normals = cloud.normals().unwrap_or_default().to_vec(),
                Attribute::Property(name) => {
                    let property = cloud.property(name).into_iter();
                    let values = property.flat_map(|property| &property.values).map(|&value| value as f32);
                    columns.properties.push((name.clone(), values.collect()));
                }
                Attribute::Computed(_)
                | Attribute::Xyz
                | Attribute::Room
                | Attribute::Height
                | Attribute::One => {}
            }
        }
        columns.properties.extend(surroundings_columns(cloud.positions(), None, attributes)?);
        Ok(Self { positions: cloud.into_positions(), ..columns })
    }

    /// Adds a number to the input `"density"`.
    pub(super) fn shift_density(&mut self, by: f32) {
        let names = Computed::Density.column_names();
        for (_, values) in self.properties.iter_mut().filter(|(name, _)| names.contains(name)) {
            values.iter_mut().for_each(|value| *value += by);
        }
    }

    /// Memory of all columns, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let vectors = self.positions.len() + self.normals.len() + self.colors.len();
        let values: usize = self.properties.iter().map(|(_, values)| values.len()).sum();
        (12 * vectors + 4 * (values + self.labels.len())) as u64
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The points at `indices`, in that order and with repeats.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len).
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        fn pick<T: Copy>(column: &[T], indices: &[usize]) -> Vec<T> {
            if column.is_empty() { Vec::new() } else { indices.iter().map(|&i| column[i]).collect() }
        }
        let property = |(name, values): &(String, Vec<f32>)| (name.clone(), pick(values, indices));
        Self {
            positions: indices.iter().map(|&i| self.positions[i]).collect(),
            normals: pick(&self.normals, indices),
            colors: pick(&self.colors, indices),
            properties: self.properties.iter().map(property).collect(),
            labels: pick(&self.labels, indices),
        }
    }

    /// The values of `attributes` for every point, point by point.
    ///
    /// # Panics
    /// When a column is missing.
    pub(crate) fn features(&self, attributes: &[Attribute], reference: &Reference) -> Vec<f32> {
        let Reference { centre, floor: (up, floor), half } = *reference;
        let channels: usize = attributes.iter().map(Attribute::channels).sum();
        let mut features = Vec::with_capacity(channels * self.len());
        let property = |name: &String| {
            let found = self.properties.iter().find(|(other, _)| other == name);
            found.unwrap_or_else(|| panic!("features: no property '{name}' in the columns")).1.as_slice()
        };
        let columns: Vec<Vec<&[f32]>> = attributes
            .iter()
            .map(|attribute| match attribute {
                Attribute::Property(name) => vec![property(name)],
                Attribute::Computed(computed) => computed.column_names().iter().map(property).collect(),
                _ => Vec::new(),
            })
            .collect();
        for (row, [x, y, z]) in self.positions.iter().copied().enumerate() {
            for (attribute, properties) in attributes.iter().zip(&columns) {
                match attribute {
                    Attribute::Xyz => features.extend([x - centre[0], y - centre[1], z - centre[2]]),
                    Attribute::Room => features.extend([x / half[0], y / half[1], z / half[2] - 1.0]),
                    Attribute::Height => features.push([x, y, z][up] - floor),
                    Attribute::Color => features.extend(self.colors[row]),
                    Attribute::Normal => features.extend(self.normals[row]),
                    Attribute::One => features.push(1.0),
                    Attribute::Property(_) | Attribute::Computed(_) => {
                        features.extend(properties.iter().map(|values| values[row]));
                    }
                }
            }
        }
        features
    }
}

/// Checks that `cloud` has the columns for `attributes`, the values of the config key `key`.
///
/// # Errors
/// [`RunError::BadFile`] that names what is missing or not finite, and the columns that the file has.
pub(crate) fn check_attributes(
    path: &Path,
    cloud: &PointCloud,
    attributes: &[Attribute],
    key: &str,
) -> Result<(), RunError> {
    let bad = |problem| Err(RunError::BadFile { path: path.to_owned(), problem });
    for attribute in attributes {
        let (there, name) = match attribute {
            Attribute::Color => {
                (cloud.colors().is_some(), "colours (red, green, blue of type uchar)".to_owned())
            }
            Attribute::Normal => {
                (cloud.normals().is_some(), "normals (nx, ny, nz of a float type)".to_owned())
            }
            Attribute::Property(name) => (cloud.property(name).is_some(), format!("property '{name}'")),
            Attribute::Computed(_)
            | Attribute::Xyz
            | Attribute::Room
            | Attribute::Height
            | Attribute::One => continue,
        };
        if !there {
            let near = match attribute {
                Attribute::Property(name) => {
                    Attribute::nearest(name, cloud.properties().iter().map(|property| property.name.as_str()))
                }
                _ => None,
            };
            let near = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
            return bad(format!("no {name}, which {key} asks for; found {}{near}", found(cloud)));
        }
        let row = match attribute {
            Attribute::Normal => cloud
                .normals()
                .and_then(|normals| normals.iter().position(|n| !n.iter().all(|v| v.is_finite()))),
            Attribute::Property(name) => cloud
                .property(name)
                .and_then(|property| property.values.iter().position(|value| !value.is_finite())),
            _ => None,
        };
        if let Some(row) = row {
            let value = match attribute {
                Attribute::Property(name) => {
                    format!(
                        "'{name}' {}",
                        cloud.property(name).map_or(f64::NAN, |property| property.values[row])
                    )
                }
                _ => format!("normal {:?}", cloud.normals().map_or([f32::NAN; 3], |normals| normals[row])),
            };
            return bad(format!("point {row}: found {value}, expected a finite number, for {key}"));
        }
    }
    Ok(())
}

/// The names of the columns of a cloud, as text.
fn found(cloud: &PointCloud) -> String {
    let columns = [("normals", cloud.normals().is_some()), ("colours", cloud.colors().is_some())];
    let mut names: Vec<&str> = vec!["positions"];
    names.extend(columns.into_iter().filter(|(_, there)| *there).map(|(name, _)| name));
    names.extend(cloud.properties().iter().map(|property| property.name.as_str()));
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use pointcloud::{ScalarProperty, ScalarType};

    use super::*;

    fn cloud() -> PointCloud {
        let mut cloud = PointCloud::new(vec![[1.0, 2.0, 3.0], [5.0, 4.0, -1.0]]);
        cloud.set_colors(Some(vec![[255, 0, 51], [0, 102, 0]])).unwrap();
        let (name, scalar_type) = ("scalar_Intensity".to_owned(), ScalarType::F32);
        cloud.push_property(ScalarProperty { name, scalar_type, values: vec![7.0, 8.0] }).unwrap();
        cloud
    }

    #[test]
    fn features_by_hand() {
        let attributes = [
            Attribute::Height,
            Attribute::Color,
            Attribute::Property("intensity".into()),
            Attribute::Xyz,
            Attribute::One,
        ];
        check_attributes("a.ply".as_ref(), &cloud(), &attributes, "data.inputs").unwrap();
        let columns = Columns::of_cloud(cloud(), &attributes).unwrap();
        assert!(columns.normals.is_empty() && columns.properties[0].0 == "intensity");
        let reference = Reference { centre: [1.0, 0.0, 0.0], floor: (2, -1.0), half: [1.0; 3] };
        let expected =
            [[4.0, 1.0, 0.0, 0.2, 7.0, 0.0, 2.0, 3.0, 1.0], [0.0, 0.0, 0.4, 0.0, 8.0, 4.0, 4.0, -1.0, 1.0]];
        assert_eq!(columns.features(&attributes, &reference), expected.concat());
        let turned = columns.select(&[1, 0, 1]).features(&attributes, &reference);
        assert_eq!(turned, [expected[1], expected[0], expected[1]].concat());
    }

    #[test]
    fn what_is_missing_is_named_with_what_is_there() {
        let check = |attribute| {
            let attributes = [Attribute::Xyz, attribute];
            let error = check_attributes("a.ply".as_ref(), &cloud(), &attributes, "data.inputs").unwrap_err();
            error.to_string()
        };
        for (attribute, name) in
            [(Attribute::Normal, "no normals"), (Attribute::Property("age".into()), "no property 'age'")]
        {
            let text = check(attribute);
            assert!(text.contains("a.ply") && text.contains(name) && text.contains("data.inputs"), "{text}");
            assert!(text.ends_with("positions, colours, scalar_Intensity"), "{text}");
        }
        for (typo, near) in [("shpae", "shape"), ("Hight", "height"), ("scalar_intesity", "scalar_Intensity")]
        {
            let text = check(Attribute::Property(typo.into()));
            assert!(text.ends_with(&format!("scalar_Intensity; did you mean \"{near}\"?")), "{text}");
        }
        let mut broken = cloud();
        broken.set_normals(Some(vec![[0.0, 0.0, 1.0], [f32::NAN, 0.0, 0.0]])).unwrap();
        let error =
            check_attributes("a.ply".as_ref(), &broken, &[Attribute::Normal], "data.inputs").unwrap_err();
        assert!(error.to_string().contains("point 1: found normal"), "{error}");
    }
}
