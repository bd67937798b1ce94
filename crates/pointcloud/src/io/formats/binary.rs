//! Fixed-size binary records, as PCD, NPY and LAS store them.

use crate::scalar::{ScalarProperty, ScalarType};

/// A stored number, also of types that a column cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Scalar(ScalarType),
    F16,
    I64,
    U64,
}

impl Number {
    pub(super) fn size(self) -> usize {
        match self {
            Self::Scalar(scalar) => scalar.size(),
            Self::F16 => 2,
            Self::I64 | Self::U64 => 8,
        }
    }

    /// Reads the first bytes of `bytes`; 0 where there are too few.
    pub(super) fn read(self, bytes: &[u8], big: bool) -> f64 {
        let mut raw = [0; 8];
        let size = self.size();
        if let Some(stored) = bytes.get(..size) {
            raw[..size].copy_from_slice(stored);
        }
        if big {
            raw[..size].reverse();
        }
        let [a, b, c, d, ..] = raw;
        match self {
            Self::Scalar(ScalarType::I8) => f64::from(a as i8),
            Self::Scalar(ScalarType::U8) => f64::from(a),
            Self::Scalar(ScalarType::I16) => f64::from(i16::from_le_bytes([a, b])),
            Self::Scalar(ScalarType::U16) => f64::from(u16::from_le_bytes([a, b])),
            Self::Scalar(ScalarType::I32) => f64::from(i32::from_le_bytes([a, b, c, d])),
            Self::Scalar(ScalarType::U32) => f64::from(u32::from_le_bytes([a, b, c, d])),
            Self::Scalar(ScalarType::F32) => f64::from(f32::from_le_bytes([a, b, c, d])),
            Self::Scalar(ScalarType::F64) => f64::from_le_bytes(raw),
            Self::F16 => half(u16::from_le_bytes([a, b])),
            Self::I64 => i64::from_le_bytes(raw) as f64,
            Self::U64 => u64::from_le_bytes(raw) as f64,
        }
    }

    /// Reads a 64-bit integer; 0 where there are too few bytes.
    fn read_whole(self, bytes: &[u8], big: bool) -> i128 {
        let Some(&raw) = bytes.first_chunk::<8>() else { return 0 };
        let bits = if big { u64::from_be_bytes(raw) } else { u64::from_le_bytes(raw) };
        if self == Self::I64 { i128::from(bits as i64) } else { i128::from(bits) }
    }

    /// Appends `value`, least significant byte first; whole numbers are rounded.
    pub(super) fn put(self, out: &mut Vec<u8>, value: f64) {
        match self {
            Self::Scalar(scalar) => put(out, scalar, scalar.round(value)),
            Self::I64 => out.extend((value.round() as i64).to_le_bytes()),
            Self::U64 => out.extend((value.round() as u64).to_le_bytes()),
            Self::F16 => unreachable!("no format is written with half precision"),
        }
    }

    /// A column of such numbers. 64-bit integers become `int` where all fit, else `double`.
    pub(super) fn column(self, name: impl Into<String>, values: Vec<f64>) -> ScalarProperty {
        let scalar_type = match self {
            Self::Scalar(scalar) => scalar,
            Self::F16 => ScalarType::F32,
            Self::I64 | Self::U64 if values.iter().all(|&v| f64::from(v as i32) == v) => ScalarType::I32,
            Self::I64 | Self::U64 => ScalarType::F64,
        };
        ScalarProperty { name: name.into(), scalar_type, values }
    }
}

/// The IEEE half-precision number of these bits.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match (exponent, bits & 1023) {
        (31, 0) => f64::INFINITY,
        (31, _) => f64::NAN,
        (0, _) => fraction * 2.0_f64.powi(-24),
        _ => (1.0 + fraction / 1024.0) * 2.0_f64.powi(exponent - 15),
    }
}

