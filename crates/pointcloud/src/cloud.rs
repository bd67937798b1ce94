//! [`PointCloud`]: points stored as columns that always agree in length.

use crate::bounds::Bounds;
use crate::error::{Error, Result};
use crate::scalar::ScalarType;

/// A further number per point, such as an intensity or a time stamp.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarProperty {
    /// Name, one word; the name of the property in a PLY file.
    pub name: String,
    /// Type in which the values are stored on disk.
    pub scalar_type: ScalarType,
    /// One value per point. `f64` holds every value of every scalar type exactly.
    pub values: Vec<f64>,
}

/// Points in columns: positions and, where known, normals, colours, labels and further numbers.
///
/// The true coordinate of point `i` is `origin + positions[i]`. The origin is zero unless the
/// source had coordinates that `f32` cannot hold well, such as metres in a UTM zone; see
/// [`PointCloud::from_coordinates`]. Every column has one entry per point; the setters refuse
/// others.
///
/// # Shapes
/// `positions` `[N, 3]`, `normals` `[N, 3]`, `colors` `[N, 3]`, `labels` `[N]`, each property `[N]`.
///
/// # Units
/// Positions and origin are in the unit of the file. Colours are red, green, blue from 0 to 255.
///
/// ```
/// use pointcloud::PointCloud;
///
/// let mut cloud = PointCloud::new(vec![[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]);
/// cloud.set_labels(Some(vec![4, 5]))?;
/// let last = cloud.select(&[1]);
/// assert_eq!(last.positions(), [[1.0, 2.0, 3.0]]);
/// assert_eq!(last.labels(), Some([5].as_slice()));
/// # Ok::<(), pointcloud::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointCloud {
    positions: Vec<[f32; 3]>,
    origin: [f64; 3],
    normals: Option<Vec<[f32; 3]>>,
    colors: Option<Vec<[u8; 3]>>,
    labels: Option<Vec<i32>>,
    /// Name and type of the labels in a file; `None` for `label` of type `int`.
    label_source: Option<(String, ScalarType)>,
    properties: Vec<ScalarProperty>,
}

impl PointCloud {
    /// A cloud of bare positions with its origin at zero.
    #[must_use]
    pub fn new(positions: Vec<[f32; 3]>) -> Self {
        Self { positions, ..Self::default() }
    }

