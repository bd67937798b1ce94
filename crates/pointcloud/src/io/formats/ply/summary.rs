//! What is in a PLY file, of any PLY file: vertices and coordinates may be missing.

use super::body::read_rows;
use super::header::Header;
use super::vertices::VertexLayout;
use crate::bounds::Bounds;
use crate::error::Result;
use crate::io::contents::Source;
use crate::io::summary::{Element, Summary, shortest};
use crate::scalar::ScalarType;

/// Reads the whole file and describes it.
pub(super) fn inspect(source: &Source<'_>) -> Result<Summary> {
    let Source { path, bytes, .. } = *source;
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
    let shorten = |point: [f64; 3]| {
        [0, 1, 2].map(|axis| match types[axis] {
            ScalarType::F32 => shortest(point[axis] as f32),
            _ => point[axis],
        })
    };
    let vertices = header.element("vertex").map_or(&[][..], |vertex| &vertex.properties);
    Ok(Summary {
        format: header.format.name().to_owned(),
        points: count("vertex"),
        faces: count("face"),
        properties: vertices.iter().map(|property| property.name.clone()).collect(),
        first: first.map(shorten),
        last: last.map(shorten),
        bounds: bounds.map(|b| Bounds { min: shorten(b.min), max: shorten(b.max) }),
        non_finite,
        elements: header
            .elements
            .iter()
            .map(|e| Element::new(&e.name, e.count, e.properties.iter().map(ToString::to_string).collect()))
            .collect(),
        comments: header.comments,
    })
}
