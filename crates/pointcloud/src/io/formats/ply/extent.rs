//! The points and faces that the header of a PLY file announces.

use super::faces::face_elements;
use super::header::{Element, Header, PlyFormat, PropertyKind};
use super::vertices::vertex_element;
use crate::io::extent::{Extent, Start, TRIANGLE};
use crate::io::number::Number;
use crate::names::{Role, role_of};

pub(super) fn extent(start: &Start<'_>) -> Option<Extent> {
    let header = Header::parse(start.path, start.bytes).ok()?;
    let vertex = &header.elements[vertex_element(&header)?];
    let scalars = vertex.properties.iter().filter_map(|property| match property.kind {
        PropertyKind::Scalar(scalar) => Some((property, Number::Scalar(scalar))),
        PropertyKind::List { .. } => None,
    });
    let wide = scalars.clone().any(|(property, number)| {
        matches!(role_of(&property.name).0, Role::Position(_)) && !number.is_single()
    });
    let most = |element: &Element| start.length / smallest_row(element, header.format).max(1);
    let points = Extent::of_columns(vertex.count as u64, scalars.count(), wide, most(vertex));
    let faces = face_elements(&header).into_iter().map(|face| {
        let element = &header.elements[face.index];
        (element.count as u64).min(most(element))
    });
    Some(points.and_faces(faces.sum::<u64>().saturating_mul(TRIANGLE)))
}

/// Bytes of the shortest row of an element.
pub(super) fn smallest_row(element: &Element, format: PlyFormat) -> u64 {
    let property = |kind: PropertyKind| match kind {
        // A digit and what divides it from the next.
        _ if format == PlyFormat::Ascii => 2,
        PropertyKind::Scalar(scalar) => scalar.size() as u64,
        PropertyKind::List { count, .. } => count.size() as u64,
    };
    element.properties.iter().map(|of| property(of.kind)).sum()
}