    /// A cloud of double-precision coordinates, with the origin chosen per axis.
    ///
    /// An axis is shifted only where that buys precision: when a coordinate is not exactly an
    /// `f32`, the largest magnitude is at least 1000 and it exceeds 16 times half the extent.
    /// The origin is then the middle of the extent, rounded down to a whole number.
    #[must_use]
    pub fn from_coordinates(coordinates: &[[f64; 3]]) -> Self {
        let origin = crate::origin::choose_origin(coordinates);
        let shift = |p: &[f64; 3]| [0, 1, 2].map(|axis| (p[axis] - origin[axis]) as f32);
        Self { positions: coordinates.iter().map(shift).collect(), origin, ..Self::default() }
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there are no points.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Positions relative to [`origin`](Self::origin), `[N, 3]`.
    #[must_use]
    pub fn positions(&self) -> &[[f32; 3]] {
        &self.positions
    }

    /// Positions for changing in place; their number cannot change.
    pub fn positions_mut(&mut self) -> &mut [[f32; 3]] {
        &mut self.positions
    }

    /// Gives up all other columns and returns the positions.
    #[must_use]
    pub fn into_positions(self) -> Vec<[f32; 3]> {
        self.positions
    }

    /// What must be added to a position to get the true coordinate.
    #[must_use]
    pub fn origin(&self) -> [f64; 3] {
        self.origin
    }

    /// Replaces the origin, which moves all points.
    pub fn set_origin(&mut self, origin: [f64; 3]) {
        self.origin = origin;
    }

    /// True coordinate of point `i`.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    #[must_use]
    pub fn point(&self, i: usize) -> [f64; 3] {
        [0, 1, 2].map(|axis| self.origin[axis] + f64::from(self.positions[i][axis]))
    }

    /// Unit normals, `[N, 3]`, where known.
    #[must_use]
    pub fn normals(&self) -> Option<&[[f32; 3]]> {
        self.normals.as_deref()
    }

    /// Normals for changing in place.
    pub fn normals_mut(&mut self) -> Option<&mut [[f32; 3]]> {
        self.normals.as_deref_mut()
    }

    /// Sets or removes the normals.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] when there is not one normal per point.
    pub fn set_normals(&mut self, normals: Option<Vec<[f32; 3]>>) -> Result<()> {
        self.check_length("normals", normals.as_ref().map(Vec::len))?;
        self.normals = normals;
        Ok(())
    }

    /// Colours as red, green, blue, `[N, 3]`, where known.
    #[must_use]
    pub fn colors(&self) -> Option<&[[u8; 3]]> {
        self.colors.as_deref()
    }

    /// Sets or removes the colours.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] when there is not one colour per point.
    pub fn set_colors(&mut self, colors: Option<Vec<[u8; 3]>>) -> Result<()> {
        self.check_length("colors", colors.as_ref().map(Vec::len))?;
        self.colors = colors;
        Ok(())
    }

    /// Class of each point, `[N]`, where known.
    #[must_use]
    pub fn labels(&self) -> Option<&[i32]> {
        self.labels.as_deref()
    }

    /// Sets or removes the labels.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] when there is not one label per point.
    pub fn set_labels(&mut self, labels: Option<Vec<i32>>) -> Result<()> {
        self.check_length("labels", labels.as_ref().map(Vec::len))?;
        self.labels = labels;
        self.label_source = None;
        Ok(())
    }

    /// Name of the property that holds the labels in a file; `None` without labels.
    #[must_use]
    pub fn label_name(&self) -> Option<&str> {
        self.labels.as_ref()?;
        Some(self.label_source.as_ref().map_or("label", |(name, _)| name))
    }

    /// Type in which the labels are stored on disk; `None` without labels.
    #[must_use]
    pub fn label_type(&self) -> Option<ScalarType> {
        self.labels.as_ref()?;
        Some(self.label_source.as_ref().map_or(ScalarType::I32, |(_, scalar_type)| *scalar_type))
    }

    /// Says how a file stores the labels.
    pub(crate) fn set_label_source(&mut self, name: &str, scalar_type: ScalarType) {
        let usual = name == "label" && scalar_type == ScalarType::I32;
        self.label_source = (!usual).then(|| (name.to_owned(), scalar_type));
    }

    /// All further numbers per point, in the order of the file.
    #[must_use]
    pub fn properties(&self) -> &[ScalarProperty] {
        &self.properties
    }

    /// The further property of that name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&ScalarProperty> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Appends a further property.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] when there is not one value per point; [`Error::PropertyName`] when
    /// the name is empty, holds white space or control characters, or is taken.
    pub fn push_property(&mut self, property: ScalarProperty) -> Result<()> {
        self.check_length(&property.name, Some(property.values.len()))?;
        let name = property.name.as_str();
        let one_word = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
        if !one_word || matches!(name, "x" | "y" | "z") || self.property(name).is_some() {
            return Err(Error::PropertyName { name: property.name });
        }
        self.properties.push(property);
        Ok(())
    }

    /// Removes the further property of that name and returns it.
    pub fn remove_property(&mut self, name: &str) -> Option<ScalarProperty> {
        let index = self.properties.iter().position(|property| property.name == name)?;
        Some(self.properties.remove(index))
    }

    /// Smallest box around all points with finite coordinates, in true coordinates.
    ///
    /// `None` when there is no such point.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        let relative = Bounds::of(&self.positions)?;
        let shift = |corner: [f64; 3]| [0, 1, 2].map(|axis| corner[axis] + self.origin[axis]);
        Some(Bounds { min: shift(relative.min), max: shift(relative.max) })
    }

