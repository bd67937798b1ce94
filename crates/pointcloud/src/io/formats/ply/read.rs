//! Points and triangles of a PLY file.

use std::path::Path;

use super::body::read_rows;
use super::faces::FaceRows;
use super::header::Header;
use super::vertices::{VertexColumns, VertexLayout};
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::contents::{Contents, Source};

/// Reads the vertices with all their scalar properties, and the faces where they are asked for.
///
/// Takes ascii and both binary encodings, any order and type of properties, further elements before
/// and after the vertices, list properties (skipped) and LF, CRLF or CR line ends. NaN and
/// infinite coordinates are read as they are; see [`PointCloud::check_finite`].
///
/// Faces that are not asked for are checked for completeness only.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let header = Header::parse(path, bytes)?;
    let mut faces = if source.faces { FaceRows::of(&header) } else { None };
    let cloud = read_columns(path, bytes, &header, &mut faces)?;
    Ok(Contents::mesh(cloud, faces.map(|faces| faces.triangles).unwrap_or_default()))
}

fn read_columns(
    path: &Path,
    bytes: &[u8],
    header: &Header,
    faces: &mut Option<FaceRows>,
) -> Result<PointCloud> {
    let mut columns = VertexColumns::new(VertexLayout::of(path, header)?);
    let vertex = header.elements.iter().position(|element| element.name == "vertex");
    read_rows(path, bytes, header, |element, at, row| {
        if Some(element) == vertex {
            columns.push(row);
        } else if let Some(faces) = faces.as_mut().filter(|faces| faces.element == element) {
            faces.push(path, at, row)?;
        }
        Ok(())
    })?;
    columns.finish()
}
