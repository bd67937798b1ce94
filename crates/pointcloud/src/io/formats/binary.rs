//! Fixed-size binary records, as PCD, NPY and LAS store them.

use std::ops::Range;

use crate::cloud::PointCloud;
use crate::io::columns::columns_of;
use crate::io::facts::LARGEST_WHOLE;
use crate::io::number::{Number, put};
use crate::io::raw::Raw;
use crate::scalar::ScalarProperty;

/// Appends points as records of all columns, one number after the other.
pub(super) fn put_records(cloud: &PointCloud, rows: Range<usize>, out: &mut Vec<u8>) {
    let columns = columns_of(cloud);
    for i in rows {
        columns.iter().for_each(|column| put(out, column.scalar_type, (column.value)(i)));
    }
}

/// [`put_records`] with the columns in an order.
pub(super) fn put_ordered(cloud: &PointCloud, rows: Range<usize>, order: &[usize], out: &mut Vec<u8>) {
    let columns = columns_of(cloud);
    for i in rows {
        order.iter().for_each(|&index| put(out, columns[index].scalar_type, (columns[index].value)(i)));
    }
}

/// One number at an offset in a record.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) number: Number,
    pub(super) offset: usize,
}

/// The columns of `records`, each `size` bytes long, as they are stored.
pub(super) fn raw_records(records: &[u8], size: usize, fields: &[Field], big: bool) -> Vec<Raw> {
    let column = |field: &Field| {
        let values = field.number.column(records, size, field.offset, big);
        let mut raw = Raw::numbers(field.name.as_str(), field.number, values);
        if matches!(field.number, Number::I64 | Number::U64) {
            let beyond = raw.values.iter().enumerate().filter(|(_, v)| v.abs() >= LARGEST_WHOLE as f64);
            let whole = |row: usize| {
                let record = &records[row * size..(row + 1) * size];
                field.number.read_whole(record.get(field.offset..).unwrap_or_default(), big)
            };
            let exact = beyond.map(|(row, _)| (row, whole(row)));
            raw.large = exact.filter(|(_, v)| v.unsigned_abs() > u128::from(LARGEST_WHOLE)).collect();
        }
        raw
    };
    fields.iter().map(column).collect()
}

/// [`raw_records`] with their types; a column of 64-bit integers may become two, see [`Raw::typed`].
pub(super) fn read_records(records: &[u8], size: usize, fields: &[Field], big: bool) -> Vec<ScalarProperty> {
    raw_records(records, size, fields, big).into_iter().flat_map(Raw::into_columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_what_a_double_holds_are_kept() {
        let wide = (1_u64 << 60) + 1;
        let field = Field { name: "t".into(), number: Number::U64, offset: 0 };
        let columns = raw_records(&wide.to_le_bytes(), 8, std::slice::from_ref(&field), false);
        assert_eq!(columns[0].large, [(0, i128::from(wide))]);
    }
}
