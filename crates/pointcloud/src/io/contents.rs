//! What a reader of a format is given and what it returns.

use std::path::Path;

use super::faces::Faces;
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
    /// Names of the columns, for a format that does not name them.
    pub(crate) columns: Option<&'a [String]>,
}

#[cfg(test)]
impl<'a> Source<'a> {
    /// A file of which everything is wanted.
    pub(crate) fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self { path, bytes, faces: true, columns: None }
    }
}

/// What a file holds: points with their columns, and the triangles over them where it is a mesh.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Contents {
    /// The points, or the vertices of a mesh.
    pub cloud: PointCloud,
    /// Triangles as indices of points; empty for a file of points.
    pub faces: Vec<[u32; 3]>,
    /// What every column was taken for.
    pub columns: Vec<ColumnUse>,
    /// What the reader assumed, one sentence each.
    pub notes: Vec<String>,
    /// What the file has and the points have not, such as `texture coordinates` or `element 'camera'`.
    pub left_out: Vec<String>,
    /// Columns of 64-bit integers beyond 2^53: each has become two columns, `NAME_high32` and `NAME_low32`.
    pub split: Vec<String>,
    /// Points that were left out because their position is NaN or infinite, see
    /// [`Reader::drop_invalid`](super::Reader::drop_invalid).
    pub dropped: usize,
}

/// A column of a file and what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnUse {
    /// Its name in the file.
    pub name: String,
    /// `position`, `normal`, `colour`, `label` or `number`.
    pub taken_for: &'static str,
}

impl Contents {
    /// Points and faces of polygons.
    pub(crate) fn of_faces(mut contents: Self, faces: Faces) -> Self {
        contents.left_out.extend(faces.left_out());
        contents.notes.extend(faces.note());
        contents.faces = faces.triangles(&contents.cloud);
        contents
    }

    pub(crate) fn mesh(cloud: PointCloud, faces: Vec<[u32; 3]>) -> Self {
        Self { cloud, faces, ..Self::default() }
    }

    /// Leaves out the points whose position is not finite, and the faces that have them for a corner.
    pub(crate) fn drop_invalid(&mut self) {
        let finite = self.cloud.finite_indices();
        self.dropped = self.cloud.len() - finite.len();
        if self.dropped == 0 {
            return;
        }
        let mut new_from_old = vec![None; self.cloud.len()];
        finite.iter().enumerate().for_each(|(new, &old)| new_from_old[old] = Some(new as u32));
        let faces = std::mem::take(&mut self.faces);
        for face in &faces {
            if let [Some(a), Some(b), Some(c)] = face.map(|corner| new_from_old[corner as usize]) {
                self.faces.push([a, b, c]);
            }
        }
        if self.faces.len() < faces.len() {
            self.left_out.push(format!("{} faces of dropped points", faces.len() - self.faces.len()));
        }
        self.cloud = self.cloud.select(&finite);
    }

    /// Says what three columns were taken for.
    pub(crate) fn uses(&mut self, names: [String; 3], taken_for: &'static str) {
        self.columns.extend(names.map(|name| ColumnUse { name, taken_for }));
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
