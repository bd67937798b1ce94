//! From the rows of element `face` to triangles.

use super::body::RowAt;
use super::header::{Header, PropertyKind};
use super::row::Row;
use crate::error::{Error, Result};
use crate::mesh::push_fan;
use std::path::Path;

/// Triangles while rows of element `face` come in.
#[derive(Debug)]
pub(crate) struct FaceRows {
    /// Element `face` in the header.
    pub(crate) element: usize,
    /// Which list of a row holds the vertex indices.
    list: usize,
    vertices: usize,
    polygon: Vec<u32>,
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl FaceRows {
    /// `None` when the file has no faces: no element `face`, or none with a list of whole numbers.
    ///
    /// The list is `vertex_indices` or `vertex_index`, else the first list of whole numbers.
    pub(crate) fn of(header: &Header) -> Option<Self> {
        let element = header.elements.iter().position(|element| element.name == "face")?;
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
        let vertices = header.element("vertex").map_or(0, |vertex| vertex.count);
        Some(Self { element, list, vertices, polygon: Vec::new(), triangles: Vec::new() })
    }

    pub(crate) fn push(&mut self, path: &Path, at: RowAt<'_>, row: &Row) -> Result<()> {
        let Some(list) = row.lists().get(self.list) else {
            return Err(at.refuse("no list", "a list of vertex indices"));
        };
        self.polygon.clear();
        for &index in list {
            let whole = index as u32;
            if f64::from(whole) != index || whole as usize >= self.vertices {
                return Err(Error::face_index(path, at.row, index, self.vertices));
            }
            self.polygon.push(whole);
        }
        push_fan(&mut self.triangles, &self.polygon);
        Ok(())
    }
}
