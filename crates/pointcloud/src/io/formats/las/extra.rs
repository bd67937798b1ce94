//! Extra bytes of LAS points: further numbers, as the file describes them.

use super::super::binary::{Field, Number};
use crate::scalar::ScalarType;

/// Bytes of a description.
pub(super) const ENTRY: usize = 192;

/// Types 1 to 6 of extra bytes.
pub(super) const EXTRA_TYPES: [ScalarType; 6] =
    [ScalarType::U8, ScalarType::I8, ScalarType::U16, ScalarType::I16, ScalarType::U32, ScalarType::I32];

/// One number of the extra bytes.
#[derive(Debug)]
pub(super) struct Extra {
    pub(super) field: Field,
    /// Factor and summand.
    pub(super) transform: Option<(f64, f64)>,
}

/// The type of a description, and how many numbers of it there are.
pub(super) fn type_of(kind: u8) -> Option<(Number, usize)> {
    // Types 11 to 20 are pairs, 21 to 30 triples of types 1 to 10; version 1.4 R14 withdrew them.
    let (kind, count) = match kind {
        1..=10 => (kind, 1),
        11..=20 => (kind - 10, 2),
        21..=30 => (kind - 20, 3),
        _ => return None,
    };
    let number = match kind {
        1..=6 => Number::Scalar(EXTRA_TYPES[usize::from(kind) - 1]),
        7 => Number::U64,
        8 => Number::I64,
        9 => Number::Scalar(ScalarType::F32),
        _ => Number::Scalar(ScalarType::F64),
    };
    Some((number, count))
}

/// Factor and summand of part `part` of a description.
pub(super) fn transform_of(entry: &[u8], part: usize) -> Option<(f64, f64)> {
    let options = entry[3];
    let double = |at: usize| Number::Scalar(ScalarType::F64).read(&entry[at + 8 * part..], false);
    let scale = if options & 8 != 0 { double(112) } else { 1.0 };
    let offset = if options & 16 != 0 { double(136) } else { 0.0 };
    (options & 24 != 0).then_some((scale, offset))
}

type Described = (Vec<Extra>, Vec<(String, Vec<u8>)>, Vec<String>);

/// What the extra bytes from byte `start` to byte `size` of a point are; the descriptions of single numbers; what is left
/// out.
pub(super) fn extra_of(descriptions: &[u8], start: usize, size: usize) -> Described {
    let mut offset = start;
    let (mut extra, mut entries, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for entry in descriptions.chunks_exact(ENTRY) {
        let (kind, options) = (entry[2], entry[3]);
        let name = entry[4..36].split(|&b| b == 0).next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).trim().to_owned();
        let Some((number, count)) = type_of(kind) else {
            // Type 0 is any bytes, their number in the options.
            offset += usize::from(options);
            left_out.push(format!("extra bytes '{name}' of no number type"));
            if kind == 0 {
                continue;
            }
            break;
        };
        if offset + count * number.size() > size {
            left_out.push(format!("extra bytes '{name}', which do not fit the points"));
            break;
        }
        for part in 0..count {
            let name = if count == 1 { name.clone() } else { format!("{name}_{part}") };
            let field = Field { name, number, offset: offset + part * number.size() };
            extra.push(Extra { field, transform: transform_of(entry, part) });
        }
        if count == 1 {
            entries.push((name, entry.to_vec()));
        }
        offset += count * number.size();
    }
    if offset < size && left_out.is_empty() {
        left_out.push(format!("{} extra bytes without description", size - offset));
    }
    (extra, entries, left_out)
}
