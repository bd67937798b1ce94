//! E57 scans, read by the crate `e57`.

use std::io::Cursor;

use e57::{CartesianCoordinate, E57Reader, RecordName};

use crate::error::{Error, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, GROWTH, Start};
use crate::io::format::{Format, inspect_contents, never_written, nothing_lost};
use crate::scalar::{ScalarProperty, ScalarType};

pub(super) const FORMAT: Format = Format {
    name: "e57",
    extensions: &["e57"],
    sniff: |head| head.bytes.starts_with(b"ASTM-E57"),
    plausible: None,
    names_columns: true,
    library: "e57",
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

/// Columns while points come in.
#[derive(Default)]
struct Columns {
    coordinates: [Vec<f64>; 3],
    colors: [Vec<f64>; 3],
    intensity: Vec<f64>,
    scan: Vec<f64>,
    invalid: usize,
}

/// Reads the points of all scans, moved by the poses of these; with several scans `scan` is the number of each.
///
/// Points without a valid position, as scanners store where no echo came back, are left out.
fn read(source: &Source<'_>) -> Result<Contents> {
    let refuse = |error: e57::Error| {
        let found = format!("what cannot be read ({error})");
        Error::malformed(source.path, Position::Byte(0), found, "an E57 file")
    };
    let mut file = E57Reader::new(Cursor::new(source.bytes)).map_err(refuse)?;
    let scans = file.pointclouds();
    let mut columns = Columns::default();
    for (number, scan) in scans.iter().enumerate() {
        let mut points = file.pointcloud_simple(scan).map_err(refuse)?;
        points.normalize_color(false);
        points.normalize_intensity(false);
        points.intensity_to_color(false);
        points.apply_pose(true);
        for point in points {
            let point = point.map_err(refuse)?;
            let CartesianCoordinate::Valid { x, y, z } = point.cartesian else {
                columns.invalid += 1;
                continue;
            };
            columns.coordinates.iter_mut().zip([x, y, z]).for_each(|(column, v)| column.push(v));
            if let Some(color) = point.color {
                let channels = [color.red, color.green, color.blue];
                columns.colors.iter_mut().zip(channels).for_each(|(column, v)| column.push(f64::from(v)));
            }
            columns.intensity.extend(point.intensity.map(f64::from));
            columns.scan.push(number as f64);
        }
    }
    finish(source, columns, scans.len(), file.images().len())
}

/// The points that the header announces.
fn extent(start: &Start<'_>) -> Option<Extent> {
    if start.is_compressed {
        return None;
    }
    let scans = E57Reader::from_file(start.path).ok()?.pointclouds();
    let points: u64 = scans.iter().map(|scan| scan.records).fold(0, u64::saturating_add);
    let has =
        |name: RecordName| scans.iter().any(|scan| scan.prototype.iter().any(|record| record.name == name));
    // Coordinates and the number of the scan.
    let columns =
        4 + if has(RecordName::ColorRed) { 3 } else { 0 } + if has(RecordName::Intensity) { 1 } else { 0 };
    // A coordinate may be stored in a single bit.
    let extent = Extent::of_columns(points, columns, true, start.length.saturating_mul(8));
    Some(extent.and(((GROWTH - 1.0) * 8.0 * columns as f64 * extent.points as f64) as u64))
}

fn finish(source: &Source<'_>, columns: Columns, scans: usize, images: usize) -> Result<Contents> {
    let Columns { coordinates, colors, intensity, scan, invalid } = columns;
    let count = coordinates[0].len();
    let column = |name: &str, scalar_type, values| ScalarProperty { name: name.into(), scalar_type, values };
    let named = |names: [&str; 3], scalar_type, values: [Vec<f64>; 3]| {
        names
            .into_iter()
            .zip(values)
            .map(|(name, values)| column(name, scalar_type, values))
            .collect::<Vec<_>>()
    };
    let mut all = named(["x", "y", "z"], ScalarType::F64, coordinates);
    let mut left_out = Vec::new();
    if colors[0].len() == count && count > 0 {
        let bytes = colors.iter().flatten().all(|&v| f64::from(v as u8) == v);
        let wide = colors.iter().flatten().all(|&v| f64::from(v as u16) == v);
        let kind = if bytes {
            ScalarType::U8
        } else if wide {
            ScalarType::U16
        } else {
            ScalarType::F32
        };
        all.extend(named(["red", "green", "blue"], kind, colors));
    } else if !colors[0].is_empty() {
        left_out.push(format!("{} colours, since some points have none", colors[0].len()));
    }
    if intensity.len() == count && count > 0 {
        all.push(column("intensity", ScalarType::F32, intensity));
    } else if !intensity.is_empty() {
        left_out.push(format!("{} intensities, since some points have none", intensity.len()));
    }
    if scans > 1 {
        all.push(column("scan", ScalarType::U16, scan));
    }
    let mut contents = cloud_of_table(all)
        .map_err(|found| Error::malformed(source.path, Position::Byte(0), found, "x, y and z"))?;
    if invalid > 0 {
        contents.notes.push(format!("{invalid} points without a valid position are left out"));
    }
    if images > 0 {
        left_out.push(format!("{images} images"));
    }
    contents.left_out = left_out;
    Ok(contents)
}
