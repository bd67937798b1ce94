//! The eight number types that a PLY file can store.

use std::fmt;

/// Number type of a stored property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarType {
    /// `char`, 8 bits, signed.
    I8,
    /// `uchar`, 8 bits, unsigned.
    U8,
    /// `short`, 16 bits, signed.
    I16,
    /// `ushort`, 16 bits, unsigned.
    U16,
    /// `int`, 32 bits, signed.
    I32,
    /// `uint`, 32 bits, unsigned.
    U32,
    /// `float`, 32 bits.
    F32,
    /// `double`, 64 bits.
    F64,
}

impl ScalarType {
    /// The name in a PLY header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::I8 => "char",
            Self::U8 => "uchar",
            Self::I16 => "short",
            Self::U16 => "ushort",
            Self::I32 => "int",
            Self::U32 => "uint",
            Self::F32 => "float",
            Self::F64 => "double",
        }
    }

    /// Bytes of one value in a binary file.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Whether the type is `float` or `double`.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// The smallest and largest value of an integer type, `None` for floats.
    pub(crate) fn integer_range(self) -> Option<(i64, i64)> {
        match self {
            Self::I8 => Some((i8::MIN.into(), i8::MAX.into())),
            Self::U8 => Some((0, u8::MAX.into())),
            Self::I16 => Some((i16::MIN.into(), i16::MAX.into())),
            Self::U16 => Some((0, u16::MAX.into())),
            Self::I32 => Some((i32::MIN.into(), i32::MAX.into())),
            Self::U32 => Some((0, u32::MAX.into())),
            Self::F32 | Self::F64 => None,
        }
    }

    /// Reads one decimal token as this type; `None` where it is no such number.
    ///
    /// Integers also take whole floats such as `64.0`, floats also take `nan` and `inf`.
    pub(crate) fn parse(self, token: &str) -> Option<f64> {
        match self.integer_range() {
            None if self == Self::F32 => token.parse::<f32>().ok().map(f64::from),
            None => token.parse().ok(),
            Some((low, high)) => {
                let value = match token.parse::<i64>() {
                    Ok(value) => value,
                    Err(_) => {
                        let float: f64 = token.parse().ok()?;
                        if float.fract() != 0.0 || float.abs() > 4_294_967_295.0 {
                            return None;
                        }
                        float as i64
                    }
                };
                (low..=high).contains(&value).then_some(value as f64)
            }
        }
    }

    /// Rounds `value` to what this type can store (saturating for integers).
    pub(crate) fn round(self, value: f64) -> f64 {
        match self.integer_range() {
            None if self == Self::F32 => f64::from(value as f32),
            None => value,
            Some((low, high)) => (value.round() as i64).clamp(low, high) as f64,
        }
    }
}

impl fmt::Display for ScalarType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_fits() {
        assert_eq!(ScalarType::U8.parse("255"), Some(255.0));
        assert_eq!(ScalarType::U8.parse("256"), None);
        assert_eq!(ScalarType::U8.parse("-1"), None);
        assert_eq!(ScalarType::I8.parse("64.0"), Some(64.0));
        assert_eq!(ScalarType::I8.parse("64.5"), None);
        assert_eq!(ScalarType::I32.parse("nan"), None);
        assert_eq!(ScalarType::F32.parse("0.1"), Some(f64::from(0.1_f32)));
        assert_eq!(ScalarType::F64.parse(".5"), Some(0.5));
        assert_eq!(ScalarType::F64.parse("5."), Some(5.0));
        assert_eq!(ScalarType::F32.parse("-inf"), Some(f64::NEG_INFINITY));
        assert!(ScalarType::F32.parse("nan").is_some_and(f64::is_nan));
        assert_eq!(ScalarType::F32.parse("1,5"), None);
    }

    #[test]
    fn rounds_to_the_stored_type() {
        assert_eq!(ScalarType::U8.round(300.0), 255.0);
        assert_eq!(ScalarType::I16.round(-1.6), -2.0);
        assert_eq!(ScalarType::F32.round(0.1), f64::from(0.1_f32));
    }
}
