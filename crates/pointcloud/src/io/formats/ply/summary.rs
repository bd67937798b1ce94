//! What is in a PLY file, of any PLY file: vertices and coordinates may be missing.

use super::body::read_rows;
use super::header::Header;
use super::read::read_contents;
use super::vertices::{VertexLayout, vertex_element};
use crate::error::Result;
use crate::io::contents::Source;
use crate::io::summary::{Element, Summary};

/// Reads the whole file and describes it. Faces may have wrong indices: they are counted only.
pub(super) fn inspect(source: &Source<'_>) -> Result<Summary> {
    let Source { path, bytes, .. } = *source;
    let header = Header::parse(path, bytes)?;
    let vertex = vertex_element(&header).map(|index| &header.elements[index]);
    let mut summary = if vertex.is_some_and(|vertex| VertexLayout::of_element(vertex).is_ok()) {
        let contents = read_contents(&Source { faces: false, ..*source }, &header)?;
        Summary::of_contents(&super::FORMAT, &contents, false)
    } else {
        read_rows(path, bytes, &header, |_, _, _| Ok(()))?;
        Summary { points: vertex.map_or(0, |vertex| vertex.count), ..Summary::default() }
    };
    let properties = vertex.map_or(&[][..], |vertex| &vertex.properties);
    summary.format = header.format.name().to_owned();
    summary.faces = header.element("face").map_or(0, |element| element.count);
    summary.properties = properties.iter().map(|property| property.name.clone()).collect();
    summary.elements = header
        .elements
        .iter()
        .map(|e| Element::new(&e.name, e.count, e.properties.iter().map(ToString::to_string).collect()))
        .collect();
    summary.comments = header.comments;
    Ok(summary)
}
