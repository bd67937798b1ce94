//! Parts of the arrays of an HDF5 file.

use std::ops::Range;

use hdf5_reader::error::Error as Failure;
use hdf5_reader::storage::{Storage, StorageBuffer};
use hdf5_reader::{Dataset, SliceInfo, SliceInfoElem};

use crate::io::input::Input;
use crate::io::number::Number;
use crate::scalar::ScalarType;

/// The numbers of a part of an array, least significant byte first; `ranges` are those of its first axes. `None` for numbers that
/// are not read in parts.
pub(super) fn read_slice(
    dataset: &Dataset,
    number: Number,
    ranges: &[Range<usize>],
) -> Result<Option<Vec<u8>>, Failure> {
    let mut selection = SliceInfo::all(dataset.ndim());
    for (axis, range) in selection.selections.iter_mut().zip(ranges) {
        *axis = SliceInfoElem::Slice { start: range.start as u64, end: range.end as u64, step: 1 };
    }
    macro_rules! numbers {
        ($kind:ty) => {{
            let numbers = dataset.read_slice::<$kind>(&selection)?;
            let mut bytes = Vec::with_capacity(numbers.len() * size_of::<$kind>());
            numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
            Ok(Some(bytes))
        }};
    }
    match number {
        Number::Scalar(ScalarType::I8) => numbers!(i8),
        Number::Scalar(ScalarType::U8) => numbers!(u8),
        Number::Scalar(ScalarType::I16) => numbers!(i16),
        Number::Scalar(ScalarType::U16) => numbers!(u16),
        Number::Scalar(ScalarType::I32) => numbers!(i32),
        Number::Scalar(ScalarType::U32) => numbers!(u32),
        Number::Scalar(ScalarType::F32) => numbers!(f32),
        Number::Scalar(ScalarType::F64) => numbers!(f64),
        Number::I64 => numbers!(i64),
        Number::U64 => numbers!(u64),
        Number::F16 => Ok(None),
    }
}

/// A file that is read where the library asks for it.
pub(super) struct Stored {
    pub(super) input: Input<'static>,
}

impl Storage for Stored {
    fn len(&self) -> u64 {
        self.input.length() as u64
    }

    fn read_range(&self, offset: u64, length: usize) -> Result<StorageBuffer, Failure> {
        let mut part = self.input.part(offset, length as u64);
        let available = part.length() as u64;
        if available < length as u64 {
            return Err(Failure::UnexpectedEof { offset, needed: length as u64, available });
        }
        let bytes = part.take(length).map_err(|error| Failure::InvalidData(error.to_string()))?;
        Ok(StorageBuffer::from_vec(bytes))
    }
}
