//! NPY files read as a whole.

use super::super::naming::rename;
use super::array::parse_array;
use crate::error::{Error, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};

/// Reads an array `[N, 3+]` of numbers or a structured array `[N]` with fields `x`, `y`, `z` or `xyz`.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let refuse = |found: String, expected: &str| Error::malformed(path, Position::Byte(10), found, expected);
    let (mut columns, mut notes) = parse_array(path, bytes, "positions")?;
    if let Some(given) = source.columns {
        notes.clear();
        rename(&mut columns, given).map_err(|(found, expected)| refuse(found, &expected))?;
    }
    let mut contents =
        cloud_of_table(columns).map_err(|found| refuse(found, "an array [N, 3+] or fields x, y, z"))?;
    contents.notes.extend(notes);
    Ok(contents)
}
