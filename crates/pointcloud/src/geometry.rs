//! Any supported file, as points or as a surface.

use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::formats::{Format, read_vertices};
use crate::mesh::Mesh;

/// What a file holds: points, or a surface that can be sampled.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// Points only.
    Cloud(PointCloud),
    /// Triangles.
    Mesh(Mesh),
}

/// Reads a file as what it holds: a mesh where there are faces, else a cloud.
///
/// # Errors
/// As [`Format::detect`](crate::Format::detect) and [`parse_vertices`](crate::parse_vertices).
pub fn read_geometry(path: impl AsRef<Path>) -> Result<Geometry> {
    let (cloud, triangles) = read_vertices(path)?;
    if triangles.is_empty() {
        return Ok(Geometry::Cloud(cloud));
    }
    Ok(Geometry::Mesh(Mesh::with_columns(cloud, triangles)))
}

/// Reads a file as points: the vertices with all their columns, whether or not there are faces.
///
/// # Errors
/// As [`read_geometry`].
pub fn read_cloud(path: impl AsRef<Path>) -> Result<PointCloud> {
    let path = path.as_ref();
    // Points of a PLY file do not need its faces to be right.
    match Format::detect(path)? {
        Format::Ply => crate::ply::read_ply(path),
        _ => Ok(read_vertices(path)?.0),
    }
}

/// Reads a file as a triangle mesh.
///
/// # Errors
/// As [`read_geometry`], and [`Error::NoFaces`] when the file holds points only.
pub fn read_mesh(path: impl AsRef<Path>) -> Result<Mesh> {
    let path = path.as_ref();
    match read_geometry(path)? {
        Geometry::Mesh(mesh) => Ok(mesh),
        Geometry::Cloud(cloud) => Err(Error::NoFaces { path: path.to_owned(), vertices: cloud.len() }),
    }
}
