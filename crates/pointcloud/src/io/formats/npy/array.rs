//! Arrays of NumPy: the header and the numbers.

use std::path::Path;

use super::super::binary::Field;
use super::super::naming::{is_positions, name_array};
use super::super::parts::PartLayout;
use super::tokens::{Refusal, Tokens, tokens};
use crate::error::{Error, Position, Result};
use crate::io::extent::{Extent, Start};
use crate::io::input::{BLOCK_BYTES, Input};
use crate::io::lines::quote;
use crate::io::number::Number;
use crate::io::raw::HALVES;
use crate::io::shape::Shape;
use crate::scalar::{ScalarProperty, ScalarType};

/// First bytes of a file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// More numbers per point than this are taken for something that is no point cloud.
const MOST_COLUMNS: usize = 1024;

/// An array of at most so many rows and more than so many columns is taken for points along the second axis.
const MOST_TRANSPOSED: usize = 12;
const LEAST_TRANSPOSED: usize = 64;

/// Whether an array `[columns, rows]` has its axes the other way round: as many columns as are `given`, or few numbers of many points.
fn is_transposed(columns: usize, rows: usize, given: Option<usize>) -> bool {
    match given {
        Some(given) if given == rows => false,
        Some(given) if given == columns => true,
        _ => (3..=MOST_TRANSPOSED).contains(&columns) && rows > LEAST_TRANSPOSED,
    }
}

/// The array that the start of a file announces.
pub(crate) fn announced(path: &Path, start: &[u8], given: Option<usize>) -> Option<Array> {
    Array::parse(path, start, "positions", given).ok()
}

/// The points that the header announces.
pub(super) fn extent(start: &Start<'_>) -> Option<Extent> {
    let array = announced(start.path, start.bytes, start.columns.map(<[String]>::len))?;
    Some(Extent::of_columns(array.rows_of(start.length), array.columns(), array.is_wide(), u64::MAX))
}

/// What the rows of an array are called in messages.
pub(super) const ROWS: &str = "rows of the array";

/// Where the numbers of an array are.
#[derive(Clone, Debug)]
pub(crate) struct Array {
    /// Names and numbers of the fields of a row.
    groups: Vec<Group>,
    pub(super) rows: usize,
    /// Bytes of a row.
    pub(super) size: usize,
    /// Bytes of a field, where all fields are of one type.
    item: usize,
    pub(super) big: bool,
    /// Whether all numbers of a column come before those of the next.
    pub(super) by_column: bool,
    /// The first byte of the numbers.
    pub(super) start: usize,
    shape: Vec<usize>,
    notes: Vec<String>,
}

impl Array {
    /// Reads the header at the start of a file; `given` is the number of columns, if the caller names them.
    pub(super) fn parse(path: &Path, bytes: &[u8], name: &str, given: Option<usize>) -> Result<Self> {
        let refuse = |at: usize, found: String, expected: &str| {
            Error::malformed(path, Position::Byte(at), found, expected)
        };
        let byte = |at: usize| bytes.get(at).copied().map(usize::from);
        if !bytes.starts_with(MAGIC) {
            return Err(refuse(0, quote(&bytes[..bytes.len().min(6)]), "the magic bytes of NPY"));
        }
        let (start, length) = match (byte(6), byte(8), byte(9), byte(10), byte(11)) {
            (Some(1), Some(a), Some(b), ..) => (10, a | b << 8),
            (Some(2 | 3), Some(a), Some(b), Some(c), Some(d)) => (12, a | b << 8 | c << 16 | d << 24),
            (version, ..) => {
                return Err(refuse(6, format!("version {version:?}"), "version 1, 2 or 3 and a length"));
            }
        };
        let Some(text) = bytes.get(start..start + length) else {
            let found = format!("a header of {length} bytes");
            return Err(refuse(8, found, &format!("{} at most", bytes.len() - start)));
        };
        let header = Header::parse(text, name).map_err(|(found, expected)| refuse(start, found, expected))?;
        Self::of(header, start + length, given).map_err(|(found, expected)| refuse(start, found, expected))
    }

