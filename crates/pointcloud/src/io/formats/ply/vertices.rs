//! From the rows of element `vertex` to the columns of a cloud.

use std::path::Path;

use super::super::binary::{Field, raw_records};
use super::header::{Element, Header, PlyFormat, PropertyKind};
use crate::error::{Malformed, Position, Result};
use crate::io::blocks::{Block, Decode};
use crate::io::number::Number;
use crate::io::raw::Raw;
use crate::names::{self, Role};
use crate::scalar::ScalarType;

/// Which scalar of a row (lists not counted) is which column.
#[derive(Clone, Debug)]
pub(crate) struct VertexLayout {
    scalars: Vec<(String, ScalarType)>,
    /// Whether the most significant byte comes first.
    big: bool,
}

impl VertexLayout {
    /// The layout of the points.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) when there is no such element, or it has no `x`, `y` or `z`.
    pub(crate) fn of(path: &Path, header: &Header) -> Result<Self> {
        let Some(index) = vertex_element(header) else {
            let found = listed(header.elements.iter().map(|e| format!("element '{}'", e.name)), "no element");
            return Err(Malformed::new(path, found, "an element 'vertex'").into());
        };
        let vertex = &header.elements[index];
        Self::of_element(vertex, header.format).map_err(|missing| {
            let found = listed(vertex.properties.iter().map(|p| format!("'{p}'")), "none");
            let expected = format!("a scalar property '{missing}'");
            let part = format!("element '{}'", vertex.name);
            Malformed::new(path, format!("properties {found}"), expected).part(part).into()
        })
    }

    /// The layout of `vertex`, or the name of the missing coordinate.
    pub(crate) fn of_element(vertex: &Element, format: PlyFormat) -> std::result::Result<Self, &'static str> {
        let scalars: Vec<(String, ScalarType)> = vertex
            .properties
            .iter()
            .filter_map(|property| match property.kind {
                PropertyKind::Scalar(scalar) => Some((property.name.clone(), scalar)),
                PropertyKind::List { .. } => None,
            })
            .collect();
        for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
            let names = scalars.iter().map(|(name, _)| name.as_str());
            names::find(names, Role::Position(axis)).ok_or(name)?;
        }
        Ok(Self { scalars, big: format == PlyFormat::BinaryBigEndian })
    }

    /// The columns without rows.
    pub(super) fn columns(&self) -> Vec<Raw> {
        let column = |(name, scalar): &(String, ScalarType)| {
            Raw::numbers(name.as_str(), Number::Scalar(*scalar), Vec::new())
        };
        self.scalars.iter().map(column).collect()
    }

    /// The columns of rows of one size, without lists.
    pub(super) fn records(&self, rows: &[u8]) -> Vec<Raw> {
        let mut size = 0;
        let field = |(name, scalar): &(String, ScalarType)| {
            let offset = size;
            size += scalar.size();
            Field { name: name.clone(), number: Number::Scalar(*scalar), offset }
        };
        let fields: Vec<Field> = self.scalars.iter().map(field).collect();
        raw_records(rows, size, &fields, self.big)
    }
}

impl Decode for VertexLayout {
    fn place(&self) -> Position {
        Position::Line(1)
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        Ok(self.records(&block.bytes))
    }
}

/// The element of the points: `vertex`, else the only one that has coordinates.
pub(crate) fn vertex_element(header: &Header) -> Option<usize> {
    let vertex = header.elements.iter().position(|element| element.name.eq_ignore_ascii_case("vertex"));
    vertex.or_else(|| {
        let has_points =
            |(_, element): &(usize, &Element)| VertexLayout::of_element(element, header.format).is_ok();
        let mut with_points = header.elements.iter().enumerate().filter(has_points);
        match (with_points.next(), with_points.next()) {
            (Some((index, _)), None) => Some(index),
            _ => None,
        }
    })
}

fn listed(items: impl Iterator<Item = String>, none: &str) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { none.to_owned() } else { items.join(", ") }
}
