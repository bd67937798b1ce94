//! What is in a PLY file, for people and programs that want to look before they load.

use std::path::Path;

use super::body::read_rows;
use super::header::{Header, PlyFormat, PlyProperty};
use super::read::read_bytes;
use super::vertices::VertexLayout;
use crate::bounds::Bounds;
use crate::error::Result;
use crate::scalar::ScalarType;

/// An element as the header declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ElementSummary {
    /// Its name.
    pub name: String,
    /// Its number of rows.
    pub count: usize,
    /// Its properties in file order.
    pub properties: Vec<PlyProperty>,
}

/// Contents of a PLY file, of any PLY file: vertices and coordinates may be missing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlySummary {
    /// Encoding of the body.
    pub format: PlyFormat,
    /// Comments of the header.
    pub comments: Vec<String>,
    /// Elements in file order.
    pub elements: Vec<ElementSummary>,
    /// Rows of element `vertex`, 0 where there is none.
    pub points: usize,
    /// Rows of element `face`, 0 where there is none.
    pub faces: usize,
    /// Coordinates of the first vertex; `None` without vertices or without x, y, z.
    ///
    /// A stored `float` is given as the shortest decimal that reads back as the same `float`:
    /// 0.1 rather than 0.10000000149011612.
    pub first: Option<[f64; 3]>,
    /// Coordinates of the last vertex, as `first`.
    pub last: Option<[f64; 3]>,
    /// Box around all finite vertices, as `first`.
    pub bounds: Option<Bounds>,
    /// Number of vertices with a NaN or infinite coordinate.
    pub non_finite: usize,
}

impl PlySummary {
    /// Properties of element `vertex`, empty where there is none.
    #[must_use]
    pub fn vertex_properties(&self) -> &[PlyProperty] {
        let vertex = self.elements.iter().find(|element| element.name == "vertex");
        vertex.map_or(&[], |vertex| &vertex.properties)
    }
}

/// Reads a whole PLY file and describes it.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io), [`Error::Header`](crate::Error::Header),
/// [`Error::Row`](crate::Error::Row), [`Error::Truncated`](crate::Error::Truncated). Missing
/// vertices or coordinates are no error here.
pub fn inspect_ply(path: impl AsRef<Path>) -> Result<PlySummary> {
    let path = path.as_ref();
    summarize_ply(&read_bytes(path)?, path)
}

/// [`inspect_ply`] on bytes in memory; `name` stands for the file in error messages.
///
/// # Errors
/// As [`inspect_ply`].
pub fn summarize_ply(bytes: &[u8], name: impl AsRef<Path>) -> Result<PlySummary> {
    let path = name.as_ref();
    let header = Header::parse(path, bytes)?;
    let vertex = header.elements.iter().position(|element| element.name == "vertex");
    let layout = vertex.and_then(|index| VertexLayout::of_element(&header.elements[index]).ok());
    let types = layout.as_ref().map(VertexLayout::coordinate_types).unwrap_or([ScalarType::F64; 3]);

    let mut first = None;
    let mut last = None;
    let mut bounds: Option<Bounds> = None;
    let mut non_finite = 0;
    read_rows(path, bytes, &header, |element, _, row| {
        if let (Some(layout), true) = (&layout, Some(element) == vertex) {
            let point = layout.xyz.map(|index| row.scalars()[index]);
            first.get_or_insert(point);
            last = Some(point);
            match Bounds::of_points(std::iter::once(point)) {
                None => non_finite += 1,
                Some(one) => bounds = Some(bounds.map_or(one, |sum| sum.union(&one))),
            }
        }
        Ok(())
    })?;

    let count = |name| header.element(name).map_or(0, |element| element.count);
    let shorten = |point: [f64; 3]| [0, 1, 2].map(|axis| shortest(point[axis], types[axis]));
    Ok(PlySummary {
        points: count("vertex"),
        faces: count("face"),
        first: first.map(shorten),
        last: last.map(shorten),
        bounds: bounds.map(|b| Bounds { min: shorten(b.min), max: shorten(b.max) }),
        non_finite,
        format: header.format,
        comments: header.comments,
        elements: header
            .elements
            .into_iter()
            .map(|e| ElementSummary { name: e.name, count: e.count, properties: e.properties })
            .collect(),
    })
}

/// The value whose decimal form is the shortest one that is stored as the same number.
fn shortest(value: f64, stored: ScalarType) -> f64 {
    if stored == ScalarType::F32 { (value as f32).to_string().parse().unwrap_or(value) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_shortened_and_doubles_kept() {
        assert_eq!(shortest(f64::from(0.1_f32), ScalarType::F32), 0.1);
        assert_eq!(shortest(f64::from(0.1_f32), ScalarType::F64), f64::from(0.1_f32));
        assert!(shortest(f64::NAN, ScalarType::F32).is_nan());
        assert_eq!(shortest(f64::NEG_INFINITY, ScalarType::F32), f64::NEG_INFINITY);
    }

    #[test]
    fn files_without_coordinates_are_described() {
        let text = "ply\nformat ascii 1.0\nelement point 2\nproperty int a\nend_header\n1\n2\n";
        let summary = summarize_ply(text.as_bytes(), "t.ply").unwrap();
        assert_eq!((summary.points, summary.first, summary.bounds), (0, None, None));
        assert_eq!(summary.elements[0].count, 2);
        assert!(summary.vertex_properties().is_empty());
    }
}
