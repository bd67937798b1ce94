//! The arrays in an HDF5 file, read through `hdf5-reader`.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hdf5_reader::{Attribute, ByteOrder, Datatype, FileStorage, Hdf5File, OpenOptions};

use super::slices;
use crate::error::{Error, Position, Result};
use crate::io::input::Input;
use crate::io::number::Number;
use crate::scalar::ScalarType;

/// An array may be this much larger than the file that holds it, compressed, and this many bytes more: coordinates do not
/// compress better, and what a damaged header claims beyond is not allocated.
const LARGER: usize = 64;
const MORE: usize = 64 << 20;

/// Bytes of parts of arrays that are kept unpacked.
const CACHE: usize = 1 << 24;

/// Groups in groups, and arrays, that are listed at most: a damaged file may have a group inside itself.
const DEEPEST: usize = 4;
const MOST_ARRAYS: usize = 1000;

/// One array of an HDF5 file, listed but not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hdf5Dataset {
    /// Its name, with those of the groups that it is in, such as `train/data`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Type of its values, such as `float`, `uchar` or `string`.
    pub kind: String,
}

impl fmt::Display for Hdf5Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.kind, self.name, self.shape)
    }
}

/// Lists the arrays of the HDF5 file at `path`, also those in groups.
///
/// # Errors
/// [`Error::Io`]; [`Error::Malformed`] for a file that is not HDF5 or is damaged.
pub fn inspect_hdf5(path: impl AsRef<Path>) -> Result<Vec<Hdf5Dataset>> {
    Ok(listed(&Source::open(path.as_ref())?))
}

/// The arrays of a file without their values.
pub(super) fn listed(source: &Source) -> Vec<Hdf5Dataset> {
    source.arrays.iter().map(|array| array.listed.clone()).collect()
}

/// An open file and its arrays.
pub(super) struct Source {
    path: PathBuf,
    pub(super) arrays: Vec<Stored>,
    /// What the file says beside its arrays: the attributes of every object, as a sentence.
    pub(super) attributes: Vec<String>,
}

/// An array that was not read yet.
pub(super) struct Stored {
    pub(super) listed: Hdf5Dataset,
    dataset: hdf5_reader::Dataset,
    /// The type of its numbers, and whether their most significant byte comes first.
    number: Option<(Number, bool)>,
}

