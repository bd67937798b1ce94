//! What is in a file, for people and programs that look before they load.

use std::borrow::Cow;

use super::columns::column_types;
use super::contents::{ColumnUse, Contents};
use crate::bounds::Bounds;
use crate::cloud::PointCloud;
use crate::printable::{printable_line, shortest};

/// An element of a file: a table of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its number of rows.
    pub count: usize,
    /// Its properties with their types, such as `float x`, in file order.
    pub properties: Vec<String>,
}

impl Element {
    pub(crate) fn new(name: &str, count: usize, properties: Vec<String>) -> Self {
        Self { name: name.to_owned(), count, properties }
    }
}

/// Contents of a file. Vertices and coordinates may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The encoding of a PLY file, such as `ascii`; else the name of the format.
    pub format: String,
    /// Points or vertices.
    pub points: usize,
    /// Faces as the file has them, before polygons are split; triangles of strips.
    pub faces: usize,
    /// Names of the properties of the points, in file order.
    pub properties: Vec<String>,
    /// Coordinates of the first point; `None` without points or without x, y, z.
    ///
    /// A stored `float` is given as the shortest decimal that reads back as the same `float`:
    /// 0.1 rather than 0.10000000149011612.
    pub first: Option<[f64; 3]>,
    /// Coordinates of the last point, as `first`.
    pub last: Option<[f64; 3]>,
    /// Box around all finite points, as `first`.
    pub bounds: Option<Bounds>,
    /// Number of points with a NaN or infinite coordinate.
    pub non_finite: usize,
    /// Elements in file order.
    pub elements: Vec<Element>,
    /// Comments of the file, and what else there is to say about it.
    pub comments: Vec<String>,
    /// What every column was taken for.
    pub columns: Vec<ColumnUse>,
    /// What the reader assumed.
    pub notes: Vec<String>,
    /// What the file has and the points have not.
    pub left_out: Vec<String>,
}

impl Summary {
    /// Describes what was read from a file of the format with this name; `faces`: the format is one of meshes.
    pub(crate) fn of_contents(format: &str, contents: &Contents, faces: bool) -> Self {
        let Contents { cloud, faces: triangles, .. } = contents;
        let columns = column_types(cloud);
        let typed = columns.iter().map(|(name, scalar)| format!("{scalar} {name}")).collect();
        let mut elements = vec![Element::new("vertex", cloud.len(), typed)];
        if faces || !triangles.is_empty() {
            elements.push(Element::new("face", triangles.len(), vec!["polygon".into()]));
        }
        let mut summary = Self {
            format: format.to_owned(),
            points: cloud.len(),
            faces: triangles.len(),
            properties: columns.iter().map(|&(name, _)| name.to_owned()).collect(),
            elements,
            columns: contents.columns.clone(),
            notes: contents.notes.clone(),
            left_out: contents.left_out.clone(),
            ..Self::default()
        };
        summary.add_points(cloud);
        summary
    }

    /// With so many faces.
    pub(crate) fn with_faces(mut self, faces: usize) -> Self {
        self.faces = faces;
        let elements = self.elements.iter_mut().filter(|element| element.name == "face");
        elements.for_each(|element| element.count = faces);
        self
    }

    /// Escapes control characters in names and comments, which binary files may have anywhere.
    pub(crate) fn make_printable(&mut self) {
        let clean = |text: &mut String| {
            if let Cow::Owned(escaped) = printable_line(text) {
                *text = escaped;
            }
        };
        self.properties
            .iter_mut()
            .chain(&mut self.comments)
            .chain(&mut self.notes)
            .chain(&mut self.left_out)
            .for_each(clean);
        for element in &mut self.elements {
            clean(&mut element.name);
            element.properties.iter_mut().for_each(clean);
        }
        self.columns.iter_mut().for_each(|column| clean(&mut column.name));
    }

    /// Adds the points of `cloud` to `first`, `last`, `bounds` and `non_finite`.
    pub(crate) fn add_points(&mut self, cloud: &PointCloud) {
        let finite = |p: &&[f32; 3]| p.iter().all(|value| value.is_finite());
        self.non_finite += cloud.positions().iter().filter(|p| !finite(p)).count();
        if let Some(mut bounds) = cloud.bounds() {
            if !cloud.has_wide_coordinates() {
                let short = |corner: [f64; 3]| corner.map(|v| shortest(v as f32));
                bounds = Bounds { min: short(bounds.min), max: short(bounds.max) };
            }
            self.bounds = Some(self.bounds.map_or(bounds, |all| all.union(&bounds)));
        }
        if !cloud.is_empty() {
            self.first.get_or_insert_with(|| shortest_point(cloud, 0));
            self.last = Some(shortest_point(cloud, cloud.len() - 1));
        }
    }
}

/// Coordinates of a point as decimals as short as in the file.
fn shortest_point(cloud: &PointCloud, i: usize) -> [f64; 3] {
    if cloud.has_wide_coordinates() { cloud.point(i) } else { cloud.positions()[i].map(shortest) }
}
