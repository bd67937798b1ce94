//! The one error type of the crate: what was read, where, what was found and what was expected.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::printable::{printable_coordinate, printable_line};

/// Result of the functions of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Position inside a file: a text line or a byte of a binary body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// Line number, the first line of the file being 1.
    Line(usize),
    /// Byte offset, the first byte of the file being 0.
    Byte(usize),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
        }
    }
}

/// Something in a file that its format does not allow.
///
/// ```
/// use pointcloud::Position;
/// use pointcloud::io::Reader;
///
/// let error = Reader::new().parse(b"1 2 3\n4 5\n", "a.xyz").unwrap_err();
/// assert_eq!(error.position(), Some(Position::Line(2)));
/// assert_eq!(error.to_string(), "a.xyz: line 2: found 2 values, expected 3");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// File concerned.
    pub path: PathBuf,
    /// Line or byte, where it is known.
    pub position: Option<Position>,
    /// Part of the file, such as `element 'vertex' row 3 of 7`.
    pub part: Option<Box<str>>,
    /// What the file says.
    pub found: Box<str>,
    /// What the reader accepts.
    pub expected: Box<str>,
}

impl Malformed {
    pub(crate) fn new(path: &Path, found: impl Into<Box<str>>, expected: impl Into<Box<str>>) -> Self {
        let (found, expected) = (on_one_line(found.into()), on_one_line(expected.into()));
        Self { path: path.to_owned(), position: None, part: None, found, expected }
    }

    /// Names the line or the byte.
    pub(crate) fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Names the part of the file.
    pub(crate) fn part(mut self, part: impl Into<Box<str>>) -> Self {
        self.part = Some(on_one_line(part.into()));
        self
    }
}

/// Text on one line, without control characters, which files may have anywhere.
fn on_one_line(text: Box<str>) -> Box<str> {
    match printable_line(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(escaped) => escaped.into(),
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        if let Some(part) = &self.part {
            write!(f, "{part}: ")?;
        }
        write!(f, "found {}, expected {}", self.found, self.expected)
    }
}

/// What is wrong with data on disk or with the columns of a cloud.
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

    /// Something in a file that its format does not allow.
    #[error("{0}")]
    Malformed(Box<Malformed>),

    /// A position is NaN or infinite, or beyond single precision, in which it would be infinite.
    #[error(
        "{path}point {row}: found position ({x}, {y}, {z}), expected {expected}; --drop-invalid (data.drop_invalid) leaves such points out",
        path = path.as_deref().map(prefix).unwrap_or_default(),
        x = printable_coordinate(position[0]), y = printable_coordinate(position[1]), z = printable_coordinate(position[2]),
        expected = finite_in_single(*position)
    )]
    NotFinite {
        /// File concerned, where the cloud came from one.
        path: Option<PathBuf>,
        /// First such point, from 0.
        row: usize,
        /// Its position, as the file has it.
        position: [f64; 3],
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
        supported: String,
    },

    /// A library that reads files of a format failed in a way that it does not report as an error.
    #[error("{path}: the library {library} failed: {message}", path = path.display())]
    Library {
        /// File concerned.
        path: PathBuf,
        /// The library.
        library: &'static str,
        /// What it said.
        message: String,
    },

    /// Names were given for the columns of a file that names them itself.
    #[error("{path}: a {format} file names its columns, expected names of columns for text or NumPy arrays only",
        path = path.display())]
    NamedColumns {
        /// File concerned.
        path: PathBuf,
        /// Its format.
        format: &'static str,
    },

    /// Something would be lost in a conversion that must lose nothing.
    #[error("{path}: --strict: {lost}", path = path.display())]
    Lossy {
        /// File concerned.
        path: PathBuf,
        /// What would be lost.
        lost: String,
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
    #[error("{path}found no points, expected at least one",
        path = path.as_deref().map(prefix).unwrap_or_default())]
    EmptyCloud {
        /// File concerned, where the cloud came from one.
        path: Option<PathBuf>,
        /// Points asked for.
        wanted: usize,
    },

    /// A data set folder without a layout that is known, or with several.
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

    /// A label that means no class.
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

/// What is expected of a position, of which a coordinate is not finite in single precision.
fn finite_in_single(position: [f64; 3]) -> &'static str {
    let beyond = "coordinates up to 3.4e38, where single precision ends, which positions need";
    if position.iter().all(|v| v.is_finite()) { beyond } else { "finite coordinates" }
}

fn prefix(path: &Path) -> String {
    format!("{}: ", path.display())
}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(Box::new(malformed))
    }
}

impl Error {
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, source }
    }

    /// Line or byte of the file that is malformed, where the error has one.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Malformed(malformed) => malformed.position,
            _ => None,
        }
    }

    pub(crate) fn malformed(
        path: &Path,
        position: Position,
        found: impl Into<Box<str>>,
        expected: impl Into<Box<str>>,
    ) -> Self {
        Malformed::new(path, found, expected).at(position).into()
    }

    /// The file ends after `complete` of the `declared` rows; `rows` names them, such as `points`.
    pub(crate) fn truncated(
        path: &Path,
        position: Position,
        rows: &str,
        complete: usize,
        declared: usize,
    ) -> Self {
        let found = format!("the end of the file after {complete} {rows}");
        Self::malformed(path, position, found, declared.to_string())
    }

    /// An array of an HDF5 file that is not as expected.
    pub(crate) fn dataset(
        path: &Path,
        dataset: &str,
        found: impl Into<Box<str>>,
        expected: impl Into<Box<str>>,
    ) -> Self {
        Malformed::new(path, found, expected).part(format!("dataset '{dataset}'")).into()
    }

    /// A face with the vertex index `index`, which does not exist.
    pub(crate) fn face_index(path: &Path, face: usize, index: f64, vertices: usize) -> Self {
        let expected = format!("0 to {} ({vertices} vertices)", vertices.saturating_sub(1));
        Malformed::new(path, format!("vertex index {index}"), expected).part(format!("face {face}")).into()
    }

    /// Names the file in errors that were raised before it was known.
    #[must_use]
    pub fn in_file(mut self, file: &Path) -> Self {
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
        let malformed = Malformed::new(Path::new("a/b.ply"), "2 values", "3 values")
            .at(Position::Line(12))
            .part("element 'vertex' row 3 of 7");
        let error = Error::from(malformed);
        assert_eq!(error.position(), Some(Position::Line(12)));
        assert_eq!(
            error.to_string(),
            "a/b.ply: line 12: element 'vertex' row 3 of 7: found 2 values, expected 3 values"
        );
    }

    #[test]
    fn file_is_added_only_where_missing() {
        let bare = Error::EmptyCloud { path: None, wanted: 5 };
        assert!(bare.to_string().starts_with("found no points"));
        let named = bare.in_file(Path::new("x.off"));
        assert!(named.to_string().starts_with("x.off: found no points"));
        assert!(named.in_file(Path::new("y.off")).to_string().starts_with("x.off"));
    }
}
