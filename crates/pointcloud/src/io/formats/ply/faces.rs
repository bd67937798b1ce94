//! From the rows of elements `face` and `tristrips` to triangles.

use std::path::Path;

use super::body::RowAt;
use super::header::{Element, Header, PropertyKind};
use super::row::Row;
use crate::error::{Error, Result};
use crate::io::faces::Faces;
use crate::scalar::ScalarType;

/// An element whose rows are faces.
#[derive(Clone, Copy, Debug)]
pub(super) struct FaceElement {
    /// The element in the header.
    pub(super) index: usize,
    /// Whether its rows are strips of triangles, which -1 divides, rather than polygons.
    pub(super) strips: bool,
    /// Which list of a row holds the vertex indices.
    pub(super) list: usize,
}

/// The elements of faces and of strips of a file; a file may have both.
///
/// The list of indices is `vertex_indices` or `vertex_index`, else the first list of whole numbers.
pub(super) fn face_elements(header: &Header) -> Vec<FaceElement> {
    let element = |(index, element): (usize, &Element)| {
        let named = |name: &str| element.name.eq_ignore_ascii_case(name);
        let strips = named("tristrips");
        if element.count == 0 || !(strips || named("face")) {
            return None;
        }
        let lists = element.properties.iter().filter_map(|property| match property.kind {
            PropertyKind::List { item, .. } => Some((property.name.as_str(), item)),
            PropertyKind::Scalar(_) => None,
        });
        let lists: Vec<_> = lists.collect();
        let usual = |(name, _): &(&str, _)| matches!(*name, "vertex_indices" | "vertex_index");
        let whole = |(_, item): &(_, ScalarType)| !item.is_float();
        let list = lists.iter().position(usual).or_else(|| lists.iter().position(whole))?;
        Some(FaceElement { index, strips, list })
    };
    header.elements.iter().enumerate().filter_map(element).collect()
}

/// Triangles while the rows of the elements come in.
#[derive(Debug)]
pub(super) struct FaceRows {
    pub(super) elements: Vec<FaceElement>,
    vertices: usize,
    polygon: Vec<u32>,
    pub(super) faces: Faces,
}

impl FaceRows {
    /// Of the faces of a file with so many points.
    pub(super) fn new(elements: Vec<FaceElement>, vertices: usize) -> Self {
        Self { elements, vertices, polygon: Vec::new(), faces: Faces::default() }
    }

    /// With room for as many triangles as the header announces and `length` bytes can hold.
    pub(super) fn with_room(mut self, header: &Header, length: usize) -> Self {
        let rows = |face: &FaceElement| {
            let element = &header.elements[face.index];
            element.count.min(length / element.smallest_row(header.format).max(1))
        };
        self.faces.reserve(self.elements.iter().map(rows).sum());
        self
    }

    /// Takes in a row of an element; one of another kind is passed over.
    pub(super) fn push(&mut self, path: &Path, element: usize, at: RowAt<'_>, row: &Row) -> Result<()> {
        let Some(&FaceElement { strips, list, .. }) = self.elements.iter().find(|e| e.index == element)
        else {
            return Ok(());
        };
        match row.lists().get(list) {
            Some(list) => self.add(path, strips, at.row, list),
            None => Err(at.refuse("no list", "a list of vertex indices")),
        }
    }

    /// Takes in the list of a row, which has strips or one polygon.
    pub(super) fn add(&mut self, path: &Path, strips: bool, row: usize, list: &[f64]) -> Result<()> {
        self.polygon.clear();
        for &index in list {
            if strips && index == -1.0 {
                self.faces.push_strip(&self.polygon);
                self.polygon.clear();
                continue;
            }
            let whole = index as u32;
            if f64::from(whole) != index || whole as usize >= self.vertices {
                return Err(Error::face_index(path, row, index, self.vertices));
            }
            self.polygon.push(whole);
        }
        if !strips {
            self.faces.push(&self.polygon);
        } else if !self.polygon.is_empty() {
            self.faces.push_strip(&self.polygon);
        }
        Ok(())
    }
}
