//! [`LabelFile`]: the labels of points in a file of their own, beside the file with the points.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::binary::{Field, raw_records};
use super::npy::Array;
use super::parts::PartLayout;
use crate::error::{Error, Position, Result};
use crate::io::compression::inner_path;
use crate::io::input::Input;
use crate::io::lines::{Lines, before_comment, is_utf16, quote};
use crate::io::look::is_file;
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::io::spool::Spool;
use crate::scalar::{ScalarType, parse_float};

/// What the files are called: the folder beside that of the points (the same folder, if empty), and what replaces the extension of the
/// file with the points.
const NAMES: [(&str, &str); 10] = [
    // SemanticKITTI.
    ("labels", ".label"),
    ("", ".label"),
    // Semantic3D.
    ("", ".labels"),
    // ShapeNet part.
    ("points_label", ".seg"),
    ("", ".seg"),
    ("", "_label.npy"),
    ("", "_labels.npy"),
    ("", "_label.txt"),
    ("", "_labels.txt"),
    // nuScenes.
    ("", "_lidarseg.bin"),
];

/// Bytes that tell a file of text from one of numbers.
const HEAD: u64 = 4096;

/// Labels that are open to be read, one for every point.
pub(crate) struct LabelFile {
    pub(crate) path: PathBuf,
    input: Input<'static>,
    layout: PartLayout,
    /// Number of labels.
    pub(crate) rows: usize,
    /// Where the labels end.
    pub(crate) end: Position,
    /// Further label files of the same points.
    others: Vec<PathBuf>,
}

/// The files with labels of the points at `path`, beside it; those of the first are read.
///
/// For the points in `NAME.xyz`, they are called `NAME.labels` (Semantic3D), `NAME.seg` (ShapeNet part, also in `../points_label`),
/// `NAME.label` (SemanticKITTI, also in `../labels`), `NAME_label` or `NAME_labels` with `.npy` or `.txt`, or `NAME_lidarseg.bin`
/// (nuScenes).
///
/// ```
/// let folder = std::env::temp_dir();
/// let (points, labels) = (folder.join("pointcloud-labels.xyz"), folder.join("pointcloud-labels.seg"));
/// std::fs::write(&points, "0 0 0\n0 0 1\n").unwrap();
/// std::fs::write(&labels, "4\n7\n").unwrap();
/// assert_eq!(pointcloud::io::label_files_of(&points)?, [labels.clone()]);
/// assert_eq!(pointcloud::io::read(&points)?.labels(), Some([4, 7].as_slice()));
/// # std::fs::remove_file(points).unwrap();
/// # std::fs::remove_file(labels).unwrap();
/// # Ok::<(), pointcloud::Error>(())
/// ```
///
/// # Errors
/// [`Error::Io`] where the operating system cannot tell.
pub fn label_files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let (folder, mut found) = (path.parent(), Vec::new());
    for stem in label_stems(path) {
        for (beside, end) in NAMES {
            let folder = match beside {
                "" => folder.map(Path::to_owned),
                beside => folder.and_then(Path::parent).map(|parent| parent.join(beside)),
            };
            let mut name = stem.clone();
            name.push(end);
            let file = folder.unwrap_or_default().join(name);
            if file != *path && !found.contains(&file) && is_file(&file)? && holds_labels(&file)? {
                found.push(file);
            }
        }
    }
    Ok(found)
}

/// What the names of label files of the points at `path` begin with: its name without extension, and without both extensions of
/// `NAME.pcd.bin` of nuScenes.
pub(crate) fn label_stems(path: &Path) -> Vec<OsString> {
    let inner = inner_path(path);
    let stem = inner.file_stem().map(Path::new);
    let is_pcd =
        |stem: &&Path| stem.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pcd"));
    let second = stem.filter(is_pcd).and_then(Path::file_stem);
    stem.map(Path::as_os_str).into_iter().chain(second).map(OsStr::to_owned).collect()
}

/// If the file at `path` has labels, and not points: what its name begins with, one of the [`label_stems`] of the points.
///
/// # Errors
/// As [`label_files_of`].
pub(crate) fn stem_of_labelled(path: &Path) -> Result<Option<String>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = NAMES.iter().filter(|(beside, _)| beside.is_empty());
    let stem = ends.map(|(_, end)| *end).find_map(|end| name.strip_suffix(end));
    match stem {
        Some(stem) if holds_labels(path)? => Ok(Some(stem.to_owned())),
        _ => Ok(None),
    }
}

