//! Raw singles without a header, as KITTI and nuScenes distribute scans.

use std::path::Path;
use std::sync::Arc;

use super::binary::Field;
use super::parts::{NamedParts, PartLayout, Parts};
use crate::error::{Error, Malformed, Position, Result};
use crate::io::blocks::{Ask, Blocks};
use crate::io::compression::inner_path;
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, Start};
use crate::io::format::{Format, Writer, inspect_contents};
use crate::io::input::Input;
use crate::io::number::Number;
use crate::scalar::ScalarType;

pub(super) const FORMAT: Format = Format {
    name: "bin",
    extensions: &["bin"],
    sniff: |_| false,
    plausible: None,
    names_columns: false,
    library: "pointcloud",
    read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    open,
    some_whole: false,
    extent,
    writer: Writer::NONE,
};

/// Digits that the name of a KITTI scan ends in, such as `000000.bin`.
const KITTI_DIGITS: usize = 6;

/// Reads singles, least significant byte first, in the columns that the caller names.
///
/// Otherwise the name of the file tells: `NAME.pcd.bin` is `x y z intensity ring` of nuScenes, and six digits
/// `x y z intensity` of KITTI.
fn read(source: &Source<'_>) -> Result<Contents> {
    parts_of(Input::of_bytes(source.path, source.bytes), source.columns)?.read()
}

fn open(input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    Ok(Some(Box::new(parts_of(input, ask.columns)?)))
}

fn parts_of<'a>(input: Input<'a>, given: Option<&[String]>) -> Result<Parts<'a>> {
    let path = input.path().to_owned();
    // The name of a compressed file has one more extension.
    let named = inner_path(&path).into_owned();
    let (names, notes) = match (given, names_of(&named)) {
        (Some(names), _) => (names.to_vec(), Vec::new()),
        (None, Some((names, dataset))) => {
            let note =
                format!("columns are taken for {} of {dataset}, from the name of the file", names.join(" "));
            (names.iter().map(|name| (*name).to_owned()).collect(), vec![note])
        }
        (None, None) => {
            let found = "a .bin file, which does not say how many columns it has";
            let expected = "names of columns, such as --columns x,y,z,intensity (data.columns in a config)";
            return Err(Malformed::new(&path, found, expected).into());
        }
    };
    let (size, length) = (4 * names.len(), input.length());
    if length % size != 0 {
        let found = format!("{length} bytes");
        let expected = format!("a multiple of {size}, for the columns {}", names.join(","));
        return Err(Error::malformed(&path, Position::Byte(length), found, expected));
    }
    let number = Number::Scalar(ScalarType::F32);
    let field = |(i, name): (usize, String)| Field { name, number, offset: 4 * i };
    // A column called `_` is not wanted.
    let fields = names.into_iter().enumerate().filter(|(_, name)| name != "_").map(field).collect();
    let layout = PartLayout { size, fields, big: false };
    let columns = layout.fields.len();
    let decoder = NamedParts { layouts: vec![layout], types: Vec::new(), place: Position::Byte(0), notes };
    Ok(Parts::new(&path, vec![(input, size)], length / size, columns, Arc::new(decoder)))
}

/// The points by the length of the file.
fn extent(start: &Start<'_>) -> Option<Extent> {
    let named = inner_path(start.path);
    let columns = start.columns.map(<[String]>::len).or(names_of(&named).map(|(names, _)| names.len()))?;
    let points = start.length / (4 * columns.max(1) as u64);
    Some(Extent::of_columns(points, columns, false, u64::MAX))
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
