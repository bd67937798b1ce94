//! The columns of a cloud as writers list them.

use crate::bounds::Bounds;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::columns::sort::are_halves;
use crate::io::facts::{Facts, LARGEST_WHOLE};
use crate::io::raw::HALVES;
use crate::scalar::ScalarType;

/// One column of a file to write and where its values come from.
pub(crate) struct Column<'a> {
    pub(crate) name: &'a str,
    pub(crate) scalar_type: ScalarType,
    pub(crate) value: Box<dyn Fn(usize) -> f64 + Send + Sync + 'a>,
}

/// All columns of `cloud`: `x y z`, `nx ny nz`, `red green blue`, the labels under the name and in the
/// type of their source, then the further properties in their own types. Positions are `float`; where single precision does not hold the coordinates they are `double`.
pub(crate) fn columns_of(cloud: &PointCloud) -> Vec<Column<'_>> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    let wide = cloud.has_wide_coordinates();
    let coordinate_type = if wide { ScalarType::F64 } else { ScalarType::F32 };
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let value = Box::new(move |i: usize| {
            // The sum would turn -0 into 0.
            if wide { cloud.point(i)[axis] } else { f64::from(cloud.positions()[i][axis]) }
        });
        columns.push(Column { name, scalar_type: coordinate_type, value });
    }
    if let Some(normals) = cloud.normals() {
        for (axis, name) in ["nx", "ny", "nz"].into_iter().enumerate() {
            let value = Box::new(move |i: usize| f64::from(normals[i][axis]));
            columns.push(Column { name, scalar_type: ScalarType::F32, value });
        }
    }
    if let Some((scalar_type, colors)) = cloud.stored_colors() {
        for (channel, name) in ["red", "green", "blue"].into_iter().enumerate() {
            let value = Box::new(move |i: usize| f64::from(colors[i][channel]));
            columns.push(Column { name, scalar_type, value });
        }
    } else if let Some(colors) = cloud.colors() {
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
        Some(column) => Err(Error::PropertyName { name: column.name.to_owned() }),
        None => Ok(columns),
    }
}

/// Columns of a file that has integers of 64 bits: their order, and which of them are the halves of one integer.
#[derive(Debug)]
pub(crate) struct Joined {
    /// Indices of the columns in the order of the bytes of a record: the low half of an integer comes first.
    pub(crate) order: Vec<usize>,
    /// Indices of the high halves.
    high: Vec<usize>,
}

impl Joined {
    /// Joins neighbours that are the halves of integers of which at least one is beyond 2^53, since others are read as one
    /// column of another type.
    pub(crate) fn of(outline: &Outline<'_>, columns: &[Column<'_>]) -> Self {
        let most = (LARGEST_WHOLE >> 32) as f64;
        let is_high = |index: &usize| match columns.get(*index..index + 2) {
            Some([high, low]) => {
                let types = matches!(high.scalar_type, ScalarType::I32 | ScalarType::U32);
                let facts = outline.facts[*index];
                types
                    && low.scalar_type == ScalarType::U32
                    && are_halves(high.name, low.name)
                    && (facts.least < -most || facts.most >= most)
            }
            _ => false,
        };
        let high: Vec<usize> = (0..columns.len()).filter(is_high).collect();
        let mut order: Vec<usize> = (0..columns.len()).collect();
        high.iter().for_each(|&index| order.swap(index, index + 1));
        Self { order, high }
    }

    /// The name of an integer whose high half is column `index`; `None` for any other column.
    pub(crate) fn name<'a>(&self, columns: &[Column<'a>], index: usize) -> Option<&'a str> {
        let name: &'a str = columns.get(index).filter(|_| self.high.contains(&index))?.name;
        name.strip_suffix(HALVES[0])
    }

    /// The integer of row `i` whose high half is column `index`.
    pub(crate) fn value(columns: &[Column<'_>], index: usize, i: usize) -> i128 {
        let half = |index: usize| (columns[index].value)(i) as i128;
        (half(index) << 32) + half(index + 1)
    }

    /// Whether column `index` is the low half of an integer.
    pub(crate) fn is_low(&self, index: usize) -> bool {
        index.checked_sub(1).is_some_and(|before| self.high.contains(&before))
    }
}

/// Facts of [`columns_of`].
pub(crate) fn facts_of(cloud: &PointCloud) -> Vec<Facts> {
    let facts = |column: &Column<'_>| {
        let values: Vec<f64> = (0..cloud.len()).map(|i| (column.value)(i)).collect();
        Facts::of(&values)
    };
    columns_of(cloud).iter().map(facts).collect()
}

/// What a writer must know of all points before it writes the first one.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    /// A cloud with the columns; its points are all points, or none where they come in parts.
    pub(crate) cloud: &'a PointCloud,
    /// Number of points.
    pub(crate) points: usize,
    pub(crate) bounds: Option<Bounds>,
    /// How far the points are from the steps of the LAS file that they come from; `None` where they are in memory, to be looked at.
    pub(crate) off_steps: Option<f64>,
    /// Facts of [`columns_of`].
    pub(crate) facts: Vec<Facts>,
}

impl<'a> Outline<'a> {
    /// Of a cloud in memory.
    pub(crate) fn of(cloud: &'a PointCloud) -> Self {
        Self { cloud, points: cloud.len(), bounds: cloud.bounds(), off_steps: None, facts: facts_of(cloud) }
    }

    /// Facts of the axes of the normals; none without normals.
    pub(crate) fn normals(&self) -> &[Facts] {
        if self.cloud.normals().is_some() { &self.facts[3..6] } else { &[] }
    }

    /// Facts of the channels of the colours; none without colours.
    pub(crate) fn colors(&self) -> &[Facts] {
        let first = if self.cloud.normals().is_some() { 6 } else { 3 };
        if self.cloud.colors().is_some() { &self.facts[first..first + 3] } else { &[] }
    }
}
