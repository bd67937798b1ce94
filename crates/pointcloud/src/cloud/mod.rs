//! [`PointCloud`]: points stored as columns that always agree in length.

mod coordinates;
mod gather;

use std::sync::Arc;

pub(crate) use self::gather::Gather;

use crate::error::{Error, Result};
use crate::metadata::LasMetadata;
use crate::names;
use crate::scalar::{ScalarProperty, ScalarType};

/// Points in columns: positions and, where known, normals, colours, labels and further numbers.
///
/// The coordinate of point `i` is [`point(i)`](Self::point), in double precision. Networks read the position,
/// `point(i) - origin` in single precision. The origin is zero unless the
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
    /// The coordinates of the file, where `origin + positions` only comes near them.
    exact: Option<Vec<[f64; 3]>>,
    /// Whether the coordinates came in double precision.
    wide: bool,
    normals: Option<Vec<[f32; 3]>>,
    colors: Option<Vec<[u8; 3]>>,
    /// The colours of the file and their type, where they are not bytes.
    stored_colors: Option<(ScalarType, Vec<[f32; 3]>)>,
    labels: Option<Vec<i32>>,
    /// Name and type of the labels in a file; `None` for `label` of type `int`.
    label_source: Option<(String, ScalarType)>,
    /// Words that the labels number, where the file has words.
    label_words: Option<Vec<String>>,
    properties: Vec<ScalarProperty>,
    /// Header and records of the LAS file that the points came from.
    las: Option<Arc<LasMetadata>>,
    /// Comments of the PLY file that the points came from.
    comments: Option<Arc<[Vec<u8>]>>,
}

impl PointCloud {
    /// A cloud of bare positions with its origin at zero.
    #[must_use]
    pub fn new(positions: Vec<[f32; 3]>) -> Self {
        Self { positions, ..Self::default() }
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

    /// Positions for changing in place; their number cannot change. The coordinates are `origin + position` from then on.
    pub fn positions_mut(&mut self) -> &mut [[f32; 3]] {
        (self.exact, self.wide) = (None, self.origin != [0.0; 3]);
        &mut self.positions
    }

    /// Gives up all other columns and returns the positions.
    #[must_use]
    pub fn into_positions(self) -> Vec<[f32; 3]> {
        self.positions
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
        self.stored_colors = None;
        Ok(())
    }

    /// Colours as the file has them, with their type, where they are not bytes: 16-bit numbers, or floats.
    #[must_use]
    pub fn stored_colors(&self) -> Option<(ScalarType, &[[f32; 3]])> {
        self.stored_colors.as_ref().map(|(scalar_type, colors)| (*scalar_type, colors.as_slice()))
    }

    /// Adds the colours of the file to the bytes that were made of them.
    pub(crate) fn set_stored_colors(&mut self, scalar_type: ScalarType, colors: Vec<[f32; 3]>) {
        debug_assert_eq!(Some(colors.len()), self.colors.as_ref().map(Vec::len));
        self.stored_colors = Some((scalar_type, colors));
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
        self.label_words = None;
        Ok(())
    }

    /// Sets the labels as the classification of a LAS file. Labels that came from another column become a property of its name.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] when there is not one class per point.
    pub fn set_classification(&mut self, classes: Vec<i32>) -> Result<()> {
        const NAME: &str = "classification";
        self.check_length(NAME, Some(classes.len()))?;
        if self.label_name() != Some(NAME) {
            let labels = self.take_labels();
            self.remove_property(NAME);
            self.properties.extend(labels);
        }
        let bytes = classes.iter().all(|&class| u8::try_from(class).is_ok());
        self.set_labels(Some(classes))?;
        self.set_label_source(NAME, if bytes { ScalarType::U8 } else { ScalarType::I32 });
        Ok(())
    }

    /// Removes the labels and returns the column that holds them in a file.
    pub fn take_labels(&mut self) -> Option<ScalarProperty> {
        let (name, scalar_type) = (self.label_name()?.to_owned(), self.label_type()?);
        let values = self.labels.take()?.into_iter().map(f64::from).collect();
        (self.label_source, self.label_words) = (None, None);
        Some(ScalarProperty { name, scalar_type, values })
    }

    /// The words that the labels number, from 0, where the file has words in place of numbers.
    #[must_use]
    pub fn label_words(&self) -> Option<&[String]> {
        self.label_words.as_deref()
    }

    pub(crate) fn set_label_words(&mut self, words: Vec<String>) {
        self.label_words = Some(words);
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

    /// Header and records of the LAS file that the points came from.
    pub(crate) fn las(&self) -> Option<&LasMetadata> {
        self.las.as_deref()
    }

    pub(crate) fn set_las(&mut self, metadata: LasMetadata) {
        self.las = Some(Arc::new(metadata));
    }

    /// Says how a file stores the labels.
    pub(crate) fn set_label_source(&mut self, name: &str, scalar_type: ScalarType) {
        let usual = name == "label" && scalar_type == ScalarType::I32;
        self.label_source = (!usual).then(|| (name.to_owned(), scalar_type));
    }

    /// Comments and `obj_info` of the PLY file that the points came from, each a line of its header.
    pub(crate) fn comments(&self) -> &[Vec<u8>] {
        self.comments.as_deref().unwrap_or_default()
    }

    pub(crate) fn set_comments(&mut self, comments: Vec<Vec<u8>>) {
        self.comments = (!comments.is_empty()).then(|| comments.into());
    }

    /// All further numbers per point, in the order of the file.
    #[must_use]
    pub fn properties(&self) -> &[ScalarProperty] {
        &self.properties
    }

    /// The further property of that name; if there is none, that of another spelling of it: `scalar_Intensity` is `intensity`.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&ScalarProperty> {
        let exact = self.properties.iter().find(|property| property.name == name);
        exact.or_else(|| self.properties.iter().find(|property| names::same(&property.name, name)))
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
        if !one_word
            || matches!(name, "x" | "y" | "z")
            || self.properties.iter().any(|other| other.name == name)
        {
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

    /// Removes normals, colours and labels unless they are asked for, all properties but those of `names`, and what else is
    /// known of the file.
    pub(crate) fn keep_columns(&mut self, normals: bool, colors: bool, labels: bool, names: &[String]) {
        if !normals {
            self.normals = None;
        }
        if !colors {
            (self.colors, self.stored_colors) = (None, None);
        }
        if !labels {
            (self.labels, self.label_source, self.label_words) = (None, None, None);
        }
        self.properties.retain(|property| names.contains(&property.name));
        (self.las, self.comments) = (None, None);
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
            exact: self.exact.as_deref().map(|column| pick(column, indices)),
            wide: self.wide,
            normals: self.normals.as_deref().map(|column| pick(column, indices)),
            colors: self.colors.as_deref().map(|column| pick(column, indices)),
            stored_colors: self.stored_colors().map(|(kind, column)| (kind, pick(column, indices))),
            labels: self.labels.as_deref().map(|column| pick(column, indices)),
            label_source: self.label_source.clone(),
            label_words: self.label_words.clone(),
            las: self.las.clone(),
            comments: self.comments.clone(),
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