impl Source {
    /// Opens a file of which only what is asked for is read.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let fail = |source| Error::io(path, "read", source);
        let file = std::fs::File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let storage = FileStorage::from_file(file).map_err(|error| damaged(path, &error))?;
        Self::of(path, length, Hdf5File::from_storage_with_options(Arc::new(storage), options(length)))
    }

    /// Of a file that stays open.
    pub(super) fn of_input(input: &Input<'static>) -> Result<Self> {
        let (path, length) = (input.path(), input.length() as u64);
        let options = options(length).with_chunk_cache_bytes(CACHE);
        let storage = Arc::new(slices::Stored { input: input.again() });
        Self::of(path, length, Hdf5File::from_storage_with_options(storage, options))
    }

    pub(super) fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let length = bytes.len() as u64;
        Self::of(path, length, Hdf5File::from_bytes_with_options(bytes, options(length)))
    }

    fn of(path: &Path, length: u64, file: hdf5_reader::error::Result<Hdf5File>) -> Result<Self> {
        let refuse = |error: hdf5_reader::error::Error| damaged(path, &error);
        let file = file.map_err(refuse)?;
        // What is there may be whole, but arrays that come later are missing.
        let end = file.superblock().eof_address;
        if end > length && end != u64::MAX {
            let (place, found) = (Position::Byte(length as usize), "the end of the file");
            return Err(Error::malformed(path, place, found.to_owned(), format!("{end} bytes")));
        }
        let root = file.root_group().map_err(refuse)?;
        let (mut names, mut attributes) = (Vec::new(), Vec::new());
        list_arrays(&root, "", 0, &mut names, &mut attributes).map_err(refuse)?;
        let open = |name: String| {
            let dataset = dataset_at(&root, &name).map_err(|error| unreadable(path, &name, &error))?;
            let sizes = dataset.shape().iter().map(|&size| usize::try_from(size));
            let shape = sizes.collect::<std::result::Result<_, _>>().map_err(|_| {
                let found = format!("shape {:?}", dataset.shape());
                Error::dataset(path, &name, found, "one that fits into memory")
            })?;
            let number = number_of(dataset.dtype());
            let kind =
                number.map_or_else(|| kind_of(dataset.dtype()).to_owned(), |(number, _)| name_of(number));
            Ok(Stored { listed: Hdf5Dataset { name, shape, kind }, dataset, number })
        };
        let arrays: Vec<Stored> = names.into_iter().map(open).collect::<Result<_>>()?;
        for Stored { listed, dataset, .. } in &arrays {
            attributes.extend(of_attributes(&dataset.attributes(), &format!("dataset '{}'", listed.name)));
        }
        Ok(Self { path: path.to_owned(), arrays, attributes })
    }

    /// Reads an array of numbers.
    pub(super) fn read(&self, index: usize) -> Result<Array> {
        let number = self.number(index)?;
        let Stored { listed, dataset, number: stored } = &self.arrays[index];
        let big = stored.is_some_and(|(_, big)| big);
        let bytes = dataset.read_raw_bytes().map_err(|error| unreadable(&self.path, &listed.name, &error))?;
        Ok(Array { name: listed.name.clone(), number, big, bytes })
    }

    /// The type of the numbers of an array, where it has numbers.
    pub(super) fn number(&self, index: usize) -> Result<Number> {
        let Stored { listed, number, .. } = &self.arrays[index];
        let found = || self.refuse(index, format!("values of type {}", listed.kind), "numbers");
        number.map(|(number, _)| number).ok_or_else(found)
    }

    /// A part of an array, least significant byte first; `ranges` are those of its first axes.
    pub(super) fn read_slice(&self, index: usize, ranges: &[Range<usize>]) -> Result<Vec<u8>> {
        let (number, Stored { listed, dataset, .. }) = (self.number(index)?, &self.arrays[index]);
        let slice = slices::read_slice(dataset, number, ranges);
        let slice = slice.map_err(|error| unreadable(&self.path, &listed.name, &error))?;
        slice.map_or_else(|| self.cut_slice(index, ranges), Ok)
    }

    /// [`read_slice`](Self::read_slice) of an array that is read as a whole.
    fn cut_slice(&self, index: usize, ranges: &[Range<usize>]) -> Result<Vec<u8>> {
        let (array, shape) = (self.read(index)?, &self.arrays[index].listed.shape);
        let size = array.number.size();
        let mut inner = shape.iter().product::<usize>() * size;
        let mut pieces: Vec<Range<usize>> = Vec::from_iter(Some(0..inner));
        for (length, range) in shape.iter().zip(ranges) {
            inner /= (*length).max(1);
            let cut = |piece: &Range<usize>| {
                range
                    .clone()
                    .map(|i| piece.start + i * inner..piece.start + (i + 1) * inner)
                    .collect::<Vec<_>>()
            };
            pieces = pieces.iter().flat_map(cut).collect();
        }
        let mut bytes: Vec<u8> =
            pieces.into_iter().flat_map(|piece| array.bytes[piece].iter().copied()).collect();
        if array.big {
            bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        Ok(bytes)
    }

    /// Bytes of the numbers of an array.
    pub(super) fn bytes_of(&self, index: usize) -> u64 {
        let Stored { listed, number, .. } = &self.arrays[index];
        let size = number.map_or(8, |(number, _)| number.size());
        listed.shape.iter().fold(size as u64, |bytes, &length| bytes.saturating_mul(length as u64))
    }

    /// Whether singles hold all numbers of an array.
    pub(super) fn is_single(&self, index: usize) -> bool {
        self.arrays[index].number.is_some_and(|(number, _)| number.is_single())
    }

    /// The error for an array that is not as expected.
    pub(super) fn refuse(&self, index: usize, found: impl Into<Box<str>>, expected: &str) -> Error {
        Error::dataset(&self.path, &self.arrays[index].listed.name, found, expected)
    }

    /// The error for a file that holds no clouds.
    pub(super) fn no_clouds(&self, expected: &str) -> Error {
        let names: Vec<String> = self.arrays.iter().map(|array| array.listed.to_string()).collect();
        let found = if names.is_empty() { "no arrays".into() } else { names.join(", ") };
        Error::malformed(&self.path, Position::Byte(0), found, expected)
    }

    pub(super) fn is_number(&self, index: usize) -> bool {
        self.arrays[index].number.is_some()
    }
}

/// An array of numbers in memory, as bytes.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) name: String,
    pub(super) number: Number,
    pub(super) big: bool,
    pub(super) bytes: Vec<u8>,
}

