//! NPZ: several NPY arrays in one ZIP archive.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};

use super::naming::{name_columns, shape_of};
use super::npy::{announced, parse_array};
use crate::error::{Error, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, Start};
use crate::io::format::{Format, inspect_contents, never_written, nothing_lost};
use crate::names::{self, Role};
use crate::scalar::ScalarProperty;

/// Deflate makes at most 1032 bytes of one.
const DEFLATE_RATIO: u64 = 1032;

/// Bytes of a member in which the header of its array is looked for.
const HEADER: u64 = 1 << 16;

pub(super) const FORMAT: Format = Format {
    name: "npz",
    extensions: &["npz"],
    sniff: |head| head.bytes.starts_with(b"PK\x03\x04") || head.bytes.starts_with(b"PK\x05\x06"),
    plausible: None,
    names_columns: true,
    library: "zip",
    read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    open: None,
    extent,
    words: false,
    long_integers: false,
    written: &[],
    encoder: never_written,
    lost: nothing_lost,
};

/// Reads the members `xyz`, `positions` or `points` and all others of as many rows: `normals`,
/// `colors`, `labels`, further numbers. Without such a name the only member of shape `[N, 3+]` is the cloud.
fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let at = Position::Byte(0);
    let fail = |found: String| Error::malformed(path, at, found, "a ZIP archive of NPY arrays");
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| fail(format!("no archive ({error})")))?;
    // Members may share their bytes, so the sum is what counts.
    let mut left = DEFLATE_RATIO.saturating_mul(bytes.len() as u64);
    let (mut arrays, mut left_out) = (Vec::new(), Vec::new());
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| fail(format!("member {index}: {error}")))?;
        let Some(name) = member.name().strip_suffix(".npy").map(str::to_owned) else { continue };
        let mut data = Vec::new();
        let read = member.take(left).read_to_end(&mut data);
        read.map_err(|error| fail(format!("member '{name}': {error}")))?;
        left = left.saturating_sub(data.len() as u64);
        // A member that holds no numbers, such as names of classes, is of no use here.
        match parse_array(path, &data, &name) {
            Ok((columns, notes)) => arrays.push(Array { name, columns, notes }),
            Err(Error::Malformed(_)) => left_out.push(format!("member '{name}'")),
            Err(error) => return Err(error),
        }
    }
    let (columns, notes) = join(arrays, &mut left_out);
    let expected = "a member xyz, positions or points of shape [N, 3+], or one of that shape alone";
    let mut contents =
        cloud_of_table(columns).map_err(|found| Error::malformed(path, at, found, expected))?;
    contents.notes.extend(notes);
    contents.left_out = left_out;
    Ok(contents)
}

/// The points of the longest array, with the columns of all; the arrays themselves are unpacked first.
fn extent(start: &Start<'_>) -> Option<Extent> {
    if start.is_compressed {
        return None;
    }
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(start.path).ok()?)).ok()?;
    let (mut points, mut columns, mut wide, mut bytes) = (0, 0, false, 0_u64);
    for index in 0..archive.len() {
        let member = archive.by_index(index).ok()?;
        let length = member.size().min(member.compressed_size().saturating_mul(DEFLATE_RATIO));
        let mut header = Vec::new();
        // A member that is damaged is told when it is read.
        let _ = member.take(HEADER).read_to_end(&mut header);
        let Some(array) = announced(start.path, &header) else { continue };
        points = array.rows_of(length).max(points);
        columns += array.columns();
        // Coordinates are in arrays of three columns or more, or in fields of one.
        wide |= array.columns() >= 3 && array.is_wide();
        bytes = bytes.saturating_add(length);
    }
    Some(Extent::of_columns(points, columns, wide, u64::MAX).and(bytes))
}

/// One member.
struct Array {
    name: String,
    columns: Vec<ScalarProperty>,
    notes: Vec<String>,
}

impl Array {
    fn has_points(&self) -> bool {
        (0..3).all(|axis| {
            names::find(self.columns.iter().map(|column| column.name.as_str()), Role::Position(axis))
                .is_some()
        })
    }
}

/// The columns of the first array of points, and of the others with one row per point.
fn join(mut arrays: Vec<Array>, left_out: &mut Vec<String>) -> (Vec<ScalarProperty>, Vec<String>) {
    if !arrays.iter().any(Array::has_points) {
        let wide = |array: &&mut Array| array.columns.len() >= 3;
        let mut wide: Vec<&mut Array> = arrays.iter_mut().filter(wide).collect();
        if let [array] = wide.as_mut_slice() {
            let shape = shape_of(&array.columns);
            array.notes = name_columns(&mut array.columns, &shape);
            array.notes.push(format!("member '{}' is taken for the points", array.name));
        }
    }
    let rows = arrays.iter().find(|array| array.has_points()).map(|array| array.columns[0].values.len());
    let (mut columns, mut notes, mut found) = (Vec::new(), Vec::new(), false);
    for array in arrays {
        let second = array.has_points() && std::mem::replace(&mut found, true);
        let fits = array.columns.iter().all(|column| rows.is_none_or(|rows| column.values.len() == rows));
        if second || !fits {
            left_out.push(format!("member '{}'", array.name));
            continue;
        }
        columns.extend(array.columns);
        notes.extend(array.notes);
    }
    (columns, notes)
}
