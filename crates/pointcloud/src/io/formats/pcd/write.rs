//! Clouds into PCD files.

use std::path::Path;

use super::super::binary::put;
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::columns::distinct_columns_of;
use crate::io::replace::replace_file;
use crate::scalar::ScalarType;

/// A packed colour has 8 bits per channel.
pub(super) fn lost(cloud: &PointCloud) -> Vec<String> {
    let stored = cloud.stored_colors();
    stored
        .map(|(kind, _)| format!("colours: {kind} becomes uchar, pcd packs 8 bits per channel"))
        .into_iter()
        .collect()
}

/// Writes all columns of `cloud` as a PCD file of encoding `binary`.
///
/// Normals are `normal_x normal_y normal_z` and colours a packed `rgb`, as the Point Cloud Library
/// has them; everything else is as in [`write`](crate::io::write()). Where the origin is not zero the
/// coordinates are of 8 bytes, which Open3D 0.20 reads as 0: move such a cloud to zero first for it.
///
/// # Errors
/// As [`write`](crate::io::write()).
pub(super) fn write(path: &Path, cloud: &PointCloud) -> Result<()> {
    let columns = distinct_columns_of(cloud)?;
    let mut lines = ["FIELDS", "SIZE", "TYPE", "COUNT"].map(str::to_owned);
    let packs = cloud.colors().is_some();
    for column in &columns {
        let (name, kind, size) = match column.name {
            "red" if packs => ("rgb", 'F', 4),
            "green" | "blue" if packs => continue,
            name => {
                let name = match name {
                    "nx" if cloud.normals().is_some() => "normal_x",
                    "ny" if cloud.normals().is_some() => "normal_y",
                    "nz" if cloud.normals().is_some() => "normal_z",
                    name => name,
                };
                let kind = match column.scalar_type {
                    ScalarType::F32 | ScalarType::F64 => 'F',
                    ScalarType::I8 | ScalarType::I16 | ScalarType::I32 => 'I',
                    ScalarType::U8 | ScalarType::U16 | ScalarType::U32 => 'U',
                };
                (name, kind, column.scalar_type.size())
            }
        };
        for (line, word) in lines.iter_mut().zip([name.to_owned(), size.to_string(), kind.into(), "1".into()])
        {
            line.push(' ');
            line.push_str(&word);
        }
    }
    replace_file(path, |out| {
        let n = cloud.len();
        writeln!(out, "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n{}", lines.join("\n"))?;
        writeln!(out, "WIDTH {n}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {n}\nDATA binary")?;
        let mut record = Vec::new();
        for i in 0..n {
            record.clear();
            for column in &columns {
                match (column.name, cloud.colors()) {
                    ("red", Some(colors)) => {
                        let [r, g, b] = colors[i];
                        record.extend([b, g, r, 0]);
                    }
                    ("green" | "blue", Some(_)) => {}
                    _ => put(&mut record, column.scalar_type, (column.value)(i)),
                }
            }
            out.write_all(&record)?;
        }
        Ok(())
    })
}
