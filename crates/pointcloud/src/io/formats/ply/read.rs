//! Points and triangles of a PLY file.

use super::body::read_rows;
use super::faces::{FaceRows, face_elements};
use super::header::{Header, PlyFormat};
use super::vertices::{VertexLayout, vertex_element};
use crate::error::Result;
use crate::io::blocks::sort_all;
use crate::io::contents::{Contents, Source};
use crate::io::input::Input;

/// Reads the vertices with all their scalar properties, and the faces where they are asked for.
///
/// Takes ascii and both binary encodings, any order and type of properties, further elements before
/// and after the vertices, list properties (skipped) and LF, CRLF or CR line ends. NaN and
/// infinite coordinates are read as they are; see [`PointCloud::check_finite`](crate::PointCloud::check_finite).
/// Where no element is called `vertex`, the only one with coordinates holds the points.
///
/// Faces that are not asked for are checked for completeness only.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    let header = Header::parse(source.path, source.bytes)?;
    read_contents(source, &header)
}

pub(super) fn read_contents(source: &Source<'_>, header: &Header) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let layout = VertexLayout::of(path, header)?;
    let mut columns = layout.columns();
    let vertex = vertex_element(header);
    let points = vertex.map_or(0, |index| header.elements[index].count);
    let faces = face_elements(header);
    let mut faces = FaceRows::new(if source.faces { faces } else { Vec::new() }, points);
    if source.faces {
        faces = faces.with_room(header, bytes.len());
    }
    let records = |element, rows: &[u8]| {
        let is_vertex = Some(element) == vertex;
        if is_vertex {
            columns = layout.records(rows);
        }
        is_vertex
    };
    let mut by_row = layout.columns();
    let mut end = read_rows(path, bytes, header, records, |element, at, row| {
        if Some(element) == vertex {
            by_row.iter_mut().zip(row.scalars()).for_each(|(column, v)| column.values.push(*v));
            return Ok(());
        }
        faces.push(path, element, at, row)
    })?;
    let columns =
        if by_row.first().is_some_and(|column| !column.values.is_empty()) { by_row } else { columns };
    let mut contents = sort_all(path, &layout, columns)?;
    let elements: Vec<usize> = face_elements(header).iter().map(|element| element.index).collect();
    contents.left_out.extend(header.left_out(vertex, &elements));
    contents.left_out.extend(match header.format {
        PlyFormat::Ascii => header.lines_beyond(std::iter::from_fn(|| end.next_row()).count()),
        _ => header.bytes_beyond(&Input::of_bytes(path, bytes), end.offset)?,
    });
    contents.cloud.set_comments(header.comments.clone());
    Ok(if source.faces { Contents::of_faces(contents, faces.faces) } else { contents })
}
