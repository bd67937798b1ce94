//! [`LabelFile`]: the labels of points in a file of their own, beside the file with the points.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::binary::{Field, raw_records};
use super::npy::Array;
use super::parts::PartLayout;
use crate::error::{Error, Position, Result};
use crate::io::input::Input;
use crate::io::lines::{Lines, before_comment, is_utf16, quote};
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::io::spool::Spool;
use crate::scalar::{ScalarType, parse_float};

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

pub(super) fn open(path: &Path) -> Result<Input<'static>> {
    let file = File::open(path).map_err(|source| Error::io(path, "read", source))?;
    Input::new(path, file, 0)
}

/// The start of a file.
pub(super) fn head_of(path: &Path) -> Result<Vec<u8>> {
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
