//! The one error type of the crate: what was read, where, what was found and what was expected.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Position inside a file: a text line or a byte of a binary body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// Line number, the first line of the file being 1.
    Line(usize),
    /// Byte offset, the first byte of the file being 0.
    Byte(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
        }
    }
}

/// Whatever can be wrong with data on disk or with the columns of a cloud.
///
/// Rows are counted from 0, lines from 1, bytes from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read, write, list or rename something.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    Io {
        /// File or folder concerned.
        path: PathBuf,
        /// What was attempted, as a verb: `read`, `write`, `list`.
        action: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },

    /// A header line that the format does not allow, in a PLY or an OFF file, for example.
    #[error("{path}: line {line}: found {found}, expected {expected}", path = path.display())]
    Header {
        /// File concerned.
        path: PathBuf,
        /// Line of the file, from 1.
        line: usize,
        /// What the line says.
        found: String,
        /// What would have been accepted.
        expected: String,
    },

    /// Something that the format of a file does not allow.
    #[error("{path}: {place}: found {found}, expected {expected}", path = path.display())]
    Malformed {
        /// File concerned.
        path: PathBuf,
        /// Where.
        place: Place,
        /// What is there.
        found: Box<str>,
        /// What would have been accepted.
        expected: Box<str>,
    },

    /// An array of an HDF5 file that is not as expected.
    #[error("{path}: dataset '{dataset}': found {found}, expected {expected}", path = path.display())]
    Dataset {
        /// File concerned.
        path: PathBuf,
        /// Name of the array.
        dataset: Box<str>,
        /// What is there.
        found: Box<str>,
        /// What would have been accepted.
        expected: Box<str>,
    },

    /// A value in the body of a file that does not fit its declaration.
    #[error(
        "{path}: {place}: element '{element}' row {row} of {rows}: found {found}, expected {expected}",
        path = path.display()
    )]
    Row {
        /// File concerned.
        path: PathBuf,
        /// Where the row starts.
        place: Place,
        /// Element (PLY) or section (OFF) that the row belongs to.
        element: Box<str>,
        /// Row inside the element, from 0.
        row: usize,
        /// Rows that the header declares.
        rows: usize,
        /// What the row holds.
        found: Box<str>,
        /// What would have been accepted.
        expected: Box<str>,
    },

    /// The file ends before all declared rows were read.
    #[error(
        "{path}: file ends at {place}: element '{element}' has {row} complete rows of the {rows} declared",
        path = path.display()
    )]
    Truncated {
        /// File concerned.
        path: PathBuf,
        /// Where the data ran out.
        place: Place,
        /// Element (PLY) or section (OFF) that is incomplete.
        element: String,
        /// Complete rows in the file, which is also the first missing row.
        row: usize,
        /// Rows that the header declares.
        rows: usize,
    },

    /// A face names a vertex that does not exist.
    #[error(
        "{path}: face {face}: found vertex index {found}, expected 0 to {last} ({vertices} vertices)",
        path = path.display(),
        last = vertices.saturating_sub(1)
    )]
    FaceIndex {
        /// File concerned.
        path: PathBuf,
        /// Face, from 0.
        face: usize,
        /// The index as stored.
        found: f64,
        /// Number of vertices.
        vertices: usize,
    },

    /// The PLY file has no element `vertex`.
    #[error("{path}: no element 'vertex'; the file has {found}", path = path.display())]
    NoVertexElement {
        /// File concerned.
        path: PathBuf,
        /// The elements that are there.
        found: String,
    },

    /// The vertices lack one of the scalar properties x, y, z.
    #[error(
        "{path}: element 'vertex' lacks scalar property '{missing}'; its properties are {found}",
        path = path.display()
    )]
    MissingCoordinate {
        /// File concerned.
        path: PathBuf,
        /// `x`, `y` or `z`.
        missing: &'static str,
        /// The properties that are there.
        found: String,
    },

    /// A position is NaN or infinite.
    #[error(
        "{path}point {row}: found position ({x}, {y}, {z}), expected finite coordinates",
        path = path.as_deref().map(prefix).unwrap_or_default(),
        x = position[0], y = position[1], z = position[2]
    )]
    NotFinite {
        /// File concerned, where the cloud came from one.
        path: Option<PathBuf>,
        /// First such point, from 0.
        row: usize,
        /// Its position.
        position: [f32; 3],
    },

    /// A column whose length differs from the number of points.
    #[error("column '{column}': found {found} values, expected {expected}, one per point")]
    ColumnLength {
        /// Name of the column.
        column: String,
        /// Its length.
        found: usize,
        /// Number of points.
        expected: usize,
    },

    /// A property name that PLY cannot hold or that another column already has.
    #[error("property name '{name}': expected one word that no other column has")]
    PropertyName {
        /// The refused name.
        name: String,
    },

    /// The extension of a file names no format that can be read.
    #[error("{path}: found extension '{found}', expected one of: {supported}", path = path.display())]
    Extension {
        /// File concerned.
        path: PathBuf,
        /// The extension, empty where there is none.
        found: String,
        /// The supported extensions.
        supported: &'static str,
    },

    /// A surface was asked for, but the file holds points only.
    #[error("{path}: no faces; expected a mesh ({vertices} vertices found)", path = path.display())]
    NoFaces {
        /// File concerned.
        path: PathBuf,
        /// Vertices in the file.
        vertices: usize,
    },

    /// A mesh has no area to sample from: no faces, all degenerate, or not finite.
    #[error("{path}mesh has no surface to sample: {faces} faces, total area {area}",
        path = path.as_deref().map(prefix).unwrap_or_default())]
    NoSurface {
        /// File concerned, where the mesh came from one.
        path: Option<PathBuf>,
        /// Number of triangles.
        faces: usize,
        /// Their summed area.
        area: f64,
    },

    /// Points were asked for from a cloud that has none.
    #[error("{path}no points; expected at least one to draw {wanted} from",
        path = path.as_deref().map(prefix).unwrap_or_default())]
    EmptyCloud {
        /// File concerned, where the cloud came from one.
        path: Option<PathBuf>,
        /// Points asked for.
        wanted: usize,
    },

    /// A data set folder that is not laid out as `<class>/<split>/<file>`.
    #[error("{path}: found {found}, expected {expected}", path = path.display())]
    Layout {
        /// Folder concerned.
        path: PathBuf,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },

    /// A split that the data set does not have.
    #[error("{root}: no split '{found}'; the data set has {known}", root = root.display())]
    UnknownSplit {
        /// Root of the data set.
        root: PathBuf,
        /// The split asked for.
        found: String,
        /// The splits that exist.
        known: String,
    },

    /// A label that stands for no class.
    #[error("{path}: point {row}: found '{property}' {found}, expected one of {expected}", path = path.display())]
    Label {
        /// File concerned.
        path: PathBuf,
        /// The property that holds the labels.
        property: String,
        /// The point, from 0.
        row: usize,
        /// Its label.
        found: f64,
        /// The labels that are known.
        expected: String,
    },

    /// The points of a file have no labels.
    #[error("{path}: no label property '{expected}'; the points have {found}", path = path.display())]
    MissingLabel {
        /// File concerned.
        path: PathBuf,
        /// Name of the property that was looked for.
        expected: String,
        /// The properties that are there.
        found: String,
    },

    /// An edge of voxels that cannot be used.
    #[error("voxel edge: found {found:?}, expected {expected}")]
    VoxelEdge {
        /// The edge.
        found: f32,
        /// What would have been accepted.
        expected: String,
    },

    /// A setting of the synthetic set outside its range.
    #[error("synthetic set: {key} is {found}, expected {expected}")]
    SynthSetting {
        /// Name of the setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// Allowed values.
        expected: &'static str,
    },

    /// A folder that would have been overwritten although it is not a synthetic set.
    #[error(
        "{path}: found a folder without {marker}, expected a synthetic set, an empty folder or nothing; it was left alone",
        path = path.display()
    )]
    NotASynthSet {
        /// Folder concerned.
        path: PathBuf,
        /// File that marks a synthetic set.
        marker: &'static str,
    },
}

