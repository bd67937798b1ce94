//! Extra bytes of LAS points: further numbers, as the file describes them.

use std::collections::HashSet;
use std::ops::Range;

use super::super::binary::Field;
use crate::io::number::Number;
use crate::metadata::LasExtra;
use crate::scalar::ScalarType;

/// Bytes of a description.
pub(super) const ENTRY: usize = 192;

/// Most extra bytes without description that are kept.
const MOST_BYTES: usize = 64;

/// What bytes of no known type are.
const BYTE: Number = Number::Scalar(ScalarType::U8);

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

/// What the extra bytes of a point are.
#[derive(Debug, Default)]
pub(super) struct Described {
    pub(super) numbers: Vec<Extra>,
    pub(super) stored: Vec<LasExtra>,
    /// What cannot be read.
    pub(super) left_out: Vec<String>,
}

impl Described {
    /// The extra bytes from byte `start` to byte `size` of a point.
    ///
    /// Bytes whose type is not known are numbers from 0 to 255, so that they are kept.
    pub(super) fn of(descriptions: &[u8], start: usize, size: usize) -> Self {
        let (mut offset, mut described) = (start, Self::default());
        let mut taken = HashSet::from(["x", "y", "z"].map(str::to_owned));
        for entry in descriptions.chunks_exact(ENTRY) {
            let name = name_of(entry);
            // Type 0 is any bytes, their number in the options.
            let bytes = usize::from(entry[3]);
            let known = if entry[2] == 0 { Some((BYTE, bytes)) } else { type_of(entry[2]) };
            let Some((number, count)) = known else {
                described
                    .left_out
                    .push(format!("description of the extra bytes '{name}', whose type is not known"));
                break;
            };
            if offset + count * number.size() > size {
                described.left_out.push(format!("extra bytes '{name}', which do not fit the points"));
                break;
            }
            let names = match count {
                1 if entry[2] > 0 => vec![free_name(&name, &mut taken)],
                _ => (0..count).map(|part| free_name(&format!("{name}_{part}"), &mut taken)).collect(),
            };
            for (part, name) in names.iter().enumerate() {
                let field = Field { name: name.clone(), number, offset: offset + part * number.size() };
                let transform = if entry[2] > 0 { transform_of(entry, part) } else { None };
                described.numbers.push(Extra { field, transform });
            }
            described.stored.push(LasExtra { names, entry: entry.to_vec() });
            offset += count * number.size();
        }
        described.add_undescribed(offset..size, &mut taken);
        described
    }

    /// Adds bytes without a description.
    fn add_undescribed(&mut self, bytes: Range<usize>, taken: &mut HashSet<String>) {
        if bytes.is_empty() {
            return;
        }
        if bytes.len() > MOST_BYTES {
            self.left_out.push(format!("{} extra bytes without description", bytes.len()));
            return;
        }
        let names: Vec<String> =
            (0..bytes.len()).map(|part| free_name(&format!("extra_byte_{part}"), taken)).collect();
        for (name, offset) in names.iter().zip(bytes) {
            let field = Field { name: name.clone(), number: BYTE, offset };
            self.numbers.push(Extra { field, transform: None });
        }
        self.stored.push(LasExtra { names, entry: Vec::new() });
    }
}

impl LasExtra {
    /// The type of the numbers.
    pub(super) fn number(&self) -> Number {
        self.entry.get(2).and_then(|&kind| type_of(kind)).map_or(BYTE, |(number, _)| number)
    }

    /// Factor and summand of a number.
    pub(super) fn transform(&self, part: usize) -> Option<(f64, f64)> {
        let entry = self.entry.get(..ENTRY).filter(|entry| entry[2] > 0)?;
        transform_of(entry, part)
    }
}

/// The name in a description.
pub(super) fn name_of(entry: &[u8]) -> String {
    let name = entry[4..36].split(|&b| b == 0).next().unwrap_or_default();
    String::from_utf8_lossy(name).trim().to_owned()
}

/// A name without blanks that is not taken: no reader of the columns changes it.
fn free_name(name: &str, taken: &mut HashSet<String>) -> String {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let clean: String = name.chars().map(|c| if odd(c) { '_' } else { c }).collect();
    let clean = if clean.is_empty() { "unnamed".to_owned() } else { clean };
    let numbered = (2..).map(|number: u32| format!("{clean}_{number}"));
    let free = std::iter::once(clean.clone()).chain(numbered).find(|name| !taken.contains(name));
    let free = free.unwrap_or(clean);
    taken.insert(free.clone());
    free
}
