//! Any supported file, chosen by extension and content.

use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::mesh::Mesh;
use crate::{off, ply};

/// Extensions that can be read, for messages and for listing folders.
pub const SUPPORTED_EXTENSIONS: [&str; 2] = ["ply", "off"];

/// What a file holds: points, or a surface that can be sampled.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// Points only.
    Cloud(PointCloud),
    /// Triangles.
    Mesh(Mesh),
}

enum Format {
    Ply,
    Off,
}

fn format_of(path: &Path) -> Result<Format> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    match extension.to_ascii_lowercase().as_str() {
        "ply" => Ok(Format::Ply),
        "off" => Ok(Format::Off),
        // A path that does not exist has no format: opening it tells so better than its extension.
        _ if !path.exists() => {
            let source = std::fs::metadata(path).expect_err("it does not exist");
            Err(Error::io(path, "read", source))
        }
        _ => Err(Error::Extension { path: path.to_owned(), found: extension, supported: "ply, off" }),
    }
}

/// Reads a file as what it holds: a mesh where there are faces, else a cloud.
///
/// # Errors
/// [`Error::Extension`] for a file that is neither `.ply` nor `.off` (in any case), else as
/// [`read_ply`](crate::read_ply) and [`read_off`](crate::read_off).
pub fn read_geometry(path: impl AsRef<Path>) -> Result<Geometry> {
    let path = path.as_ref();
    match format_of(path)? {
        Format::Ply => {
            let bytes = std::fs::read(path).map_err(|source| Error::io(path, "read", source))?;
            let (cloud, triangles) = ply::parse_geometry(path, &bytes)?;
            if triangles.is_empty() {
                return Ok(Geometry::Cloud(cloud));
            }
            let origin = cloud.origin();
            Ok(Geometry::Mesh(Mesh::new(cloud.into_positions(), triangles).with_origin(origin)))
        }
        Format::Off => {
            let mesh = off::read_off(path)?;
            if mesh.faces().is_empty() {
                return Ok(Geometry::Cloud(mesh.into_vertex_cloud()));
            }
            Ok(Geometry::Mesh(mesh))
        }
    }
}

/// Reads a file as points: the vertices with all their columns, whether or not there are faces.
///
/// # Errors
/// As [`read_geometry`].
pub fn read_cloud(path: impl AsRef<Path>) -> Result<PointCloud> {
    let path = path.as_ref();
    match format_of(path)? {
        Format::Ply => ply::read_ply(path),
        Format::Off => Ok(off::read_off(path)?.into_vertex_cloud()),
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
