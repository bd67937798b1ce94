//! Clouds into NPY files.

use std::ops::Range;
use std::path::Path;

use super::super::binary::put_ordered;
use super::array::MAGIC;
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::columns::{Column, Joined, Outline, column_types, distinct_columns_of};
use crate::io::encode::{Encode, Plain};
use crate::scalar::ScalarType;

/// The writer of an array `[N, 3]` for a cloud that has nothing but positions, else of a structured
/// array `[N]` with one field per column, named as in [`write`](crate::io::write()).
///
/// # Errors
/// As [`write`](crate::io::write()).
pub(super) fn encoder(_: &Path, outline: &Outline<'_>) -> Result<Box<dyn Encode>> {
    let columns = distinct_columns_of(outline.cloud)?;
    let joined = Joined::of(outline, &columns);
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
        let field = |(index, column): (usize, &Column<'_>)| match joined.name(&columns, index) {
            Some(name) if column.scalar_type == ScalarType::I32 => format!("('{}', '<i8')", clean(name)),
            Some(name) => format!("('{}', '<u8')", clean(name)),
            None => format!("('{}', '{}')", clean(column.name), kind(column.scalar_type)),
        };
        let all = columns.iter().enumerate().filter(|(index, _)| !joined.is_low(*index));
        let fields: Vec<String> = all.map(field).collect();
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
    let order = joined.order;
    let rows = move |cloud: &PointCloud, rows: Range<usize>, out: &mut Vec<u8>| {
        put_ordered(cloud, rows, &order, out)
    };
    Ok(Box::new(Plain { header: start, rows }))
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
