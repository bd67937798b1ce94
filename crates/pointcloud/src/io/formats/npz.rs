//! NPZ: several NPY arrays in one ZIP archive.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};

use zip::CompressionMethod;

use super::npy::{Array, Naming, announced, points_of};
use super::parts::Parts;
use crate::error::{Error, Position, Result};
use crate::io::blocks::{Ask, Blocks, Rest};
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, Start};
use crate::io::format::{Format, Writer, inspect_contents};
use crate::io::input::Input;
use crate::io::spool::Unpacked;
use crate::names::{self, Role};

/// Deflate makes at most 1032 bytes of one.
const DEFLATE_RATIO: u64 = 1032;

/// Bytes of a member in which the header of its array is looked for.
const HEADER: u64 = 1 << 16;

pub(super) const FORMAT: Format = Format {
    name: "npz",
    extensions: &["npz"],
    sniff: |head| is_archive_of_arrays(head.bytes),
    plausible: None,
    names_columns: true,
    library: "zip",
    read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    open,
    some_whole: false,
    extent,
    writer: Writer::NONE,
};

/// Whether the first member of a ZIP archive is an array. Programs pack many other files in such archives.
fn is_archive_of_arrays(head: &[u8]) -> bool {
    let length = head.get(26..28).map_or(0, |raw| usize::from(raw[0]) | usize::from(raw[1]) << 8);
    head.starts_with(b"PK\x03\x04") && head.get(30..30 + length).is_some_and(|name| name.ends_with(b".npy"))
}

/// Reads the members `xyz`, `positions` or `points`, or `x`, `y` and `z`, and all others of as many rows: `normals`,
/// `colors`, `labels`, further numbers. Without such names the only member of shape `[N, 3+]` is the cloud.
fn read(source: &Source<'_>) -> Result<Contents> {
    parts_of(Input::of_bytes(source.path, source.bytes))?.read()
}

/// Unpacks deflated members into temporary files where they are long.
fn open(input: Input<'static>, _: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    Ok(Some(Box::new(parts_of(input)?)))
}

fn parts_of(input: Input<'_>) -> Result<Parts<'_>> {
    let path = input.path().to_owned();
    let at = Position::Byte(0);
    let fail = |found: String| Error::malformed(&path, at, found, "a ZIP archive of NPY arrays");
    let mut archive =
        zip::ZipArchive::new(input.again()).map_err(|error| fail(format!("no archive ({error})")))?;
    // Members may share their bytes, so the sum is what counts.
    let mut left = DEFLATE_RATIO.saturating_mul(input.length() as u64);
    let (mut arrays, mut left_out) = (Vec::new(), Vec::new());
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| fail(format!("member {index}: {error}")))?;
        let Some(name) = member.name().strip_suffix(".npy").map(str::to_owned) else {
            if !member.is_dir() {
                left_out.push(format!("member '{}', which is no array", member.name()));
            }
            continue;
        };
        let damaged = |error: io::Error| fail(format!("member '{name}': {error}"));
        let data = if member.compression() == CompressionMethod::Stored {
            let data = input.part(member.data_start(), member.size());
            // Its checksum is compared at the end.
            io::copy(&mut Read::take(member, left), &mut io::sink()).map_err(damaged)?;
            data
        } else {
            let mut unpacked = Unpacked::new(&path);
            io::copy(&mut Read::take(member, left), &mut unpacked).map_err(damaged)?;
            unpacked.into_input()?
        };
        left = left.saturating_sub(data.length() as u64);
        // A member that holds no numbers, such as names of classes, is of no use here.
        match Array::read(&data, &name, None).and_then(|array| array.parts(&data).map(|_| array)) {
            Ok(array) => arrays.push(Member { name, array, data }),
            Err(Error::Malformed(error)) => left_out.push(format!("member '{name}': {}", error.found)),
            Err(error) => return Err(error),
        }
    }
    let refuse = |(found, expected): (String, String)| Error::malformed(&path, at, found, expected);
    let (members, taken) = join(arrays, &mut left_out).map_err(refuse)?;
    let expected = "a member xyz, positions or points of shape [N, 3+], or one of that shape alone";
    let parts = points_of(&input, members, Naming { given: None, taken }, at, expected)?;
    Ok(parts.with_rest(Rest { left_out, ..Rest::default() }))
}

/// The points of the longest array, with the columns of all; the arrays themselves are unpacked first.
fn extent(start: &Start<'_>) -> Option<Extent> {
    if start.is_compressed {
        return None;
    }
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(start.path).ok()?)).ok()?;
    let (mut points, mut columns, mut wide, mut bytes) = (0, 0, false, 0_u64);
    for index in 0..archive.len() {
        let member = archive.by_index(index).ok()?;
        let length = member.size().min(member.compressed_size().saturating_mul(DEFLATE_RATIO));
        let mut header = Vec::new();
        // A member that is damaged is told when it is read.
        let _ = member.take(HEADER).read_to_end(&mut header);
        let Some(array) = announced(start.path, &header, None) else { continue };
        points = array.rows_of(length).max(points);
        columns += array.columns();
        // Coordinates are in arrays of three columns or more, or in fields of one.
        wide |= array.columns() >= 3 && array.is_wide();
        bytes = bytes.saturating_add(length);
    }
    Some(Extent::of_columns(points, columns, wide, u64::MAX).and(bytes))
}

