//! Points and triangles of a PLY file.

use super::body::read_rows;
use super::faces::FaceRows;
use super::header::{Header, PropertyKind};
use super::vertices::{VertexColumns, VertexLayout, vertex_element};
use crate::error::Result;
use crate::io::contents::{Contents, Source};

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
    let mut columns = VertexColumns::new(VertexLayout::of(path, header)?);
    let vertex = vertex_element(header);
    let points = vertex.map_or(0, |index| header.elements[index].count);
    let mut faces = if source.faces { FaceRows::of(header, points) } else { None };
    read_rows(path, bytes, header, |element, at, row| {
        if Some(element) == vertex {
            columns.push(row);
        } else if let Some(faces) = faces.as_mut().filter(|faces| faces.element == element) {
            faces.push(path, at, row)?;
        }
        Ok(())
    })?;
    let mut contents = columns.finish()?;
    contents.left_out = left_out(header, vertex, faces.as_ref().map(|faces| faces.element));
    Ok(match faces {
        Some(faces) => Contents::of_faces(contents, faces.faces),
        None => contents,
    })
}

/// Elements and lists that become no column and no face.
fn left_out(header: &Header, vertex: Option<usize>, faces: Option<usize>) -> Vec<String> {
    let mut left_out = Vec::new();
    for (index, element) in header.elements.iter().enumerate().filter(|(_, element)| element.count > 0) {
        let is_faces = Some(index) == faces || matches!(element.name.as_str(), "face" | "tristrips");
        if Some(index) == vertex {
            let list = |kind| matches!(kind, PropertyKind::List { .. });
            let lists = element.properties.iter().filter(|property| list(property.kind));
            left_out.extend(lists.map(|property| format!("list '{}' of the points", property.name)));
        } else if !is_faces {
            left_out.push(format!("element '{}' ({} rows)", element.name, element.count));
        } else if element.properties.len() > 1 {
            left_out.push(format!(
                "properties of the faces besides their corners ({})",
                element.properties.len() - 1
            ));
        }
    }
    left_out
}
