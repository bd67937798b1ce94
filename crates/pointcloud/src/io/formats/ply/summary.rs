//! What is in a PLY file, of any PLY file: vertices and coordinates may be missing.

use super::body::read_rows;
use super::faces::face_elements;
use super::header::Header;
use super::read::read_contents;
use super::skip::Counted;
use super::vertices::{VertexLayout, vertex_element};
use crate::error::Result;
use crate::io::contents::Source;
use crate::io::summary::{Element, Summary};

/// Reads the whole file and describes it. Faces may have wrong indices: they are counted only.
pub(super) fn inspect(source: &Source<'_>) -> Result<Summary> {
    let Source { path, bytes, .. } = *source;
    let header = Header::parse(path, bytes)?;
    let vertex = vertex_element(&header).map(|index| &header.elements[index]);
    let mut summary = if vertex.is_some_and(|vertex| VertexLayout::of_element(vertex, header.format).is_ok())
    {
        let contents = read_contents(&Source { faces: false, ..*source }, &header)?;
        Summary::of_contents(header.format.name(), &contents, false)
    } else {
        Summary { points: vertex.map_or(0, |vertex| vertex.count), ..Summary::default() }
    };
    let (faces, mut counted) = (face_elements(&header), Counted::default());
    let face = |index| faces.iter().find(|face| face.index == index);
    read_rows(
        path,
        bytes,
        &header,
        |index, _| face(index).is_none(),
        |index, _, row| {
            if let Some(face) = face(index) {
                counted.add(row.lists().get(face.list).map_or(&[], Vec::as_slice), face.strips);
            }
            Ok(())
        },
    )?;
    summary.faces = counted.faces;
    summary.left_out.extend(counted.left_out());
    describe(&header, &mut summary);
    Ok(summary)
}

/// Adds what the header says.
pub(super) fn describe(header: &Header, summary: &mut Summary) {
    let vertex = vertex_element(header).map(|index| &header.elements[index]);
    let properties = vertex.map_or(&[][..], |vertex| &vertex.properties);
    header.format.name().clone_into(&mut summary.format);
    summary.properties = properties.iter().map(|property| property.name.clone()).collect();
    summary.elements = header
        .elements
        .iter()
        .map(|e| Element::new(&e.name, e.count, e.properties.iter().map(ToString::to_string).collect()))
        .collect();
    // `obj_info` keeps its keyword.
    let text = |line: &Vec<u8>| {
        String::from_utf8_lossy(line.strip_prefix(b"comment").unwrap_or(line)).trim().to_owned()
    };
    summary.comments = header.comments.iter().map(text).collect();
}