/// Whether a file with the name of a label file holds labels, and not points: names of that kind may also be those of clouds.
fn holds_labels(path: &Path) -> Result<bool> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("txt") => {
            let head = head_of(path)?;
            let mut lines = Lines::new(&head, 0, 1);
            let rows =
                std::iter::from_fn(|| lines.next_row()).map(|(_, line)| before_comment(line).trim_ascii());
            let words = |row: &[u8]| {
                row.split(|byte| b" \t,;".contains(byte)).filter(|word| !word.is_empty()).count()
            };
            Ok(rows.into_iter().find(|row| !row.is_empty()).is_none_or(|row| words(row) < 3))
        }
        // What is wrong with an array is told when it is read.
        Some("npy") => {
            Ok(Array::read(&open(path)?, "labels", Some(1)).map_or(true, |array| array.columns() < 3))
        }
        _ => Ok(true),
    }
}

fn open(path: &Path) -> Result<Input<'static>> {
    let file = File::open(path).map_err(|source| Error::io(path, "read", source))?;
    Input::new(path, file, 0)
}

fn head_of(path: &Path) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut start = open(path)?.take(HEAD);
    start.read_to_end(&mut head).map_err(|source| Error::io(path, "read", source))?;
    Ok(head)
}

impl LabelFile {
    /// Opens labels: numbers in NumPy's format, bytes of nuScenes, numbers of SemanticKITTI with class and instance, or text with a
    /// whole number in every line. `others` are further label files of the same points, which are not read.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Malformed`] for a file of another kind.
    pub(crate) fn open(path: &Path, others: Vec<PathBuf>) -> Result<Self> {
        let (input, layout, line) = match path.extension().and_then(|extension| extension.to_str()) {
            Some("npy") => of_array(path)?,
            Some("bin") => of_numbers(path, 1, &[("label", ScalarType::U8, 0)])?,
            _ if is_text(path)? => of_text(path)?,
            // The class is in the lower 16 bits.
            _ => of_numbers(path, 4, &[("label", ScalarType::U16, 0), ("instance", ScalarType::U16, 2)])?,
        };
        let end = line.map_or(Position::Byte(input.length()), Position::Line);
        let rows = input.length() / layout.size;
        Ok(Self { path: path.to_owned(), input, layout, rows, end, others })
    }

    /// The labels from the first one on, as an input of its own.
    pub(super) fn again(&self) -> Self {
        let (path, input, layout) = (self.path.clone(), self.input.again(), self.layout.clone());
        Self { path, input, layout, rows: self.rows, end: self.end, others: self.others.clone() }
    }

    /// The bytes of the next labels, fewer than `points` only at the end.
    pub(super) fn take(&mut self, points: usize) -> Result<Vec<u8>> {
        Input::take(&mut self.input, points.saturating_mul(self.layout.size))
    }

    /// Whether every label was taken.
    pub(super) fn is_at_end(&self) -> bool {
        self.input.at() == self.input.length()
    }

    /// The number of labels in so many bytes.
    pub(super) fn labels_in(&self, bytes: usize) -> usize {
        bytes / self.layout.size
    }

    /// The labels that are not read, one sentence for every file.
    pub(super) fn left_out(&self) -> Vec<String> {
        let read = name_of(&self.path);
        let sentence =
            |file: &PathBuf| format!("the labels of {}, because those of {read} are read", name_of(file));
        self.others.iter().map(sentence).collect()
    }

    /// What makes columns of the bytes.
    pub(super) fn decoder(&self) -> LabelDecoder {
        LabelDecoder { path: self.path.clone(), layout: self.layout.clone() }
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.layout.fields.len()
    }
}

/// Makes columns of labels.
pub(super) struct LabelDecoder {
    path: PathBuf,
    layout: PartLayout,
}

