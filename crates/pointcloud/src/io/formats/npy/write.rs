//! Clouds into NPY files.

use std::path::Path;

use super::super::binary::put_records;
use super::MAGIC;
use crate::error::Result;
use crate::io::columns::{Outline, column_types, distinct_columns_of};
use crate::io::encode::{Encode, Plain};
use crate::scalar::ScalarType;

/// The writer of an array `[N, 3]` for a cloud that has nothing but positions, else of a structured
/// array `[N]` with one field per column, named as in [`write`](crate::io::write()).
///
/// # Errors
/// As [`write`](crate::io::write()).
pub(super) fn encoder(_: &Path, outline: &Outline<'_>) -> Result<Box<dyn Encode>> {
    let columns = distinct_columns_of(outline.cloud)?;
    let kind = |scalar: ScalarType| match scalar {
        ScalarType::I8 => "|i1",
        ScalarType::U8 => "|u1",
        ScalarType::I16 => "<i2",
        ScalarType::U16 => "<u2",
        ScalarType::I32 => "<i4",
        ScalarType::U32 => "<u4",
        ScalarType::F32 => "<f4",
        ScalarType::F64 => "<f8",
    };
    let n = outline.points;
    let (descr, shape) = if columns.len() == 3 {
        (format!("'{}'", kind(columns[0].scalar_type)), format!("({n}, 3)"))
    } else {
        let fields: Vec<String> =
            columns.iter().map(|c| format!("('{}', '{}')", clean(c.name), kind(c.scalar_type))).collect();
        (format!("[{}]", fields.join(", ")), format!("({n},)"))
    };
    let mut header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    // Version 1 has two bytes for the length; version 3 has four and UTF-8.
    let (version, start) = if header.is_ascii() && header.len() < 60_000 { (1, 10) } else { (3, 12) };
    while (start + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut start = MAGIC.to_vec();
    start.extend([version, 0]);
    start.extend(&(header.len() as u32).to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
    start.extend(header.as_bytes());
    Ok(Box::new(Plain { header: start, rows: put_records }))
}

/// A name that needs no escapes.
fn clean(name: &str) -> String {
    name.replace(['\'', '\\'], "_")
}

/// Names that an array cannot have.
pub(super) fn lost(outline: &Outline<'_>) -> Vec<String> {
    let odd = column_types(outline.cloud).into_iter().filter(|(name, _)| clean(name) != *name);
    odd.map(|(name, _)| format!("{name}: its name becomes '{}'", clean(name))).collect()
}