    fn of(header: Header, start: usize, given: Option<usize>) -> std::result::Result<Self, Refusal> {
        let Header { mut groups, item, big, fortran, shape } = header;
        let mut notes = Vec::new();
        let mut by_column = fortran;
        let (rows, per_row): (usize, usize) = match *shape.as_slice() {
            [rows] => (rows, 1),
            // Networks of other frameworks store channels first: the same numbers are [N, C] in the other order.
            [columns, rows] | [1, columns, rows] if is_transposed(columns, rows, given) => {
                notes.push(format!("shape {shape:?} is taken for {rows} points of {columns} numbers"));
                by_column = !fortran;
                (rows, columns)
            }
            [rows, columns] | [1, rows, columns] if columns <= MOST_COLUMNS => {
                if given.is_none() && (3..=MOST_TRANSPOSED).contains(&rows) && columns > MOST_TRANSPOSED {
                    notes.push(format!(
                        "shape {shape:?} is taken for {rows} points of {columns} numbers; {rows} names of columns take it for {columns} points"
                    ));
                }
                (rows, columns)
            }
            _ => return Err((format!("shape {shape:?}"), "[N] or [N, columns]")),
        };
        if item * per_row == 0 {
            return Err((format!("shape {shape:?}"), "one number per row or more"));
        }
        if let [Group { fields, .. }] = groups.as_mut_slice()
            && let [field] = fields.as_slice()
        {
            // Coordinates are known as such before the columns are named.
            let axis =
                |i: usize| ["x", "y", "z"].get(i).filter(|_| per_row >= 3 && is_positions(&field.name));
            let name = |i: usize| axis(i).map_or_else(|| field.name.clone(), |&axis| axis.to_owned());
            let column = |i: usize| Field { name: name(i), offset: i * item, ..field.clone() };
            *fields = (0..per_row).map(column).collect();
        } else if per_row != 1 {
            return Err((format!("shape {shape:?} of named fields"), "[N]"));
        }
        let size = item * per_row;
        Ok(Self { groups, rows, size, item, big, by_column: by_column && per_row > 1, start, shape, notes })
    }

    /// Reads the header of a file; `given` is the number of columns, if the caller names them.
    pub(crate) fn read(input: &Input<'_>, name: &str, given: Option<usize>) -> Result<Self> {
        let start = Input::take(&mut input.again(), BLOCK_BYTES)?;
        Self::parse(input.path(), &start, name, given)
    }

    /// Where the numbers are: in one part, or every column in one of its own.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the file ends before the last row.
    pub(crate) fn parts<'a>(&self, input: &Input<'a>) -> Result<Vec<(Input<'a>, PartLayout)>> {
        let (length, start) = (input.length(), self.start);
        let wanted = self.rows.checked_mul(self.size).and_then(|bytes| bytes.checked_add(start));
        if wanted.is_none_or(|wanted| wanted > length) {
            let row = length.saturating_sub(start) / self.size;
            return Err(Error::truncated(input.path(), Position::Byte(length), ROWS, row, self.rows));
        }
        let part = |number: usize, size: usize, fields: Vec<Field>| {
            let bytes = self.rows * size;
            let input = input.part((start + number * bytes) as u64, bytes as u64);
            (input, PartLayout { size, fields, big: self.big })
        };
        if !self.by_column {
            return Ok(vec![part(0, self.size, self.fields())]);
        }
        let column = |(number, field)| part(number, self.item, vec![Field { offset: 0, ..field }]);
        Ok(self.fields().into_iter().enumerate().map(column).collect())
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        self.groups.iter().flat_map(|group| group.fields.clone()).collect()
    }

    /// The rows that the header announces, as far as a file of this length can hold them.
    pub(crate) fn rows_of(&self, length: u64) -> u64 {
        (self.rows as u64).min(length / self.size as u64)
    }

    /// What a row of numbers without names has, where these are too few for coordinates.
    pub(super) fn too_narrow(&self) -> Option<String> {
        let [Group { fields, .. }] = self.groups.as_slice() else { return None };
        let what = match fields.len() {
            1 => "one number per row".to_owned(),
            2 => "2 numbers per row".to_owned(),
            _ => return None,
        };
        Some(format!("shape {:?}, {what}", self.shape))
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.groups.iter().map(|group| group.fields.len()).sum()
    }

    /// Whether singles do not hold the numbers of the first three columns.
    pub(crate) fn is_wide(&self) -> bool {
        let mut fields = self.groups.iter().flat_map(|group| &group.fields).take(3);
        fields.any(|field| !field.number.is_single())
    }

    /// Names the first of the columns, which are those of the array; their number, and what was assumed.
    pub(super) fn name(&self, columns: &mut [ScalarProperty], shape: &Shape) -> (usize, Vec<String>) {
        let mut notes = self.notes.clone();
        let mut rest = columns;
        let mut first = 0;
        for group in &self.groups {
            let mut count = 0;
            for field in &group.fields {
                // A column of large integers has become two.
                let high = format!("{}{}", field.name, HALVES[0]);
                count += if rest.get(count).is_some_and(|column| column.name == high) { 2 } else { 1 };
            }
            let (columns, others) = std::mem::take(&mut rest).split_at_mut(count);
            notes.extend(name_array(&group.name, columns, &shape.from(first)));
            (rest, first) = (others, first + count);
        }
        (first, notes)
    }

    /// The columns without rows, named.
    pub(crate) fn named(&self) -> Vec<ScalarProperty> {
        let column = |field: Field| ScalarProperty { name: field.name, ..ScalarProperty::empty() };
        let mut columns: Vec<ScalarProperty> = self.fields().into_iter().map(column).collect();
        self.name(&mut columns, &Shape::default());
        columns
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }
}

