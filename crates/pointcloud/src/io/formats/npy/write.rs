//! Clouds into NPY files.

use std::path::Path;

use super::super::binary::put;
use super::MAGIC;
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::columns::distinct_columns_of;
use crate::io::replace::replace_file;
use crate::scalar::ScalarType;

/// Writes `cloud` as an array `[N, 3]` where it has nothing but positions, else as a structured
/// array `[N]` with one field per column, named as in [`write`](crate::io::write()).
///
/// # Errors
/// As [`write`](crate::io::write()).
pub(super) fn write(path: &Path, cloud: &PointCloud) -> Result<()> {
    let columns = distinct_columns_of(cloud)?;
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
    let n = cloud.len();
    let (descr, shape) = if columns.len() == 3 {
        (format!("'{}'", kind(columns[0].scalar_type)), format!("({n}, 3)"))
    } else {
        let clean = |name: &str| name.replace(['\'', '\\'], "_");
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
    replace_file(path, |out| {
        out.write_all(MAGIC)?;
        out.write_all(&[version, 0])?;
        let length = (header.len() as u32).to_le_bytes();
        out.write_all(&length[..start - 8])?;
        out.write_all(header.as_bytes())?;
        let mut record = Vec::new();
        for i in 0..n {
            record.clear();
            columns.iter().for_each(|column| put(&mut record, column.scalar_type, (column.value)(i)));
            out.write_all(&record)?;
        }
        Ok(())
    })
}
