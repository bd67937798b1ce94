//! [`LabelFile`]: the labels of points in a file of their own, beside the file with the points.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::binary::{Field, raw_records};
use super::npy::Array;
use super::parts::PartLayout;
use crate::error::{Error, Position, Result};
use crate::io::compression::inner_path;
use crate::io::input::Input;
use crate::io::lines::{Lines, quote};
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
    /// Further label files of the same points.
    others: Vec<PathBuf>,
}

/// The label files of the points at `path`, that of which the labels are read first.
///
/// # Errors
/// [`Error::Io`] where the operating system cannot tell.
pub(crate) fn label_files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let inner = inner_path(path);
    let Some(stem) = inner.file_stem() else { return Ok(Vec::new()) };
    let (folder, mut found) = (path.parent(), Vec::new());
    for (beside, end) in NAMES {
        let folder = match beside {
            "" => folder.map(Path::to_owned),
            beside => folder.and_then(Path::parent).map(|parent| parent.join(beside)),
        };
        let mut name: OsString = stem.to_owned();
        name.push(end);
        let file = folder.unwrap_or_default().join(name);
        if file != *path && !found.contains(&file) && is_file(&file)? && holds_labels(&file)? {
            found.push(file);
        }
    }
    Ok(found)
}

/// If the file at `path` has labels, and not points: the name, without its extension, of the file with the points in the same folder.
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
            let row = Lines::new(&head, 0, 1).next_row();
            Ok(row.is_none_or(|(_, line)| line.trim_ascii().iter().all(|byte| !b" \t,;".contains(byte))))
        }
        Some("npy") => Ok(Array::read(&open(path)?, "labels", None).is_ok_and(|array| array.columns() == 1)),
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
        let field = |name: &str, number, offset| Field { name: name.to_owned(), number, offset };
        let scalar = |scalar_type| Number::Scalar(scalar_type);
        let layout = |size, fields| PartLayout { size, fields, big: false };
        let is_text = |head: &[u8]| head.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
        let (input, layout) = match path.extension().and_then(|extension| extension.to_str()) {
            Some("npy") => of_array(path)?,
            Some("bin") => (open(path)?, layout(1, vec![field("label", scalar(ScalarType::U8), 0)])),
            _ if is_text(&head_of(path)?) => {
                (of_text(path)?, layout(8, vec![field("label", scalar(ScalarType::F64), 0)]))
            }
            // The class is in the lower 16 bits.
            _ => {
                let number = scalar(ScalarType::U16);
                (open(path)?, layout(4, vec![field("label", number, 0), field("instance", number, 2)]))
            }
        };
        let (length, size) = (input.length(), layout.size);
        if !length.is_multiple_of(size) {
            let expected = format!("a multiple of {size}, the bytes of a label");
            return Err(Error::malformed(path, Position::Byte(length), format!("{length} bytes"), expected));
        }
        Ok(Self { path: path.to_owned(), input, layout, rows: length / size, others })
    }

    /// The labels from the first one on, as an input of its own.
    pub(super) fn again(&self) -> Self {
        let (path, input, layout) = (self.path.clone(), self.input.again(), self.layout.clone());
        Self { path, input, layout, rows: self.rows, others: self.others.clone() }
    }

    /// The bytes of the next labels, fewer than `points` only at the end.
    pub(super) fn take(&mut self, points: usize) -> Result<Vec<u8>> {
        Input::take(&mut self.input, points.saturating_mul(self.layout.size))
    }

    /// Bytes of the labels.
    pub(super) fn length(&self) -> usize {
        self.input.length()
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

/// An array of one column.
fn of_array(path: &Path) -> Result<(Input<'static>, PartLayout)> {
    let input = open(path)?;
    let mut parts = Array::read(&input, "labels", None)?.parts(&input)?;
    match (parts.pop(), parts.is_empty()) {
        (Some((input, mut layout)), true) if layout.fields.len() == 1 => {
            layout.fields[0].name = "label".into();
            Ok((input, layout))
        }
        _ => Err(Error::malformed(path, Position::Byte(0), "several columns", "one label for every point")),
    }
}

/// Text with a label in every line that is not empty, as rows of doubles.
fn of_text(path: &Path) -> Result<Input<'static>> {
    let (mut input, mut spool, mut first) = (open(path)?, Spool::new(path, 1), 1);
    loop {
        let block = input.take_lines()?;
        if block.is_empty() {
            return spool.into_input();
        }
        let mut lines = Lines::new(&block, 0, first);
        while let Some((line, text)) = lines.next_row() {
            let text = text.trim_ascii();
            let value = std::str::from_utf8(text).ok().and_then(parse_float);
            match value.filter(|&value| is_label(value)) {
                Some(value) => spool.push(&[value])?,
                None if text.is_empty() => {}
                None => {
                    return Err(Error::malformed(
                        path,
                        Position::Line(line),
                        quote(text),
                        format!("a label, {LABEL}"),
                    ));
                }
            }
        }
        first = lines.line;
    }
}