/// One field of a structured array: its numbers.
#[derive(Clone, Debug)]
struct Group {
    name: String,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Header {
    groups: Vec<Group>,
    /// Bytes of one item.
    item: usize,
    big: bool,
    fortran: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads `{'descr': .., 'fortran_order': .., 'shape': ..}`.
    fn parse(text: &[u8], name: &str) -> std::result::Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let mut tokens = Tokens { tokens: &tokens };
        let (mut descr, mut fortran, mut shape) = (None, false, None);
        tokens.take("{")?;
        while !tokens.next_is("}") {
            let key = tokens.string()?;
            tokens.take(":")?;
            match key {
                "descr" => descr = Some(descr_of(&mut tokens, name)?),
                "fortran_order" => fortran = tokens.word()? == "True",
                "shape" => shape = Some(tokens.numbers()?),
                other => return Err((quote(other.as_bytes()), "descr, fortran_order or shape")),
            }
            tokens.next_is(",");
        }
        let ((groups, item, big), Some(shape)) = (descr.ok_or(("no descr".into(), "a type"))?, shape) else {
            return Err(("no shape".into(), "the shape of the array"));
        };
        if shape.is_empty() {
            return Err(("a single number".into(), "an array"));
        }
        Ok(Self { groups, item, big, fortran, shape })
    }
}

type Descr = (Vec<Group>, usize, bool);

fn descr_of(tokens: &mut Tokens<'_>, name: &str) -> std::result::Result<Descr, Refusal> {
    if !tokens.next_is("[") {
        let (number, order) = number_of(tokens.string()?)?;
        let fields = vec![Field { name: name.to_owned(), number: number.ok_or_else(no_number)?, offset: 0 }];
        let item = fields[0].number.size();
        return Ok((vec![Group { name: name.to_owned(), fields }], item, order == Some(true)));
    }
    let (mut groups, mut offset) = (Vec::new(), 0_usize);
    let mut order = None;
    while !tokens.next_is("]") {
        tokens.take("(")?;
        let name = tokens.string()?.to_owned();
        tokens.take(",")?;
        let kind = tokens.string()?;
        let count = if tokens.next_is(",") && !tokens.at(")") {
            tokens.numbers()?.iter().try_fold(1_usize, |product, &n| product.checked_mul(n))
        } else {
            Some(1)
        };
        tokens.next_is(",");
        tokens.take(")")?;
        tokens.next_is(",");
        let too_many = || (format!("field '{name}' of very many numbers"), "1024 at most");
        let count = count.filter(|&count| count <= MOST_COLUMNS).ok_or_else(too_many)?;
        // Padding is a field of raw bytes without a name.
        if let Some(raw) = kind.trim_start_matches(['|', '<', '>']).strip_prefix('V') {
            let skipped: usize = raw.parse().map_err(|_| no_number())?;
            offset = offset.checked_add(skipped.saturating_mul(count)).ok_or_else(too_many)?;
            continue;
        }
        let (number, field_order) = number_of(kind)?;
        let number = number.ok_or_else(no_number)?;
        if field_order.is_some() && order.replace(field_order).is_some_and(|other| other != field_order) {
            return Err(("fields of both byte orders".into(), "one order"));
        }
        let field = |i: usize| Field { name: name.clone(), number, offset: offset + i * number.size() };
        groups.push(Group { name: name.clone(), fields: (0..count).map(field).collect() });
        offset += count * number.size();
    }
    if groups.is_empty() || offset > 1 << 20 {
        return Err((format!("{} fields in {offset} bytes", groups.len()), "at least one, in 1 MB"));
    }
    Ok((groups, offset, order.flatten() == Some(true)))
}

const TYPES: &str = "a type such as '<f4', '<f8', '<i8', '|u1', '<f2' or '|b1'";

fn no_number() -> Refusal {
    ("a type that is no number".into(), TYPES)
}

/// A number type, and whether its most significant byte comes first, where that matters.
fn number_of(kind: &str) -> std::result::Result<(Option<Number>, Option<bool>), Refusal> {
    let big = kind.starts_with('>');
    let number = match kind.trim_start_matches(['|', '<', '>', '=']) {
        "i1" => Number::Scalar(ScalarType::I8),
        "u1" | "b1" => Number::Scalar(ScalarType::U8),
        "i2" => Number::Scalar(ScalarType::I16),
        "u2" => Number::Scalar(ScalarType::U16),
        "i4" => Number::Scalar(ScalarType::I32),
        "u4" => Number::Scalar(ScalarType::U32),
        "f4" => Number::Scalar(ScalarType::F32),
        "f8" => Number::Scalar(ScalarType::F64),
        "f2" => Number::F16,
        "i8" => Number::I64,
        "u8" => Number::U64,
        _ => return Err((format!("type {}", quote(kind.as_bytes())), TYPES)),
    };
    Ok((Some(number), (number.size() > 1).then_some(big)))
}
