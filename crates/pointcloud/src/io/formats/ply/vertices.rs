//! From the rows of element `vertex` to the columns of a cloud.

use std::path::Path;

use super::header::{Element, Header, PropertyKind};
use super::row::Row;
use crate::error::{Malformed, Result};
use crate::io::columns::{Coordinates, cloud_of};
use crate::io::contents::Contents;
use crate::names::{self, Role};
use crate::scalar::{ScalarProperty, ScalarType};

/// Which scalar of a row (lists not counted) is which column.
#[derive(Clone, Debug)]
pub(crate) struct VertexLayout {
    scalars: Vec<(String, ScalarType)>,
    pub(crate) xyz: [usize; 3],
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
        Self::of_element(vertex).map_err(|missing| {
            let found = listed(vertex.properties.iter().map(|p| format!("'{p}'")), "none");
            let expected = format!("a scalar property '{missing}'");
            let part = format!("element '{}'", vertex.name);
            Malformed::new(path, format!("properties {found}"), expected).part(part).into()
        })
    }

    /// The layout of `vertex`, or the name of the missing coordinate.
    pub(crate) fn of_element(vertex: &Element) -> std::result::Result<Self, &'static str> {
        let scalars: Vec<(String, ScalarType)> = vertex
            .properties
            .iter()
            .filter_map(|property| match property.kind {
                PropertyKind::Scalar(scalar) => Some((property.name.clone(), scalar)),
                PropertyKind::List { .. } => None,
            })
            .collect();
        let mut xyz = [0; 3];
        for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
            let names = scalars.iter().map(|(name, _)| name.as_str());
            xyz[axis] = names::find(names, Role::Position(axis)).ok_or(name)?;
        }
        Ok(Self { scalars, xyz })
    }

    /// Stored type of x, y and z.
    pub(crate) fn coordinate_types(&self) -> [ScalarType; 3] {
        self.xyz.map(|index| self.scalars[index].1)
    }
}

/// The element of the points: `vertex`, else the only one that has coordinates.
pub(crate) fn vertex_element(header: &Header) -> Option<usize> {
    let vertex = header.elements.iter().position(|element| element.name.eq_ignore_ascii_case("vertex"));
    vertex.or_else(|| {
        let has_points = |(_, element): &(usize, &Element)| VertexLayout::of_element(element).is_ok();
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

/// The columns while rows come in.
#[derive(Debug)]
pub(crate) struct VertexColumns {
    layout: VertexLayout,
    coordinates: Coordinates,
    /// All other scalars: index in the row, values.
    rest: Vec<(usize, Vec<f64>)>,
}

impl VertexColumns {
    pub(crate) fn new(layout: VertexLayout) -> Self {
        let coordinates = Coordinates::of_types(layout.coordinate_types());
        let rest = (0..layout.scalars.len())
            .filter(|index| !layout.xyz.contains(index))
            .map(|index| (index, Vec::new()))
            .collect();
        Self { layout, coordinates, rest }
    }

    pub(crate) fn push(&mut self, row: &Row) {
        let scalars = row.scalars();
        self.coordinates.push(self.layout.xyz.map(|index| scalars[index]));
        for (index, column) in &mut self.rest {
            column.push(scalars[*index]);
        }
    }

    /// Sorts the columns into normals, colours, labels and further properties.
    pub(crate) fn finish(self) -> Result<Contents> {
        let scalars = self.layout.scalars;
        let axes = self.layout.xyz.map(|index| scalars[index].0.clone());
        let property = |(index, values): (usize, Vec<f64>)| {
            let (name, scalar_type) = scalars[index].clone();
            ScalarProperty { name, scalar_type, values }
        };
        cloud_of(self.coordinates, axes, self.rest.into_iter().map(property).collect())
    }
}
