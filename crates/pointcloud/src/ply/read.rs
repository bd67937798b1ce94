//! Clouds and meshes out of PLY files.

use std::path::Path;

use super::body::read_rows;
use super::faces::FaceRows;
use super::header::Header;
use super::vertices::{VertexColumns, VertexLayout};
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::mesh::Mesh;

/// Reads the vertices of a PLY file with all their scalar properties.
///
/// Takes ascii and both binary encodings, any order and type of properties, further elements before
/// and after the vertices, list properties (skipped) and LF, CRLF or CR line ends. NaN and
/// infinite coordinates are read as they stand; see [`PointCloud::check_finite`].
///
/// Which properties become which column: `x y z` (required) positions; `nx ny nz` (or `normal_x ..`)
/// of float type normals; `red green blue` (or `r g b`) of type `uchar` colours; `label` (or
/// `scalar_Label`, `class`, `classification`, `scalar_Classification`, `labels`) labels when all
/// values are whole numbers; all others [`properties`](PointCloud::properties). Faces are checked for completeness and left out.
///
/// # Errors
/// [`Error::Io`], [`Error::Header`], [`Error::Row`], [`Error::Truncated`],
/// [`Error::NoVertexElement`], [`Error::MissingCoordinate`].
pub fn read_ply(path: impl AsRef<Path>) -> Result<PointCloud> {
    let path = path.as_ref();
    parse_ply(&read_bytes(path)?, path)
}

/// [`read_ply`] on bytes in memory; `name` stands for the file in error messages.
///
/// ```
/// use pointcloud::parse_ply;
///
/// let text = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n\
///             property float z\nproperty uchar label\nend_header\n1.5 2 -3 7\n";
/// let cloud = parse_ply(text.as_bytes(), "example.ply")?;
/// assert_eq!(cloud.positions(), [[1.5, 2.0, -3.0]]);
/// assert_eq!(cloud.labels(), Some([7].as_slice()));
/// # Ok::<(), pointcloud::Error>(())
/// ```
///
/// # Errors
/// As [`read_ply`].
pub fn parse_ply(bytes: &[u8], name: impl AsRef<Path>) -> Result<PointCloud> {
    let header = Header::parse(name.as_ref(), bytes)?;
    read_columns(name.as_ref(), bytes, &header, &mut None)
}

/// Reads a PLY file as a triangle mesh; polygons are split into fans.
///
/// # Errors
/// As [`read_ply`], and [`Error::NoFaces`], [`Error::FaceIndex`].
pub fn read_ply_mesh(path: impl AsRef<Path>) -> Result<Mesh> {
    let path = path.as_ref();
    let (cloud, triangles) = parse_geometry(path, &read_bytes(path)?)?;
    if triangles.is_empty() {
        return Err(Error::NoFaces { path: path.to_owned(), vertices: cloud.len() });
    }
    Ok(Mesh::with_columns(cloud, triangles))
}

/// The vertex columns and the triangles, which are empty where the file has no faces.
pub(crate) fn parse_geometry(path: &Path, bytes: &[u8]) -> Result<(PointCloud, Vec<[u32; 3]>)> {
    let header = Header::parse(path, bytes)?;
    let mut faces = FaceRows::of(&header);
    let cloud = read_columns(path, bytes, &header, &mut faces)?;
    Ok((cloud, faces.map(|faces| faces.triangles).unwrap_or_default()))
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

pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::io(path, "read", source))
}
