//! The clouds of one HDF5 file.

use std::path::{Path, PathBuf};

use super::super::binary::{Field, read_records};
use super::super::naming::{name_array, shape_of};
use super::arrays::{Array, Source};
use super::channels::{Channel, name_channels};
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::columns::cloud_of_table;
use crate::io::extent::{Extent, Start};
use crate::scalar::ScalarType;

/// Names of the array of positions, the first that is there.
const POSITIONS: [&str; 6] = ["data", "points", "positions", "xyz", "pos", "coords"];

/// Names of the array of labels, of clouds or of points.
const LABELS: [&str; 3] = ["label", "labels", "class"];

/// Names of arrays that belong to the points and must fit them.
const OF_POINTS: [&str; 5] = ["pid", "normal", "normals", "color", "colors"];

/// More numbers per point than this are taken for something that is no point cloud.
const MOST_CHANNELS: usize = 1024;

/// Numbers per point that an array of another name may have.
const MOST_UNNAMED: usize = 12;

const EXPECTED: &str = "an array 'data' of shape [clouds, points, 3+] or [points, 3+]";

/// The clouds of an HDF5 file, of equally many points each: ModelNet40 and ShapeNetPart as PointNet's authors distribute them,
/// blocks of rooms, and files with the same arrays.
///
/// `data [S, N, C]` holds the positions in its first three channels (it may also be called `points`, `positions`, `xyz`, `pos` or
/// `coords`), and further channels: normals, where channels 4 to 6 have length 1, or colours, where they are from 0 to 1 or whole
/// numbers to 255; with nine channels the last three are `room_x`, `room_y`, `room_z`. `label [S]` or `[S, 1]` is the class of
/// every cloud, `label [S, N]` that of every point. All other arrays `[S, N]` and `[S, N, C]` are columns of the points, such as
/// `pid` and `normal`. One cloud may lack the first axis.
#[derive(Clone, Debug)]
pub struct Hdf5Clouds {
    path: PathBuf,
    clouds: usize,
    points: usize,
    channels: Vec<Channel>,
    positions: Array,
    /// Arrays with so many numbers per point.
    columns: Vec<(Array, usize)>,
    classes: Option<Vec<i64>>,
}

/// What is in a file, without its points.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) clouds: usize,
    /// Classes of the clouds.
    pub(crate) classes: Option<Vec<i64>>,
    /// Whether the points name the part that they belong to, `pid`.
    pub(crate) parts: bool,
    /// Whether there are as many channels as in blocks with coordinates in the room.
    pub(crate) in_room: bool,
}

impl Header {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let source = Source::open(path)?;
        let layout = Layout::of(&source)?;
        let parts =
            layout.columns.iter().any(|&(index, _)| source.arrays[index].listed.name.ends_with("pid"));
        let (clouds, in_room) = (layout.clouds, layout.channels == 9);
        Ok(Self { clouds, classes: layout.classes(&source)?, parts, in_room })
    }
}

