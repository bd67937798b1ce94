//! E57 scans, read by the crate `e57`.

use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use e57::{CartesianCoordinate, E57Reader, PointCloud, RecordDataType, RecordName, RecordValue};

use super::parts::{Named, Parts, parts_of_spools};
use crate::error::{Error, Position, Result};
use crate::io::blocks::{Ask, Blocks, Rest};
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, GROWTH, Start};
use crate::io::facts::Facts;
use crate::io::format::{Format, Writer, inspect_contents};
use crate::io::input::Input;
use crate::io::spool::Spool;
use crate::scalar::ScalarType;

pub(super) const FORMAT: Format = Format {
    name: "e57",
    extensions: &["e57"],
    sniff: |head| head.bytes.starts_with(b"ASTM-E57"),
    plausible: None,
    names_columns: true,
    library: "e57",
    read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    open,
    some_whole: false,
    extent,
    writer: Writer::NONE,
};

/// Columns while points come in.
struct Columns {
    path: PathBuf,
    coordinates: Spool,
    colors: Spool,
    /// What the channels of all colours have in common.
    channels: Facts,
    intensity: Spool,
    /// The number of the scan, where there are several.
    scan: Option<Spool>,
    invalid: usize,
    /// Columns with digits that the library does not give.
    rounded: BTreeSet<&'static str>,
}

/// Reads the points of all scans, moved by the poses of these; with several scans `scan` is the number of each.
///
/// Points without a valid position, as scanners store where no echo came back, are left out.
fn read(source: &Source<'_>) -> Result<Contents> {
    parts_of(Input::of_bytes(source.path, source.bytes))?.read()
}

/// Keeps the points in temporary files where they are many: whether all have a colour shows only at the end.
fn open(input: Input<'static>, _: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    Ok(Some(Box::new(parts_of(input)?)))
}

fn parts_of(input: Input<'_>) -> Result<Parts<'static>> {
    let path = input.path().to_owned();
    let refuse = |error: e57::Error| {
        let found = format!("what cannot be read ({error})");
        Error::malformed(&path, Position::Byte(0), found, "an E57 file")
    };
    let mut file = E57Reader::new(input).map_err(refuse)?;
    let scans = file.pointclouds();
    let mut columns = Columns::new(&path, scans.len());
    for (number, scan) in scans.iter().enumerate() {
        columns.rounded.extend(rounded_columns(&mut file, scan).map_err(refuse)?);
        let mut points = file.pointcloud_simple(scan).map_err(refuse)?;
        points.normalize_color(false);
        points.normalize_intensity(false);
        points.intensity_to_color(false);
        points.apply_pose(true);
        for point in points {
            columns.push(&point.map_err(refuse)?, number)?;
        }
    }
    columns.finish(file.images().len(), &scans)
}

/// The columns of a scan, intensity and colours, of whose numbers the singles that the library gives do not hold all digits.
fn rounded_columns<T: Read + Seek>(
    file: &mut E57Reader<T>,
    scan: &PointCloud,
) -> e57::Result<BTreeSet<&'static str>> {
    const LARGEST: u64 = 1 << f32::MANTISSA_DIGITS;
    let mut rounded = BTreeSet::new();
    let mut doubles = Vec::new();
    for (index, record) in scan.prototype.iter().enumerate() {
        let name = match record.name {
            RecordName::Intensity => "intensities",
            RecordName::ColorRed | RecordName::ColorGreen | RecordName::ColorBlue => "colours",
            _ => continue,
        };
        let is_long = match record.data_type {
            RecordDataType::Integer { min, max } => min.unsigned_abs().max(max.unsigned_abs()) > LARGEST,
            RecordDataType::ScaledInteger { min, max, .. } => max.abs_diff(min) > LARGEST,
            RecordDataType::Single { .. } => false,
            RecordDataType::Double { .. } => {
                doubles.push((index, name));
                false
            }
        };
        rounded.extend(is_long.then_some(name));
    }
    if !doubles.is_empty() {
        for point in file.pointcloud_raw(scan)? {
            let point = point?;
            let is_rounded = |index: usize| matches!(point.get(index), Some(&RecordValue::Double(v)) if !v.is_nan() && f64::from(v as f32) != v);
            rounded.extend(doubles.iter().filter(|(index, _)| is_rounded(*index)).map(|(_, name)| *name));
        }
    }
    Ok(rounded)
}

/// Whether a column of a scan is read, or says which of those are valid.
fn is_read(name: &RecordName) -> bool {
    use RecordName as Name;
    matches!(
        name,
        Name::CartesianX
            | Name::CartesianY
            | Name::CartesianZ
            | Name::CartesianInvalidState
            | Name::SphericalInvalidState
            | Name::ColorRed
            | Name::ColorGreen
            | Name::ColorBlue
            | Name::IsColorInvalid
            | Name::Intensity
            | Name::IsIntensityInvalid
    )
}

