//! Columns as files name them: sorted into a [`PointCloud`], and listed for writers.

use crate::cloud::{PointCloud, ScalarProperty};
use crate::error::Result;
use crate::scalar::ScalarType;

/// Names under which the class of a point is found, the first that is there.
const LABEL_NAMES: [&str; 6] =
    ["label", "scalar_Label", "class", "classification", "scalar_Classification", "labels"];

/// Names of the three parts of a normal.
const NORMAL_NAMES: [[&str; 3]; 2] = [["nx", "ny", "nz"], ["normal_x", "normal_y", "normal_z"]];

/// Names of the three channels of a colour.
const COLOR_NAMES: [[&str; 3]; 2] = [["red", "green", "blue"], ["r", "g", "b"]];

/// Coordinates as they come in.
#[derive(Debug)]
pub(crate) enum Coordinates {
    /// Of types that `f32` holds exactly.
    Narrow(Vec<[f32; 3]>),
    /// Of all other types.
    Wide(Vec<[f64; 3]>),
}

impl Coordinates {
    /// Empty; narrow where `f32` holds every value of the three types exactly.
    pub(crate) fn of_types(types: [ScalarType; 3]) -> Self {
        let exact = |t: ScalarType| t == ScalarType::F32 || t.size() <= 2;
        if types.into_iter().all(exact) { Self::Narrow(Vec::new()) } else { Self::Wide(Vec::new()) }
    }

    pub(crate) fn push(&mut self, point: [f64; 3]) {
        match self {
            Self::Narrow(narrow) => narrow.push(point.map(|v| v as f32)),
            Self::Wide(wide) => wide.push(point),
        }
    }
}

/// Sorts columns into normals, colours, labels and further properties.
///
/// Normals are `nx ny nz` (or `normal_x ..`) of float type, colours `red green blue` (or `r g b`)
/// of type `uchar`, the label is the first of [`LABEL_NAMES`] whose values are whole. What does not
/// fit stays a property.
///
/// # Errors
/// As [`PointCloud::push_property`].
pub(crate) fn cloud_of(coordinates: Coordinates, mut rest: Vec<ScalarProperty>) -> Result<PointCloud> {
    let mut cloud = match coordinates {
        Coordinates::Narrow(positions) => PointCloud::new(positions),
        Coordinates::Wide(wide) => PointCloud::from_coordinates(&wide),
    };
    if let Some(normals) = take_triple(&mut rest, NORMAL_NAMES, ScalarType::is_float) {
        cloud.set_normals(Some(zip3(&normals, |v| v as f32)))?;
    }
    if let Some(colors) = take_triple(&mut rest, COLOR_NAMES, |t| t == ScalarType::U8) {
        cloud.set_colors(Some(zip3(&colors, |v| v as u8)))?;
    }
    if let Some((labels, name, scalar_type)) = take_labels(&mut rest) {
        cloud.set_labels(Some(labels))?;
        cloud.set_label_source(&name, scalar_type);
    }
    for property in rest {
        cloud.push_property(property)?;
    }
    Ok(cloud)
}

/// [`cloud_of`] for columns that include `x`, `y` and `z` (in any case) and whose names are free:
/// blanks become `_`, and a name that occurs again gets a number.
///
/// # Errors
/// The names that are there, where one of the coordinates is missing.
pub(crate) fn cloud_of_table(mut columns: Vec<ScalarProperty>) -> std::result::Result<PointCloud, String> {
    let position = |columns: &[ScalarProperty], axis: &str| {
        columns.iter().position(|column| column.name.eq_ignore_ascii_case(axis))
    };
    if !["x", "y", "z"].iter().all(|axis| position(&columns, axis).is_some()) {
        let names: Vec<String> = columns.iter().map(|column| format!("'{}'", column.name)).collect();
        return Err(if names.is_empty() {
            "no columns".into()
        } else {
            format!("columns {}", names.join(", "))
        });
    }
    let [x, y, z] = ["x", "y", "z"].map(|axis| {
        let index = position(&columns, axis).unwrap_or_default();
        columns.remove(index)
    });
    let mut coordinates = Coordinates::of_types([x.scalar_type, y.scalar_type, z.scalar_type]);
    for ((&x, &y), &z) in x.values.iter().zip(&y.values).zip(&z.values) {
        coordinates.push([x, y, z]);
    }
    let mut taken = std::collections::HashSet::from(["x", "y", "z"].map(str::to_owned));
    for column in &mut columns {
        let odd = |c: char| c.is_whitespace() || c.is_control();
        let clean: String = column.name.trim().chars().map(|c| if odd(c) { '_' } else { c }).collect();
        let clean = if clean.is_empty() { "unnamed".to_owned() } else { clean };
        let numbered = (2..).map(|number: u32| format!("{clean}_{number}"));
        let free = std::iter::once(clean.clone()).chain(numbered).find(|name| !taken.contains(name));
        column.name = free.unwrap_or(clean);
        taken.insert(column.name.clone());
    }
    cloud_of(coordinates, columns).map_err(|error| error.to_string())
}

fn take_triple(
    rest: &mut Vec<ScalarProperty>,
    names: [[&str; 3]; 2],
    fits: impl Fn(ScalarType) -> bool,
) -> Option<[Vec<f64>; 3]> {
    let found = |name: &&str| rest.iter().any(|p| p.name == **name && fits(p.scalar_type));
    let names = names.into_iter().find(|names| names.iter().all(found))?;
    Some(names.map(|name| {
        let index = rest.iter().position(|p| p.name == name).unwrap_or_default();
        rest.remove(index).values
    }))
}