fn prefix(path: &Path) -> String {
    format!("{}: ", path.display())
}

impl Error {
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, source }
    }

    pub(crate) fn malformed(path: &Path, place: Place, found: String, expected: &str) -> Self {
        Self::Malformed { path: path.to_owned(), place, found: found.into(), expected: expected.into() }
    }

    /// Names the file in errors that were raised before it was known.
    pub(crate) fn in_file(mut self, file: &Path) -> Self {
        if let Self::NotFinite { path, .. } | Self::NoSurface { path, .. } | Self::EmptyCloud { path, .. } =
            &mut self
        {
            path.get_or_insert_with(|| file.to_owned());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_names_file_place_found_and_expected() {
        let error = Error::Row {
            path: "a/b.ply".into(),
            place: Place::Line(12),
            element: "vertex".into(),
            row: 3,
            rows: 7,
            found: "2 values".into(),
            expected: "3 values".into(),
        };
        assert_eq!(
            error.to_string(),
            "a/b.ply: line 12: element 'vertex' row 3 of 7: found 2 values, expected 3 values"
        );
    }

    #[test]
    fn file_is_added_only_where_missing() {
        let bare = Error::EmptyCloud { path: None, wanted: 5 };
        assert!(bare.to_string().starts_with("no points"));
        let named = bare.in_file(Path::new("x.off"));
        assert!(named.to_string().starts_with("x.off: no points"));
        assert!(named.in_file(Path::new("y.off")).to_string().starts_with("x.off"));
    }
}