impl LabelDecoder {
    /// The columns of labels of which `row` is the first.
    pub(super) fn columns(&self, bytes: &[u8], row: usize) -> Result<Vec<Raw>> {
        let PartLayout { size, fields, big } = &self.layout;
        let mut columns = raw_records(bytes, *size, fields, *big);
        for column in &mut columns {
            if let Some(wrong) = column.values.iter().position(|&value| !is_label(value)) {
                let found = format!("{} as the label of point {}", column.values[wrong], row + wrong);
                return Err(Error::malformed(&self.path, Position::Byte(0), found, LABEL));
            }
            if !matches!(column.stored, Stored::Number(Number::Scalar(ScalarType::U8 | ScalarType::U16))) {
                column.stored = Stored::Number(Number::Scalar(ScalarType::I32));
            }
        }
        Ok(columns)
    }

    /// Number of columns.
    pub(super) fn count(&self) -> usize {
        self.layout.fields.len()
    }

    /// Names of the columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.layout.fields.iter().map(|field| field.name.as_str())
    }

    /// Name of the file, for notes.
    pub(super) fn file(&self) -> String {
        name_of(&self.path)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a label is, for messages.
const LABEL: &str = "a whole number of 32 bits";

fn is_label(value: f64) -> bool {
    value.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value)
}

/// Labels, what a record of them is, and the number of lines of a text.
type Opened = (Input<'static>, PartLayout, Option<usize>);

/// An array with one number for every point.
fn of_array(path: &Path) -> Result<Opened> {
    let input = open(path)?;
    // One row with all labels is as good as one column.
    let mut parts = Array::read(&input, "labels", Some(1))?.parts(&input)?;
    let (Some((input, mut layout)), true) = (parts.pop(), parts.is_empty()) else {
        return Err(Error::malformed(
            path,
            Position::Byte(0),
            "several columns",
            "one label for every point",
        ));
    };
    if layout.fields.len() > 1 {
        let found = format!("{} numbers for every point", layout.fields.len());
        return Err(Error::malformed(path, Position::Byte(0), found, "one label for every point"));
    }
    layout.fields[0].name = "label".into();
    Ok((input, layout, None))
}

/// Records of so many bytes with these numbers, the least significant byte first.
fn of_numbers(path: &Path, size: usize, fields: &[(&str, ScalarType, usize)]) -> Result<Opened> {
    let input = open(path)?;
    let length = input.length();
    if !length.is_multiple_of(size) {
        let expected = format!("text, or a multiple of {size}, the bytes of a label");
        return Err(Error::malformed(path, Position::Byte(length), format!("{length} bytes"), expected));
    }
    Ok((input, layout(size, fields), None))
}

fn layout(size: usize, fields: &[(&str, ScalarType, usize)]) -> PartLayout {
    let field = |&(name, scalar, offset): &(&str, ScalarType, usize)| Field {
        name: name.to_owned(),
        number: Number::Scalar(scalar),
        offset,
    };
    PartLayout { size, fields: fields.iter().map(field).collect(), big: false }
}

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a file begins as text does.
fn is_text(path: &Path) -> Result<bool> {
    let head = head_of(path)?;
    if is_utf16(&head) {
        return Err(Error::malformed(path, Position::Byte(0), "text in UTF-16", "text in UTF-8, or numbers"));
    }
    let head = head.strip_prefix(MARK).unwrap_or(&head);
    // Comments may be in any language.
    Ok(head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || !byte.is_ascii()))
}

/// Text with a label in every line, but for comments, as rows of doubles.
fn of_text(path: &Path) -> Result<Opened> {
    let (mut input, mut spool, mut next) = (open(path)?, Spool::new(path, 1), 1);
    loop {
        let block = input.take_lines()?;
        if block.is_empty() {
            return Ok((spool.into_input()?, layout(8, &[("label", ScalarType::F64, 0)]), Some(next)));
        }
        let start = if next == 1 && block.starts_with(MARK) { MARK.len() } else { 0 };
        let mut lines = Lines::new(&block, start, next);
        while let Some((line, text)) = lines.next_row() {
            let text = before_comment(text).trim_ascii();
            let value = std::str::from_utf8(text).ok().and_then(parse_float);
            match value.filter(|&value| is_label(value)) {
                Some(value) => spool.push(&[value])?,
                None if text.is_empty() => {}
                None => {
                    let expected = format!("a label, {LABEL}");
                    return Err(Error::malformed(path, Position::Line(line), quote(text), expected));
                }
            }
        }
        next = lines.line;
    }
}