fn zip3<T>(columns: &[Vec<f64>; 3], convert: impl Fn(f64) -> T) -> Vec<[T; 3]> {
    let [a, b, c] = columns;
    a.iter().zip(b).zip(c).map(|((&a, &b), &c)| [convert(a), convert(b), convert(c)]).collect()
}

/// The labels with their name and type in the file.
fn take_labels(rest: &mut Vec<ScalarProperty>) -> Option<(Vec<i32>, String, ScalarType)> {
    let whole = |p: &ScalarProperty| p.values.iter().all(|&v| f64::from(v as i32) == v);
    let index = LABEL_NAMES
        .iter()
        .find_map(|&name| rest.iter().position(|p| p.name == name))
        .filter(|&index| whole(&rest[index]))?;
    let ScalarProperty { name, scalar_type, values } = rest.remove(index);
    Some((values.into_iter().map(|v| v as i32).collect(), name, scalar_type))
}

/// One column of a file to write and where its values come from.
pub(crate) struct Column<'a> {
    pub(crate) name: &'a str,
    pub(crate) scalar_type: ScalarType,
    pub(crate) value: Box<dyn Fn(usize) -> f64 + 'a>,
}

/// All columns of `cloud`: `x y z`, `nx ny nz`, `red green blue`, the labels under the name and in the
/// type of their source, then the further properties in their own types. Positions are `float`; where the origin is not zero they are
/// `double` and the true coordinates.
pub(crate) fn columns_of(cloud: &PointCloud) -> Vec<Column<'_>> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    let shifted = cloud.origin() != [0.0; 3];
    let coordinate_type = if shifted { ScalarType::F64 } else { ScalarType::F32 };
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let value = Box::new(move |i: usize| {
            // The sum would turn -0 into 0.
            if shifted { cloud.point(i)[axis] } else { f64::from(cloud.positions()[i][axis]) }
        });
        columns.push(Column { name, scalar_type: coordinate_type, value });
    }
    if let Some(normals) = cloud.normals() {
        for (axis, name) in ["nx", "ny", "nz"].into_iter().enumerate() {
            let value = Box::new(move |i: usize| f64::from(normals[i][axis]));
            columns.push(Column { name, scalar_type: ScalarType::F32, value });
        }
    }
    if let Some(colors) = cloud.colors() {
        for (channel, name) in ["red", "green", "blue"].into_iter().enumerate() {
            let value = Box::new(move |i: usize| f64::from(colors[i][channel]));
            columns.push(Column { name, scalar_type: ScalarType::U8, value });
        }
    }
    if let Some(labels) = cloud.labels() {
        let value = Box::new(move |i: usize| f64::from(labels[i]));
        let (name, scalar_type) =
            (cloud.label_name().unwrap_or("label"), cloud.label_type().unwrap_or(ScalarType::I32));
        columns.push(Column { name, scalar_type, value });
    }
    for property in cloud.properties() {
        let scalar_type = property.scalar_type;
        let value = Box::new(move |i: usize| scalar_type.round(property.values[i]));
        columns.push(Column { name: &property.name, scalar_type, value });
    }
    columns
}

/// Names and types of all columns of `cloud`, as a file that holds them has them: `x y z`, `nx ny nz`,
/// `red green blue`, the labels, further properties.
#[must_use]
pub fn column_types(cloud: &PointCloud) -> Vec<(&str, ScalarType)> {
    columns_of(cloud).iter().map(|column| (column.name, column.scalar_type)).collect()
}

/// [`columns_of`], refused where two columns have one name.
///
/// # Errors
/// [`Error::PropertyName`](crate::Error::PropertyName).
pub(crate) fn distinct_columns_of(cloud: &PointCloud) -> Result<Vec<Column<'_>>> {
    let columns = columns_of(cloud);
    let mut names = std::collections::HashSet::new();
    match columns.iter().find(|column| !names.insert(column.name)) {
        Some(column) => Err(crate::error::Error::PropertyName { name: column.name.to_owned() }),
        None => Ok(columns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, scalar_type: ScalarType, value: f64) -> ScalarProperty {
        ScalarProperty { name: name.into(), scalar_type, values: vec![value] }
    }

    #[test]
    fn free_names_become_single_words_and_keep_apart() {
        let float = |name| column(name, ScalarType::F32, 0.5);
        let names = ["X", "Y", "Z", "a b", "a_b", "", "x"].map(float);
        let cloud = cloud_of_table(names.into()).unwrap();
        let found: Vec<&str> = cloud.properties().iter().map(|p| p.name.as_str()).collect();
        assert_eq!(found, ["a_b", "a_b_2", "unnamed", "x_2"]);
        assert_eq!(cloud_of_table(vec![float("x"), float("q")]).unwrap_err(), "columns 'x', 'q'");
    }

    #[test]
    fn other_names_of_normals_and_colors() {
        let float = |name| column(name, ScalarType::F32, 0.5);
        let byte = |name| column(name, ScalarType::U8, 7.0);
        let mut columns: Vec<_> = ["x", "y", "z", "normal_x", "normal_y", "normal_z"].map(float).into();
        columns.extend(["r", "g", "b", "class"].map(byte));
        let cloud = cloud_of_table(columns).unwrap();
        assert_eq!(cloud.normals(), Some([[0.5; 3]].as_slice()));
        assert_eq!(cloud.colors(), Some([[7; 3]].as_slice()));
        assert_eq!(cloud.labels(), Some([7].as_slice()));
        assert!(cloud.properties().is_empty());
    }
}
