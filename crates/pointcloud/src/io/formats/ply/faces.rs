//! From the rows of elements `face` and `tristrips` to triangles.

use std::path::Path;

use super::body::RowAt;
use super::header::{Header, PropertyKind};
use super::row::Row;
use crate::error::{Error, Result};
use crate::io::faces::Faces;

/// Triangles while the rows of an element come in.
#[derive(Debug)]
pub(crate) struct FaceRows {
    /// The element in the header.
    pub(crate) element: usize,
    /// Whether its rows are strips of triangles, which -1 divides, rather than polygons.
    strips: bool,
    /// Which list of a row holds the vertex indices.
    list: usize,
    vertices: usize,
    polygon: Vec<u32>,
    pub(crate) faces: Faces,
}

impl FaceRows {
    /// `None` when the file has no faces: no element `face` or `tristrips`, or none with a list of whole numbers.
    ///
    /// The list is `vertex_indices` or `vertex_index`, else the first list of whole numbers. `vertices` is the number of
    /// points.
    pub(crate) fn of(header: &Header, vertices: usize) -> Option<Self> {
        let named = |name: &str| {
            let found = header.elements.iter().position(|element| element.name.eq_ignore_ascii_case(name));
            found.filter(|&index| header.elements[index].count > 0)
        };
        let (element, strips) = match (named("face"), named("tristrips")) {
            (Some(faces), _) => (faces, false),
            (None, strips) => (strips?, true),
        };
        let lists: Vec<_> = header.elements[element]
            .properties
            .iter()
            .filter_map(|property| match property.kind {
                PropertyKind::List { item, .. } => Some((property.name.as_str(), item)),
                PropertyKind::Scalar(_) => None,
            })
            .collect();
        let named = |(name, _): &(&str, _)| matches!(*name, "vertex_indices" | "vertex_index");
        let list =
            lists.iter().position(named).or_else(|| lists.iter().position(|(_, item)| !item.is_float()))?;
        Some(Self { element, strips, list, vertices, polygon: Vec::new(), faces: Faces::default() })
    }

    pub(crate) fn push(&mut self, path: &Path, at: RowAt<'_>, row: &Row) -> Result<()> {
        let Some(list) = row.lists().get(self.list) else {
            return Err(at.refuse("no list", "a list of vertex indices"));
        };
        self.polygon.clear();
        for &index in list {
            if self.strips && index == -1.0 {
                self.faces.push_strip(&self.polygon);
                self.polygon.clear();
                continue;
            }
            let whole = index as u32;
            if f64::from(whole) != index || whole as usize >= self.vertices {
                return Err(Error::face_index(path, at.row, index, self.vertices));
            }
            self.polygon.push(whole);
        }
        if !self.strips {
            self.faces.push(&self.polygon);
        } else if !self.polygon.is_empty() {
            self.faces.push_strip(&self.polygon);
        }
        Ok(())
    }
}
