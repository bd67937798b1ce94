//! NPZ: several NPY arrays in one ZIP archive.

use std::io::{Cursor, Read};

use super::npy::parse_array;
use crate::cloud::ScalarProperty;
use crate::error::{Error, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::io::format::Format;
use crate::io::summary::inspect_contents;

/// Deflate makes at most 1032 bytes of one.
const DEFLATE_RATIO: u64 = 1032;

pub(super) const FORMAT: Format = Format {
    name: "npz",
    extensions: &["npz"],
    sniff: |head| head.bytes.starts_with(b"PK\x03\x04") || head.bytes.starts_with(b"PK\x05\x06"),
    plausible: None,
    read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    write: None,
};

/// Reads the members `xyz`, `positions` or `points` and all others of as many rows: `normals`,
/// `colors`, `labels`, further numbers.
fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let at = Position::Byte(0);
    let fail = |found: String| Error::malformed(path, at, found, "a ZIP archive of NPY arrays");
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| fail(format!("no archive ({error})")))?;
    // Members may share their bytes, so the sum is what counts.
    let mut left = DEFLATE_RATIO.saturating_mul(bytes.len() as u64);
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| fail(format!("member {index}: {error}")))?;
        let Some(name) = member.name().strip_suffix(".npy").map(str::to_owned) else { continue };
        let mut data = Vec::new();
        let read = member.take(left).read_to_end(&mut data);
        read.map_err(|error| fail(format!("member '{name}': {error}")))?;
        left = left.saturating_sub(data.len() as u64);
        // A member that holds no numbers, such as names of classes, is of no use here.
        match parse_array(path, &data, &name) {
            Ok(columns) => arrays.push(columns),
            Err(Error::Malformed { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let has_x = |array: &Vec<ScalarProperty>| array.iter().any(|column| column.name == "x");
    let rows = arrays.iter().find(|array| has_x(array)).map(|array| array[0].values.len());
    let mut positions = false;
    let columns = arrays
        .into_iter()
        // The first array of coordinates; of the others those with one row per point.
        .filter(|array| !has_x(array) || !std::mem::replace(&mut positions, true))
        .flatten()
        .filter(|column| rows.is_none_or(|rows| column.values.len() == rows))
        .collect();
    let expected = "a member xyz, positions or points of shape [N, 3+]";
    let cloud = cloud_of_table(columns).map_err(|found| Error::malformed(path, at, found, expected))?;
    Ok(cloud.into())
}