impl Array {
    /// The bytes of the `length` numbers from number `start` on.
    pub(super) fn part(&self, start: usize, length: usize) -> &[u8] {
        let size = self.number.size();
        self.bytes.get(start * size..(start + length) * size).unwrap_or_default()
    }

    /// All numbers.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.bytes.chunks_exact(self.number.size()).map(|bytes| self.number.read(bytes, self.big))
    }
}

/// The array at a path of groups.
fn dataset_at(
    root: &hdf5_reader::group::Group,
    path: &str,
) -> hdf5_reader::error::Result<hdf5_reader::Dataset> {
    match path.split_once('/') {
        Some((group, rest)) => dataset_at(&root.group(group)?, rest),
        None => root.dataset(path),
    }
}

/// The attributes of a part of a file, as a sentence.
fn of_attributes(attributes: &[Attribute], part: &str) -> Option<String> {
    let names: Vec<String> = attributes.iter().map(|attribute| format!("'{}'", attribute.name)).collect();
    let s = if names.len() == 1 { "" } else { "s" };
    (!names.is_empty()).then(|| format!("attribute{s} {} of {part}", names.join(", ")))
}

/// Adds the paths of all arrays in `group` and the groups in it, and the attributes of these groups.
fn list_arrays(
    group: &hdf5_reader::group::Group,
    prefix: &str,
    depth: usize,
    names: &mut Vec<String>,
    attributes: &mut Vec<String>,
) -> hdf5_reader::error::Result<()> {
    let part = match prefix.trim_end_matches('/') {
        "" => "the file".to_owned(),
        group => format!("group '{group}'"),
    };
    attributes.extend(of_attributes(&group.attributes()?, &part));
    let (groups, arrays) = group.member_names()?;
    names.extend(arrays.into_iter().map(|name| format!("{prefix}{name}")));
    if depth < DEEPEST && names.len() < MOST_ARRAYS {
        for name in groups {
            list_arrays(&group.group(&name)?, &format!("{prefix}{name}/"), depth + 1, names, attributes)?;
        }
    }
    Ok(())
}

fn options(length: u64) -> OpenOptions {
    let most = usize::try_from(length).unwrap_or(usize::MAX).saturating_mul(LARGER).saturating_add(MORE);
    OpenOptions::default()
        .with_max_read_bytes(most)
        .with_max_chunk_bytes(most)
        .with_max_object_header_bytes(1 << 20)
}

fn damaged(path: &Path, error: &hdf5_reader::error::Error) -> Error {
    Error::malformed(
        path,
        Position::Byte(0),
        format!("a structure that cannot be read ({error})"),
        "an HDF5 file",
    )
}

fn unreadable(path: &Path, dataset: &str, error: &hdf5_reader::error::Error) -> Error {
    let found = format!("what cannot be read ({error})");
    Error::dataset(path, dataset, found, "an array stored as it is, or with deflate and shuffle")
}

fn number_of(kind: &Datatype) -> Option<(Number, bool)> {
    let (number, order) = match kind {
        Datatype::FixedPoint { size, signed, byte_order } => {
            let number = match (size, signed) {
                (1, true) => Number::Scalar(ScalarType::I8),
                (1, false) => Number::Scalar(ScalarType::U8),
                (2, true) => Number::Scalar(ScalarType::I16),
                (2, false) => Number::Scalar(ScalarType::U16),
                (4, true) => Number::Scalar(ScalarType::I32),
                (4, false) => Number::Scalar(ScalarType::U32),
                (8, true) => Number::I64,
                (8, false) => Number::U64,
                _ => return None,
            };
            (number, byte_order)
        }
        Datatype::FloatingPoint { size, byte_order } => {
            let number = match size {
                2 => Number::F16,
                4 => Number::Scalar(ScalarType::F32),
                8 => Number::Scalar(ScalarType::F64),
                _ => return None,
            };
            (number, byte_order)
        }
        _ => return None,
    };
    Some((number, matches!(order, ByteOrder::BigEndian)))
}

fn name_of(number: Number) -> String {
    match number {
        Number::Scalar(scalar) => scalar.name(),
        Number::F16 => "half",
        Number::I64 => "int64",
        Number::U64 => "uint64",
    }
    .to_owned()
}

fn kind_of(kind: &Datatype) -> &'static str {
    match kind {
        Datatype::FixedPoint { .. } | Datatype::FloatingPoint { .. } => "number of unusual size",
        Datatype::String { .. } | Datatype::VarLen { .. } => "string",
        Datatype::Compound { .. } => "compound",
        Datatype::Enum { .. } => "enumeration",
        _ => "other",
    }
}
