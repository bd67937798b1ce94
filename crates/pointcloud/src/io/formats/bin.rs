//! Raw singles without a header, as KITTI and nuScenes distribute scans.

use std::fs;
use std::path::{Path, PathBuf};

use super::binary::{Field, read_records};
use super::naming::rename;
use crate::error::{Error, Malformed, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, Start};
use crate::io::format::{Format, inspect_contents, never_written, nothing_lost};
use crate::io::number::Number;
use crate::scalar::{ScalarProperty, ScalarType};

pub(super) const FORMAT: Format = Format {
    name: "bin",
    extensions: &["bin"],
    sniff: |_| false,
    plausible: None,
    names_columns: false,
    library: "pointcloud",
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

/// Digits that the name of a KITTI scan ends in, such as `000000.bin`.
const KITTI_DIGITS: usize = 6;

/// Reads singles, least significant byte first, in the columns that the caller names.
///
/// Otherwise the name of the file tells: `NAME.pcd.bin` is `x y z intensity ring` of nuScenes, and six digits
/// `x y z intensity` of KITTI. Labels of SemanticKITTI are read where they lie: `labels/000000.label` beside the folder of
/// the scan, or `000000.label` beside the scan.
fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let (names, assumed) = match (source.columns, names_of(path)) {
        (Some(names), _) => (names.to_vec(), None),
        (None, Some((names, dataset))) => {
            let note =
                format!("columns are taken for {} of {dataset}, from the name of the file", names.join(" "));
            (names.iter().map(|name| (*name).to_owned()).collect(), Some(note))
        }
        (None, None) => {
            let found = "a .bin file, which does not say how many columns it has";
            let expected = "names of columns, such as --columns x,y,z,intensity (data.columns in a config)";
            return Err(Malformed::new(path, found, expected).into());
        }
    };
    let size = 4 * names.len();
    if bytes.len() % size != 0 {
        let found = format!("{} bytes", bytes.len());
        let expected = format!("a multiple of {size}, for the columns {}", names.join(","));
        return Err(Error::malformed(path, Position::Byte(bytes.len()), found, expected));
    }
    let field =
        |i: usize| Field { name: String::new(), number: Number::Scalar(ScalarType::F32), offset: 4 * i };
    let fields: Vec<Field> = (0..names.len()).map(field).collect();
    let mut columns = read_records(bytes, size, &fields, false);
    rename(&mut columns, &names).map_err(|(found, expected)| Malformed::new(path, found, expected))?;
    let labels = labels_of(path, bytes.len() / size)?;
    let has_labels = labels.is_some();
    columns.extend(labels.into_iter().flatten());
    let mut contents =
        cloud_of_table(columns).map_err(|found| Malformed::new(path, found, "columns x, y and z"))?;
    contents.notes.extend(assumed);
    if has_labels {
        contents.notes.push("label and instance are those of the .label file".into());
    }
    Ok(contents)
}

/// The points by the length of the file, with the two columns of its labels where it has some.
fn extent(start: &Start<'_>) -> Option<Extent> {
    let columns = start.columns.map(<[String]>::len).or(names_of(start.path).map(|(names, _)| names.len()))?;
    let points = start.length / (4 * columns.max(1) as u64);
    let labels = if label_file(start.path).is_some() { 2 } else { 0 };
    Some(Extent::of_columns(points, columns + labels, false, u64::MAX))
}

/// The columns that the name of a file tells, and the data set that has such names.
fn names_of(path: &Path) -> Option<(&'static [&'static str], &'static str)> {
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    if stem.to_ascii_lowercase().ends_with(".pcd") {
        return Some((&["x", "y", "z", "intensity", "ring"], "nuScenes"));
    }
    let digits = stem.bytes().rev().take_while(u8::is_ascii_digit).count();
    (digits >= KITTI_DIGITS).then_some((&["x", "y", "z", "intensity"], "KITTI"))
}

/// The file with the labels of a scan.
fn label_file(path: &Path) -> Option<PathBuf> {
    let name = path.with_extension("label");
    let beside = path.parent().and_then(Path::parent).zip(name.file_name());
    let beside: Option<PathBuf> = beside.map(|(folder, name)| folder.join("labels").join(name));
    beside.into_iter().chain([name.clone()]).find(|file| file.is_file())
}

/// Labels of SemanticKITTI: the class in the lower 16 bits, the instance in the upper ones.
fn labels_of(path: &Path, points: usize) -> Result<Option<[ScalarProperty; 2]>> {
    let Some(file) = label_file(path) else { return Ok(None) };
    let bytes = fs::read(&file).map_err(|source| Error::io(&file, "read", source))?;
    if bytes.len() != 4 * points {
        let (found, expected) =
            (format!("{} bytes", bytes.len()), format!("{}, 4 for every point", 4 * points));
        return Err(Error::malformed(&file, Position::Byte(bytes.len()), found, expected));
    }
    let column = |name: &str, offset| {
        let field = Field { name: name.into(), number: Number::Scalar(ScalarType::U16), offset };
        let mut columns = read_records(&bytes, 4, &[field], false);
        columns.remove(0)
    };
    Ok(Some([column("label", 0), column("instance", 2)]))
}