impl Hdf5Clouds {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Malformed`] for a file that is damaged or does not have these arrays.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::of(path.as_ref(), &Source::open(path.as_ref())?)
    }

    /// Reads a file in memory; `name` is the name of the file in messages.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(bytes: &[u8], name: impl AsRef<Path>) -> Result<Self> {
        Self::of(name.as_ref(), &Source::of_bytes(name.as_ref(), bytes)?)
    }

    fn of(path: &Path, source: &Source) -> Result<Self> {
        let layout = Layout::of(source)?;
        let positions = source.read(layout.positions)?;
        let channels = name_channels(&positions, layout.channels);
        let read = |&(index, channels): &(usize, usize)| Ok((source.read(index)?, channels));
        let columns = layout.columns.iter().map(read).collect::<Result<_>>()?;
        let (clouds, points) = (layout.clouds, layout.points);
        let classes = layout.classes(source)?;
        Ok(Self { path: path.to_owned(), clouds, points, channels, positions, columns, classes })
    }

    /// Number of clouds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clouds
    }

    /// Whether there is no cloud.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clouds == 0
    }

    /// Number of points of every cloud.
    #[must_use]
    pub fn points(&self) -> usize {
        self.points
    }

    /// The class of every cloud, where the file has them.
    #[must_use]
    pub fn classes(&self) -> Option<&[i64]> {
        self.classes.as_deref()
    }

    /// Cloud `index` with all its columns.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the columns make no cloud.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len).
    pub fn cloud(&self, index: usize) -> Result<PointCloud> {
        assert!(index < self.clouds, "Hdf5Clouds: cloud {index} of {}", self.clouds);
        let records = |array: &Array, channels: usize| {
            let size = array.number.size();
            let field = |i: usize| Field { name: String::new(), number: array.number, offset: i * size };
            let fields: Vec<Field> = (0..channels).map(field).collect();
            let bytes = array.part(index * self.points * channels, self.points * channels);
            read_records(bytes, channels * size, &fields, array.big)
        };
        let mut all = records(&self.positions, self.channels.len());
        for (column, channel) in all.iter_mut().zip(&self.channels) {
            column.name.clone_from(&channel.name);
            if channel.share {
                // `+ 0.0` makes 0 of -0.
                column.values.iter_mut().for_each(|v| *v = (*v * 255.0).round() + 0.0);
            }
            if channel.byte {
                column.scalar_type = ScalarType::U8;
            }
        }
        for (array, channels) in &self.columns {
            let mut columns = records(array, *channels);
            let shape = shape_of(&columns);
            name_array(split(&array.name).1, &mut columns, &shape);
            all.extend(columns);
        }
        let contents = cloud_of_table(all).map(|contents| contents.cloud);
        contents.map_err(|found| Error::dataset(&self.path, &self.positions.name, found, EXPECTED))
    }

    /// The cloud, where there is just one.
    ///
    /// # Errors
    /// [`Error::Malformed`] where there are more or none.
    pub fn only(&self) -> Result<PointCloud> {
        if self.clouds == 1 {
            return self.cloud(0);
        }
        let found = format!("{} clouds of {} points", self.clouds, self.points);
        let expected = "one cloud; `pointwise convert` makes a file of each";
        Err(Error::dataset(&self.path, &self.positions.name, found, expected))
    }
}

/// The points of all clouds; all arrays are read, then the columns of one cloud are made of them.
pub(super) fn extent(start: &Start<'_>) -> Option<Extent> {
    if start.is_compressed {
        return None;
    }
    let source = Source::open(start.path).ok()?;
    let Layout { positions, clouds, points, channels, columns, .. } = Layout::of(&source).ok()?;
    let arrays = std::iter::once((positions, channels)).chain(columns);
    let (mut bytes, mut of_point) = (0_u64, 0);
    for (index, channels) in arrays {
        bytes = bytes.saturating_add(source.bytes_of(index));
        of_point += channels;
    }
    let cloud = Extent::of_columns(points as u64, of_point, !source.is_single(positions), u64::MAX);
    let points = (clouds as u64).saturating_mul(points as u64);
    Some(Extent { points, ..cloud.and(bytes) })
}

/// Which array is what.
struct Layout {
    positions: usize,
    clouds: usize,
    points: usize,
    channels: usize,
    class: Option<usize>,
    columns: Vec<(usize, usize)>,
}

/// Groups and name of an array.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The array of positions: that of a known name, in the root or in the only group that has one; else the only array of
/// that shape.
fn positions_of(source: &Source) -> Result<usize> {
    let named = |name: &&str| {
        let all =
            || source.arrays.iter().enumerate().filter(|(_, array)| split(&array.listed.name).1 == *name);
        let root = all().find(|(_, array)| array.listed.name == **name).map(|(index, _)| index);
        let several = all().count();
        root.map(Ok).or_else(|| match several {
            0 => None,
            1 => all().next().map(|(index, _)| Ok(index)),
            _ => Some(Err(source.no_clouds("one group of clouds; split the file into one file per group"))),
        })
    };
    if let Some(found) = POSITIONS.iter().find_map(named) {
        return found;
    }
    let is_points = |index: &usize| {
        let shape = source.arrays[*index].listed.shape.as_slice();
        source.is_number(*index) && matches!(shape, [_, 3..=MOST_UNNAMED] | [_, _, 3..=MOST_UNNAMED])
    };
    let unnamed: Vec<usize> = (0..source.arrays.len()).filter(is_points).collect();
    match unnamed[..] {
        [only] => Ok(only),
        _ => Err(source.no_clouds(EXPECTED)),
    }
}

impl Layout {
    fn of(source: &Source) -> Result<Self> {
        let shape = |index: usize| source.arrays[index].listed.shape.as_slice();
        let positions = positions_of(source)?;
        // What belongs to the positions is in their group.
        let group = split(&source.arrays[positions].listed.name).0.to_owned();
        let (clouds, points, channels, flat) = match *shape(positions) {
            [clouds, points, channels @ 3..=MOST_CHANNELS] => (clouds, points, channels, false),
            [points, channels @ 3..=MOST_CHANNELS] => (1, points, channels, true),
            _ => return Err(source.refuse(positions, format!("shape {:?}", shape(positions)), EXPECTED)),
        };
        let mut layout = Self { positions, clouds, points, channels, class: None, columns: Vec::new() };
        for index in 0..source.arrays.len() {
            let (of_group, name) = split(&source.arrays[index].listed.name);
            if of_group != group {
                continue;
            }
            if POSITIONS.contains(&name) || !(source.is_number(index) || LABELS.contains(&name)) {
                continue;
            }
            // The axes after the points; of one cloud without the first axis the points come first.
            let of_points = match (flat, shape(index)) {
                (true, [n, rest @ ..]) if *n == points => Some(rest),
                (false, [s, n, rest @ ..]) if *s == clouds && *n == points => Some(rest),
                _ => None,
            };
            let of_clouds = !flat && matches!(shape(index), [s] | [s, 1] if *s == clouds);
            match (of_clouds, of_points) {
                (true, _) if LABELS.contains(&name) => layout.class = layout.class.or(Some(index)),
                (true, _) => {}
                (false, Some([])) => layout.columns.push((index, 1)),
                (false, Some(&[channels @ 1..=MOST_CHANNELS])) => layout.columns.push((index, channels)),
                _ if LABELS.contains(&name) || OF_POINTS.contains(&name) => {
                    let per_cloud = if LABELS.contains(&name) {
                        format!("[{clouds}], [{clouds}, 1] or ")
                    } else {
                        String::new()
                    };
                    let expected = match flat {
                        true => format!("[{points}] or [{points}, ..]"),
                        false => format!("{per_cloud}[{clouds}, {points}] or [{clouds}, {points}, ..]"),
                    };
                    let expected = format!("{expected}, as 'data' has shape {:?}", shape(positions));
                    return Err(source.refuse(index, format!("shape {:?}", shape(index)), &expected));
                }
                _ => {}
            }
        }
        Ok(layout)
    }

    fn classes(&self, source: &Source) -> Result<Option<Vec<i64>>> {
        let Some(index) = self.class else { return Ok(None) };
        let array = source.read(index)?;
        let class = |(cloud, value): (usize, f64)| {
            let whole = value.fract() == 0.0 && value.abs() < 9e15;
            let found = || source.refuse(index, format!("{value} for cloud {cloud}"), "whole numbers");
            whole.then_some(value as i64).ok_or_else(found)
        };
        array.values().enumerate().map(class).collect::<Result<Vec<i64>>>().map(Some)
    }
}