/// The columns of a scan that are not read, by their names in the file.
fn columns_not_read(scan: &PointCloud) -> impl Iterator<Item = String> {
    use RecordName as Name;
    let has = |name: Name| scan.prototype.iter().any(|record| record.name == name);
    // Points without Cartesian coordinates have spherical ones, which are read then.
    let spherical = !(has(Name::CartesianX) && has(Name::CartesianY) && has(Name::CartesianZ));
    scan.prototype.iter().filter(|record| !is_read(&record.name)).filter_map(move |record| {
        Some(match &record.name {
            Name::SphericalRange | Name::SphericalAzimuth | Name::SphericalElevation if spherical => {
                return None;
            }
            Name::SphericalRange => "sphericalRange".into(),
            Name::SphericalAzimuth => "sphericalAzimuth".into(),
            Name::SphericalElevation => "sphericalElevation".into(),
            Name::RowIndex => "rowIndex".into(),
            Name::ColumnIndex => "columnIndex".into(),
            Name::ReturnCount => "returnCount".into(),
            Name::ReturnIndex => "returnIndex".into(),
            Name::TimeStamp => "timeStamp".into(),
            Name::IsTimeStampInvalid => "isTimeStampInvalid".into(),
            Name::Unknown { namespace, name } if namespace.is_empty() => name.clone(),
            Name::Unknown { namespace, name } => format!("{namespace}:{name}"),
            other => format!("{other:?}"),
        })
    })
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

impl Columns {
    fn new(path: &Path, scans: usize) -> Self {
        let spool = |columns| Spool::new(path, columns);
        Self {
            path: path.to_owned(),
            coordinates: spool(3),
            colors: spool(3),
            channels: Facts::default(),
            intensity: spool(1),
            scan: (scans > 1).then(|| spool(1)),
            invalid: 0,
            rounded: BTreeSet::new(),
        }
    }

    fn push(&mut self, point: &e57::Point, scan: usize) -> Result<()> {
        let CartesianCoordinate::Valid { x, y, z } = point.cartesian else {
            self.invalid += 1;
            return Ok(());
        };
        self.coordinates.push(&[x, y, z])?;
        if let Some(color) = &point.color {
            let channels = [color.red, color.green, color.blue].map(f64::from);
            self.channels = self.channels.join(Facts::of(&channels));
            self.colors.push(&channels)?;
        }
        if let Some(intensity) = point.intensity {
            self.intensity.push(&[intensity.into()])?;
        }
        self.scan.as_mut().map_or(Ok(()), |column| column.push(&[scan as f64]))
    }

    fn finish(self, images: usize, scans: &[PointCloud]) -> Result<Parts<'static>> {
        let count = self.coordinates.rows();
        let named = |spool, names: [&'static str; 3], kind: ScalarType| -> Named {
            (spool, names.map(|name| (name, kind)).into())
        };
        let mut all = vec![named(self.coordinates, ["x", "y", "z"], ScalarType::F64)];
        let mut left_out = Vec::new();
        if self.colors.rows() == count && count > 0 {
            let kind = if self.channels.is_u8() {
                ScalarType::U8
            } else if self.channels.whole_within(0.0, u16::MAX.into()) {
                ScalarType::U16
            } else {
                ScalarType::F32
            };
            all.push(named(self.colors, ["red", "green", "blue"], kind));
        } else if self.colors.rows() > 0 {
            left_out.push(format!("{} colours, since some points have none", self.colors.rows()));
        }
        if self.intensity.rows() == count && count > 0 {
            all.push((self.intensity, vec![("intensity", ScalarType::F32)]));
        } else if self.intensity.rows() > 0 {
            left_out.push(format!("{} intensities, since some points have none", self.intensity.rows()));
        }
        all.extend(self.scan.map(|spool| (spool, vec![("scan", ScalarType::U16)])));
        if images > 0 {
            left_out.push(format!("{images} images"));
        }
        left_out
            .extend(self.rounded.iter().map(|name| format!("digits of the {name} beyond single precision")));
        let columns: BTreeSet<String> = scans.iter().flat_map(columns_not_read).collect();
        left_out.extend(columns.into_iter().map(|name| format!("column '{name}'")));
        if self.invalid > 0 {
            left_out.push(format!("{} points without a valid position", self.invalid));
        }
        let rest = Rest { left_out, ..Rest::default() };
        parts_of_spools(&self.path, all, Position::Byte(0), rest)
    }
}
