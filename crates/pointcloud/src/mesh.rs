//! [`Mesh`]: triangles over shared vertices.

use crate::cloud::PointCloud;
use crate::error::Result;

/// A triangle mesh, whose vertices may have further columns: colours, labels and so on.
///
/// # Shapes
/// `vertices` `[V, 3]`, `faces` `[F, 3]` indices into the vertices; every index is below `V`.
///
/// # Units
/// The true coordinate of vertex `i` is `origin + vertices[i]`, in the unit of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    vertices: PointCloud,
    faces: Vec<[u32; 3]>,
}

impl Mesh {
    /// A mesh of triangles with its origin at zero.
    ///
    /// # Panics
    /// When a face names a vertex that does not exist; readers of files report
    /// [`Error::Malformed`](crate::Error::Malformed) instead.
    #[must_use]
    pub fn new(vertices: Vec<[f32; 3]>, faces: Vec<[u32; 3]>) -> Self {
        Self::with_columns(PointCloud::new(vertices), faces)
    }

    /// A mesh of triangles over the points of `vertices`, with its origin and columns.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[must_use]
    pub fn with_columns(vertices: PointCloud, faces: Vec<[u32; 3]>) -> Self {
        let count = vertices.len();
        for (number, face) in faces.iter().enumerate() {
            assert!(
                face.iter().all(|&index| (index as usize) < count),
                "face {number} is {face:?}, but there are {count} vertices"
            );
        }
        Self { vertices, faces }
    }

    /// Vertices relative to [`origin`](Self::origin), `[V, 3]`.
    #[must_use]
    pub fn vertices(&self) -> &[[f32; 3]] {
        self.vertices.positions()
    }

    /// Triangles as vertex indices, `[F, 3]`.
    #[must_use]
    pub fn faces(&self) -> &[[u32; 3]] {
        &self.faces
    }

    /// What must be added to a vertex to get the true coordinate.
    #[must_use]
    pub fn origin(&self) -> [f64; 3] {
        self.vertices.origin()
    }

    /// The vertices with all their columns.
    #[must_use]
    pub fn vertex_cloud(&self) -> &PointCloud {
        &self.vertices
    }

    /// The vertices as a cloud.
    #[must_use]
    pub fn into_vertex_cloud(self) -> PointCloud {
        self.vertices
    }

    /// Refuses NaN and infinite vertices.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) with the first such vertex.
    pub fn check_finite(&self) -> Result<()> {
        self.vertices.check_finite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "face 1 is [0, 1, 3], but there are 3 vertices")]
    fn indices_are_checked() {
        let _ = Mesh::new(vec![[0.0; 3]; 3], vec![[0, 1, 2], [0, 1, 3]]);
    }
}