/// One member.
struct Member<'a> {
    name: String,
    array: Array,
    data: Input<'a>,
}

impl Member<'_> {
    fn has_points(&self) -> bool {
        let columns = self.array.named();
        let names = || columns.iter().map(|column| column.name.as_str());
        (0..3).all(|axis| names::find(names(), Role::Position(axis)).is_some())
    }

    fn is_label(&self) -> bool {
        self.array.columns() == 1 && names::role_of(&self.name).0 == Role::Label
    }

    fn is_normal_or_color(&self) -> bool {
        let is_part = |name: &str| matches!(names::role_of(name).0, Role::Normal(_) | Role::Color(_));
        self.array.named().iter().any(|column| is_part(&column.name))
    }
}

/// `member 'origin': 3 numbers`.
impl fmt::Display for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns) = (self.array.rows(), self.array.columns());
        let s = if rows == 1 { "" } else { "s" };
        write!(f, "member '{}': {rows} ", self.name)?;
        match columns {
            1 => write!(f, "number{s}"),
            _ => write!(f, "row{s} of {columns} numbers"),
        }
    }
}

/// Arrays of as many rows, each in a file of its own; then the array that is taken for the points although no name says so.
type Joined<'a> = (Vec<(Array, Input<'a>)>, Option<(usize, String)>);

/// The members that hold the coordinates.
enum Points {
    /// One that has all three.
    Named(usize),
    /// The members of every axis.
    Axes([usize; 3]),
    /// The only one with three columns or more.
    Only(usize),
}

impl Points {
    fn of(members: &[Member<'_>]) -> Option<Self> {
        if let Some(index) = members.iter().position(Member::has_points) {
            return Some(Self::Named(index));
        }
        let columns: Vec<(usize, String)> = members
            .iter()
            .enumerate()
            .flat_map(|(index, member)| {
                member.array.named().into_iter().map(move |column| (index, column.name))
            })
            .collect();
        let find = |axis| {
            let found = names::find(columns.iter().map(|(_, name)| name.as_str()), Role::Position(axis))?;
            Some(columns[found].0)
        };
        if let (Some(x), Some(y), Some(z)) = (find(0), find(1), find(2)) {
            return Some(Self::Axes([x, y, z]));
        }
        let is_wide = |member: &Member<'_>| member.array.columns() >= 3 && !member.is_normal_or_color();
        let mut wide = (0..members.len()).filter(|&index| is_wide(&members[index]));
        wide.next().filter(|_| wide.next().is_none()).map(Self::Only)
    }

    fn holds(&self, index: usize) -> bool {
        match self {
            Self::Named(points) | Self::Only(points) => index == *points,
            Self::Axes(axes) => axes.contains(&index),
        }
    }
}

/// The array of points, or those of the coordinates, and the others with one row per point.
///
/// The error says what was found where the coordinates or the labels are not of one length.
fn join<'a>(
    members: Vec<Member<'a>>,
    left_out: &mut Vec<String>,
) -> std::result::Result<Joined<'a>, (String, String)> {
    let Some(points) = Points::of(&members) else {
        // Without points the names of all columns are told.
        return Ok((members.into_iter().map(|member| (member.array, member.data)).collect(), None));
    };
    let of_points = (0..members.len()).filter(|&index| points.holds(index));
    let rows = members[of_points.clone().next().unwrap_or_default()].array.rows();
    if of_points.clone().any(|index| members[index].array.rows() != rows) {
        let found: Vec<String> = of_points.map(|index| members[index].to_string()).collect();
        return Err((found.join(", "), "coordinates of one length".into()));
    }
    let (mut joined, mut taken) = (Vec::new(), None);
    for (index, member) in members.into_iter().enumerate() {
        if !points.holds(index) {
            let second = matches!(points, Points::Named(_)) && member.has_points();
            // A single number is the class of the whole cloud.
            if member.array.rows() != rows && member.array.rows() != 1 && member.is_label() {
                return Err((member.to_string(), format!("{rows}, one per point")));
            }
            if second || member.array.rows() != rows {
                left_out.push(match second {
                    true => format!("member '{}': other points", member.name),
                    false => format!("{member} for {rows} points"),
                });
                continue;
            }
        } else if matches!(points, Points::Only(_)) {
            taken = Some((joined.len(), member.name));
        }
        joined.push((member.array, member.data));
    }
    Ok((joined, taken))
}
