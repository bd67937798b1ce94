//! Clouds into PCD files.

use std::ops::Range;
use std::path::Path;

use super::header::is_packed;
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::columns::{Joined, Outline, column_types, columns_of, distinct_columns_of};
use crate::io::encode::{Encode, Plain};
use crate::io::number::put;
use crate::scalar::ScalarType;

/// A packed colour has 8 bits per channel.
pub(super) fn lost(outline: &Outline<'_>) -> Vec<String> {
    let stored = outline.cloud.stored_colors();
    let packed =
        stored.map(|(kind, _)| format!("colours: {kind} becomes uchar, pcd packs 8 bits per channel"));
    let renamed = column_types(outline.cloud).into_iter().filter(|(name, _)| clean(name) != *name);
    let renamed = renamed.map(|(name, _)| format!("{name}: its name becomes '{}'", clean(name)));
    packed.into_iter().chain(renamed).collect()
}

/// A name that means no packed colour and no padding.
fn clean(name: &str) -> String {
    if is_packed(name) || name == "_" { format!("{name}_number") } else { name.to_owned() }
}

/// The writer of a PCD file of encoding `binary` with all columns.
///
/// Normals are `normal_x normal_y normal_z` and colours a packed `rgb`, as the Point Cloud Library
/// has them; everything else is as in [`write`](crate::io::write()). Where the origin is not zero the
/// coordinates are of 8 bytes, which Open3D 0.20 reads as 0: move such a cloud to zero first for it.
///
/// # Errors
/// As [`write`](crate::io::write()).
pub(super) fn encoder(_: &Path, outline: &Outline<'_>) -> Result<Box<dyn Encode>> {
    let cloud = outline.cloud;
    let columns = distinct_columns_of(cloud)?;
    let mut lines = ["FIELDS", "SIZE", "TYPE", "COUNT"].map(str::to_owned);
    let packs = cloud.colors().is_some();
    let joined = Joined::of(outline, &columns);
    for (index, column) in columns.iter().enumerate() {
        if joined.is_low(index) {
            continue;
        }
        let long = joined.name(&columns, index);
        let (name, kind, size) = match long.unwrap_or(column.name) {
            "red" if packs => ("rgb".to_owned(), 'F', 4),
            "green" | "blue" if packs => continue,
            name => {
                let name = match name {
                    "nx" if cloud.normals().is_some() => "normal_x".to_owned(),
                    "ny" if cloud.normals().is_some() => "normal_y".to_owned(),
                    "nz" if cloud.normals().is_some() => "normal_z".to_owned(),
                    name => clean(name),
                };
                let kind = match column.scalar_type {
                    ScalarType::F32 | ScalarType::F64 => 'F',
                    ScalarType::I8 | ScalarType::I16 | ScalarType::I32 => 'I',
                    ScalarType::U8 | ScalarType::U16 | ScalarType::U32 => 'U',
                };
                (name, kind, long.map_or(column.scalar_type.size(), |_| 8))
            }
        };
        for (line, word) in lines.iter_mut().zip([name, size.to_string(), kind.into(), "1".into()]) {
            line.push(' ');
            line.push_str(&word);
        }
    }
    let n = outline.points;
    let header = format!(
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n{}\nWIDTH {n}\nHEIGHT 1\n\
         VIEWPOINT 0 0 0 1 0 0 0\nPOINTS {n}\nDATA binary\n",
        lines.join("\n")
    );
    let order = joined.order;
    let rows =
        move |cloud: &PointCloud, rows: Range<usize>, out: &mut Vec<u8>| put_rows(cloud, rows, &order, out);
    Ok(Box::new(Plain { header: header.into_bytes(), rows }))
}

fn put_rows(cloud: &PointCloud, rows: Range<usize>, order: &[usize], out: &mut Vec<u8>) {
    let columns = columns_of(cloud);
    for i in rows {
        for column in order.iter().map(|&index| &columns[index]) {
            match (column.name, cloud.colors()) {
                ("red", Some(colors)) => {
                    let [r, g, b] = colors[i];
                    out.extend([b, g, r, 0]);
                }
                ("green" | "blue", Some(_)) => {}
                _ => put(out, column.scalar_type, (column.value)(i)),
            }
        }
    }
}
