//! The points and faces that the header of a PLY file announces.

use super::faces::face_elements;
use super::header::{Element, Header, PropertyKind};
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
    let most = |element: &Element| start.length / element.smallest_row(header.format).max(1) as u64;
    let points = Extent::of_columns(vertex.count as u64, scalars.count(), wide, most(vertex));
    let faces = face_elements(&header).into_iter().map(|face| {
        let element = &header.elements[face.index];
        (element.count as u64).min(most(element))
    });
    Some(points.and_faces(faces.sum::<u64>().saturating_mul(TRIANGLE)))
}
