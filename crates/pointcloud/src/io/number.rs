//! [`Number`]: one stored number of any type, from bytes and into bytes.

use crate::scalar::ScalarType;

/// A stored number, also of types that a column cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Scalar(ScalarType),
    F16,
    I64,
    U64,
}

impl Number {
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Scalar(scalar) => scalar.size(),
            Self::F16 => 2,
            Self::I64 | Self::U64 => 8,
        }
    }

    /// Whether singles hold all such numbers.
    pub(crate) fn is_single(self) -> bool {
        self == Self::Scalar(ScalarType::F32) || self.size() <= 2
    }

    /// Reads the first bytes of `bytes`; 0 where there are too few.
    pub(crate) fn read(self, bytes: &[u8], big: bool) -> f64 {
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

    /// The column of such numbers at byte `offset` of `records`, each `size` bytes long; 0 where a record ends before.
    pub(crate) fn column(self, records: &[u8], size: usize, offset: usize, big: bool) -> Vec<f64> {
        macro_rules! numbers {
            ($kind:ty, $of:expr) => {{
                const SIZE: usize = size_of::<$kind>();
                let of = $of;
                let raw =
                    |record: &[u8]| record.get(offset..).and_then(|rest| rest.first_chunk::<SIZE>().copied());
                let rows = records.chunks_exact(size.max(1));
                match big {
                    false => {
                        rows.map(|r| raw(r).map_or(0.0, |raw| of(<$kind>::from_le_bytes(raw)))).collect()
                    }
                    true => rows.map(|r| raw(r).map_or(0.0, |raw| of(<$kind>::from_be_bytes(raw)))).collect(),
                }
            }};
        }
        match self {
            Self::Scalar(ScalarType::I8) => numbers!(i8, f64::from),
            Self::Scalar(ScalarType::U8) => numbers!(u8, f64::from),
            Self::Scalar(ScalarType::I16) => numbers!(i16, f64::from),
            Self::Scalar(ScalarType::U16) => numbers!(u16, f64::from),
            Self::Scalar(ScalarType::I32) => numbers!(i32, f64::from),
            Self::Scalar(ScalarType::U32) => numbers!(u32, f64::from),
            Self::Scalar(ScalarType::F32) => numbers!(f32, f64::from),
            Self::Scalar(ScalarType::F64) => numbers!(f64, |v: f64| v),
            Self::F16 => numbers!(u16, half),
            Self::I64 => numbers!(i64, |v: i64| v as f64),
            Self::U64 => numbers!(u64, |v: u64| v as f64),
        }
    }

    /// Reads a 64-bit integer; 0 where there are too few bytes.
    pub(crate) fn read_whole(self, bytes: &[u8], big: bool) -> i128 {
        let Some(&raw) = bytes.first_chunk::<8>() else { return 0 };
        let bits = if big { u64::from_be_bytes(raw) } else { u64::from_le_bytes(raw) };
        if self == Self::I64 { i128::from(bits as i64) } else { i128::from(bits) }
    }

    /// Appends `value`, least significant byte first; whole numbers are rounded.
    pub(crate) fn put(self, out: &mut Vec<u8>, value: f64) {
        match self {
            Self::Scalar(scalar) => put(out, scalar, scalar.round(value)),
            Self::I64 => out.extend((value.round() as i64).to_le_bytes()),
            Self::U64 => out.extend((value.round() as u64).to_le_bytes()),
            Self::F16 => unreachable!("no format is written with half precision"),
        }
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
pub(crate) fn put(out: &mut Vec<u8>, scalar: ScalarType, value: f64) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(Number::I64.column(&[1, 2, 0, 0, 0, 0, 0, 0, 9], 9, 0, false), [513.0]);
        assert_eq!(all(ScalarType::I16).column(&[7, 0xff, 0xfe, 7, 0, 3], 3, 1, true), [-2.0, 3.0]);
    }
}
