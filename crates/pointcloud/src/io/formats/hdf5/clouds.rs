//! The clouds of one HDF5 file.

use std::path::{Path, PathBuf};

use super::super::binary::{Field, read_records};
use super::super::naming::{name_array, shape_of};
use super::arrays::{Array, Source};
use super::channels::{Channel, Seen};
use super::layout::{EXPECTED, Layout, split};
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::columns::cloud_of_table;
use crate::io::extent::{Extent, Start};
use crate::scalar::ScalarType;

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
        let mut seen = Seen::new(layout.channels, positions.number, positions.big);
        seen.add(&positions.bytes);
        let channels = seen.name();
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
            channel.scale(&mut column.values);
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