/// Appends `value` as `scalar`, least significant byte first.
pub(super) fn put(out: &mut Vec<u8>, scalar: ScalarType, value: f64) {
    match scalar {
        ScalarType::I8 => out.extend((value as i8).to_le_bytes()),
        ScalarType::U8 => out.extend((value as u8).to_le_bytes()),
        ScalarType::I16 => out.extend((value as i16).to_le_bytes()),
        ScalarType::U16 => out.extend((value as u16).to_le_bytes()),
        ScalarType::I32 => out.extend((value as i32).to_le_bytes()),
        ScalarType::U32 => out.extend((value as u32).to_le_bytes()),
        ScalarType::F32 => out.extend((value as f32).to_le_bytes()),
        ScalarType::F64 => out.extend(value.to_le_bytes()),
    }
}

/// One number at an offset in a record.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) number: Number,
    pub(super) offset: usize,
}

/// What the names of the two halves of a column end in, see [`whole_columns`].
pub(super) const HALVES: [&str; 2] = ["_high32", "_low32"];

/// Columns of 64-bit integers: one, or where `f64` does not hold all of them two, `NAME_high32 · 2^32 + NAME_low32`.
pub(super) fn whole_columns(name: &str, number: Number, values: &[i128]) -> Vec<ScalarProperty> {
    if values.iter().all(|v| v.unsigned_abs() <= 1 << 53) {
        return vec![number.column(name, values.iter().map(|&v| v as f64).collect())];
    }
    let high = if number == Number::I64 { ScalarType::I32 } else { ScalarType::U32 };
    let half = |suffix: &str, scalar_type, of: fn(i128) -> i128| ScalarProperty {
        name: format!("{name}{suffix}"),
        scalar_type,
        values: values.iter().map(|&v| of(v) as f64).collect(),
    };
    vec![half(HALVES[0], high, |v| v >> 32), half(HALVES[1], ScalarType::U32, |v| v & 0xffff_ffff)]
}

/// The columns of `records`, each `size` bytes long; a column of 64-bit integers may become two, see [`whole_columns`].
pub(super) fn read_records(records: &[u8], size: usize, fields: &[Field], big: bool) -> Vec<ScalarProperty> {
    let columns = |field: &Field| {
        if matches!(field.number, Number::I64 | Number::U64) {
            let whole =
                |record: &[u8]| field.number.read_whole(record.get(field.offset..).unwrap_or_default(), big);
            let values: Vec<i128> = records.chunks_exact(size.max(1)).map(whole).collect();
            return whole_columns(&field.name, field.number, &values);
        }
        let value = |record: &[u8]| field.number.read(record.get(field.offset..).unwrap_or_default(), big);
        vec![field.number.column(field.name.as_str(), records.chunks_exact(size.max(1)).map(value).collect())]
    };
    fields.iter().flat_map(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_integers_are_split() {
        let values = [1_600_000_000_123_456_789_i128, 1_600_000_000_123_456_790, -1];
        let columns = whole_columns("t", Number::I64, &values);
        assert_eq!((columns[0].name.as_str(), columns[1].name.as_str()), ("t_high32", "t_low32"));
        for (i, &value) in values.iter().enumerate() {
            let [high, low] = [0, 1].map(|half| columns[half].values[i] as i128);
            assert_eq!((high << 32) + low, value);
        }
        assert_eq!(whole_columns("t", Number::U64, &[1 << 53])[0].values, [9_007_199_254_740_992.0]);
    }

    #[test]
    fn numbers_in_both_orders() {
        let all = Number::Scalar;
        assert_eq!(all(ScalarType::I16).read(&[0xff, 0xfe], true), -2.0);
        assert_eq!(all(ScalarType::U32).read(&[1, 2, 0, 0], false), 513.0);
        assert_eq!(Number::I64.read(&(-5_i64).to_be_bytes(), true), -5.0);
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (1, 5.960_464_477_539_063e-8)]
        {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
        assert_eq!(Number::I64.column("a", vec![3e9]).scalar_type, ScalarType::F64);
        assert_eq!(Number::U64.column("a", vec![3.0]).scalar_type, ScalarType::I32);
    }
}
