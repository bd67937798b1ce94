//! What a reader of a format is given and what it returns.

use std::path::Path;

use crate::cloud::PointCloud;
use crate::mesh::Mesh;

/// A file in memory and what is asked of its reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// The file, for messages and for its extension.
    pub(crate) path: &'a Path,
    /// Its contents.
    pub(crate) bytes: &'a [u8],
    /// Whether the faces are needed; points can be read although faces are wrong.
    pub(crate) faces: bool,
}

/// What a file holds: points with their columns, and the triangles over them where it is a mesh.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Contents {
    /// The points, or the vertices of a mesh.
    pub cloud: PointCloud,
    /// Triangles as indices of points; empty for a file of points.
    pub faces: Vec<[u32; 3]>,
}

impl Contents {
    pub(crate) fn mesh(cloud: PointCloud, faces: Vec<[u32; 3]>) -> Self {
        Self { cloud, faces }
    }

    /// The points and triangles as a mesh; it has no faces where the file has none.
    #[must_use]
    pub fn into_mesh(self) -> Mesh {
        Mesh::with_columns(self.cloud, self.faces)
    }
}

impl From<PointCloud> for Contents {
    fn from(cloud: PointCloud) -> Self {
        Self::mesh(cloud, Vec::new())
    }
}