    /// The points at `indices`, in that order and with repeats, with all columns.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len).
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        fn pick<T: Copy>(column: &[T], indices: &[usize]) -> Vec<T> {
            indices.iter().map(|&i| column[i]).collect()
        }
        Self {
            positions: pick(&self.positions, indices),
            origin: self.origin,
            normals: self.normals.as_deref().map(|column| pick(column, indices)),
            colors: self.colors.as_deref().map(|column| pick(column, indices)),
            labels: self.labels.as_deref().map(|column| pick(column, indices)),
            label_source: self.label_source.clone(),
            properties: self
                .properties
                .iter()
                .map(|property| ScalarProperty {
                    name: property.name.clone(),
                    scalar_type: property.scalar_type,
                    values: pick(&property.values, indices),
                })
                .collect(),
        }
    }

    /// Refuses NaN and infinite positions.
    ///
    /// # Errors
    /// [`Error::NotFinite`] with the first such point.
    pub fn check_finite(&self) -> Result<()> {
        let bad = |p: &[f32; 3]| !p.iter().all(|v| v.is_finite());
        match self.positions.iter().position(bad) {
            None => Ok(()),
            Some(row) => Err(Error::NotFinite { path: None, row, position: self.positions[row] }),
        }
    }

    fn check_length(&self, column: &str, found: Option<usize>) -> Result<()> {
        match found {
            Some(found) if found != self.len() => {
                Err(Error::ColumnLength { column: column.to_owned(), found, expected: self.len() })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud() -> PointCloud {
        let mut cloud = PointCloud::new(vec![[0.0, 1.0, 2.0], [3.0, -4.0, 5.0], [6.0, 7.0, 8.0]]);
        cloud.set_labels(Some(vec![7, 8, 9])).unwrap();
        cloud.set_colors(Some(vec![[1, 2, 3], [4, 5, 6], [7, 8, 9]])).unwrap();
        let values = vec![0.5, 1.5, 2.5];
        let time = ScalarProperty { name: "time".into(), scalar_type: ScalarType::F64, values };
        cloud.push_property(time).unwrap();
        cloud
    }

    #[test]
    fn select_keeps_all_columns() {
        let picked = cloud().select(&[2, 0, 2, 1]);
        assert_eq!(picked.positions()[1], [0.0, 1.0, 2.0]);
        assert_eq!(picked.labels(), Some([9, 7, 9, 8].as_slice()));
        assert_eq!(picked.colors().unwrap()[3], [4, 5, 6]);
        assert_eq!(picked.property("time").unwrap().values, [2.5, 0.5, 2.5, 1.5]);
        assert!(picked.normals().is_none());
    }

    #[test]
    fn columns_of_other_lengths_are_refused() {
        let error = cloud().set_normals(Some(vec![[0.0; 3]; 2])).unwrap_err();
        assert_eq!(error.to_string(), "column 'normals': found 2 values, expected 3, one per point");
    }

    #[test]
    fn property_names_are_single_new_words() {
        for name in ["time", "x", "", "two words"] {
            let values = vec![0.0; 3];
            let property = ScalarProperty { name: name.into(), scalar_type: ScalarType::U8, values };
            assert!(matches!(cloud().push_property(property), Err(Error::PropertyName { .. })));
        }
    }

    #[test]
    fn bounds_and_points_include_the_origin() {
        let mut cloud = cloud();
        cloud.set_origin([100.0, 0.0, -1.0]);
        assert_eq!(cloud.point(1), [103.0, -4.0, 4.0]);
        let bounds = cloud.bounds().unwrap();
        assert_eq!(bounds.min, [100.0, -4.0, 1.0]);
        assert_eq!(bounds.max, [106.0, 7.0, 7.0]);
    }

    #[test]
    fn first_bad_row_is_named() {
        let cloud = PointCloud::new(vec![[0.0; 3], [0.0, f32::NAN, 0.0], [f32::INFINITY; 3]]);
        assert!(matches!(cloud.check_finite(), Err(Error::NotFinite { row: 1, .. })));
    }
}
