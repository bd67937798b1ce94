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

/// A further number per point, such as an intensity or a time stamp.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarProperty {
    /// Name, one word; the name of the property in a PLY file.
    pub name: String,
    /// Type in which the values are stored on disk.
    pub scalar_type: ScalarType,
    /// One value per point. `f64` holds every value of every scalar type exactly.
    pub values: Vec<f64>,
}

impl ScalarProperty {
    /// A property without name and values.
    pub(crate) fn empty() -> Self {
        Self { name: String::new(), scalar_type: ScalarType::F64, values: Vec::new() }
    }
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
            None if self == Self::F32 => match token.parse::<f32>() {
                Ok(value) => Some(f64::from(value)),
                Err(_) => parse_float(token).map(|value| f64::from(value as f32)),
            },
            None => parse_float(token),
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

/// Reads a number in any of the usual spellings.
///
/// Beyond those of Rust: what Windows prints for numbers that are not finite (`1.#QNAN`, `-1.#IND`, `1.#INF`,
/// `-nan(ind)`), and exponents of Fortran (`1.5D+03`).
pub(crate) fn parse_float(token: &str) -> Option<f64> {
    if let Ok(value) = token.parse() {
        return Some(value);
    }
    let lower = token.to_ascii_lowercase();
    let (sign, bare) = match lower.strip_prefix('-') {
        Some(bare) => (-1.0, bare),
        None => (1.0, lower.strip_prefix('+').unwrap_or(&lower)),
    };
    if let Some((digits, kind)) = bare.split_once('#') {
        let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        // Rounding to few digits cuts the word: 1.#J is infinite.
        let infinite = kind.starts_with("inf") || matches!(kind.trim_end_matches('0'), "j" | "in" | "i");
        return is_number.then_some(if infinite { sign * f64::INFINITY } else { f64::NAN });
    }
    if bare.strip_prefix("nan").is_some_and(|rest| rest.starts_with('(') && rest.ends_with(')')) {
        return Some(f64::NAN);
    }
    let (digits, exponent) = bare.split_once('d')?;
    let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !begins || exponent.is_empty() {
        return None;
    }
    format!("{digits}e{exponent}").parse().ok().map(|value: f64| sign * value)
}

/// Whether `token`, a decimal of the value `value`, is as exact as a single: a single is written with as many digits as tell it
/// from its neighbours.
pub(crate) fn is_single(token: &str, value: f64) -> bool {
    let mantissa = token.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|&b| b == b'0').count();
    // Every decimal of six digits in the normal range belongs to a single of its own.
    let is_normal = value == 0.0 || (value as f32).is_normal();
    (digits <= 6 && is_normal)
        || !value.is_finite()
        || f64::from(value as f32) == value
        || (value as f32).to_string().parse() == Ok(value)
}

/// Whether `token`, a decimal of the value `value`, has digits that the double does not hold: a double is written with at most 17
/// digits, or with more of its exact value.
pub(crate) fn has_more_digits(token: &str, value: f64) -> bool {
    const DIGITS: usize = 17;
    // Most are short, which saves the rest of the work.
    if token.len() <= DIGITS || !value.is_finite() {
        return false;
    }
    let mantissa = token.split(['e', 'E', 'd', 'D']).next().unwrap_or_default();
    let digits = significant(mantissa).count();
    if digits <= DIGITS {
        return false;
    }
    let is_same = |formatted: &str| {
        significant(formatted.split('e').next().unwrap_or_default()).eq(significant(mantissa))
    };
    !rounds_to(token, value).unwrap_or_else(|| is_same(&format!("{value:.*e}", digits - 1)))
}

/// The digits of a number without the zeros before and after them.
fn significant(mantissa: &str) -> impl Iterator<Item = u8> {
    let is_digit = |c: char| matches!(c, '1'..='9');
    let start = mantissa.find(is_digit).unwrap_or(mantissa.len());
    let end = mantissa.rfind(is_digit).map_or(start, |last| last + 1);
    mantissa[start..end].bytes().filter(u8::is_ascii_digit)
}

/// Whether `value`, rounded to as many decimals as `token` has, is `token`; `None` where 128 bits do not hold what tells it, and for
/// exponents. Formatting so many digits takes several times as long.
fn rounds_to(token: &str, value: f64) -> Option<bool> {
    const MANTISSA: u64 = 1 << 52;
    let (whole, part) = token.trim_start_matches(['-', '+']).split_once('.')?;
    let mut decimal = 0_u128;
    for byte in whole.bytes().chain(part.bytes()) {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        decimal = decimal.checked_mul(10)?.checked_add(digit.into())?;
    }
    let (bits, power) = (value.abs().to_bits(), 10_u128.checked_pow(part.len() as u32)?);
    let (exponent, mantissa) = (bits >> 52, bits & (MANTISSA - 1) | MANTISSA);
    // The value is the mantissa over this.
    let unit = 1_u128.checked_shl(1075_u32.checked_sub(exponent as u32)?).filter(|_| exponent > 0)?;
    let decimal = decimal.checked_mul(unit)?;
    Some(decimal.abs_diff(u128::from(mantissa).checked_mul(power)?) <= unit / 2)
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
    fn numbers_of_windows_and_fortran() {
        for token in [
            "1.#QNAN",
            "-1.#IND",
            "1.#SNAN",
            "-1.#IND00",
            "nan(ind)",
            "-nan(ind)",
            "-NaN(snan)",
            "NaN",
            "-nan",
        ] {
            assert!(parse_float(token).is_some_and(f64::is_nan), "{token}");
        }
        for (token, value) in [
            ("1.#INF", f64::INFINITY),
            ("-1.#INF00", f64::NEG_INFINITY),
            ("1.#J", f64::INFINITY),
            ("1.5D+03", 1500.0),
            ("-2d-1", -0.2),
        ] {
            assert_eq!(parse_float(token), Some(value), "{token}");
        }
        for token in ["", "d", "1d", "d1", "#", "x#inf", "nanx", "--1", "1,5", "a"] {
            assert_eq!(parse_float(token), None, "{token}");
        }
        assert_eq!(ScalarType::F32.parse("-1.#IND").map(f64::is_nan), Some(true));
    }

    #[test]
    fn singles_are_told_by_their_decimals() {
        for token in ["0.1", "1e30", "-3.4e38", "1.1754944e-38", "1e-45", "152039456", "nan", "0"] {
            assert!(parse_float(token).is_some_and(|value| is_single(token, value)), "{token}");
        }
        // More digits than a single has, and numbers beyond its range.
        for token in ["0.123456789012", "152039457", "1e300", "-4e38", "4.8e-321", "1e-50"] {
            assert!(parse_float(token).is_some_and(|value| !is_single(token, value)), "{token}");
        }
    }

    #[test]
    fn digits_beyond_those_of_a_double() {
        for token in [
            "0.1",
            "0.10000000000000000555",
            "0.1000000000000000055511151231257827021181583404541015625",
            "00000000000000000000000.5",
            "-1.5000000000000000000000",
            "0.30000000000000004",
            "100000000000000000000000",
            "nan",
        ] {
            assert!(parse_float(token).is_some_and(|value| !has_more_digits(token, value)), "{token}");
        }
        for token in ["0.100000000000000001", "1.23456789012345678901e5", "123456789012345678901234567890"] {
            assert!(parse_float(token).is_some_and(|value| has_more_digits(token, value)), "{token}");
        }
    }

    #[test]
    fn digits_of_exact_values_are_kept_in_any_notation() {
        for value in [0.1, 1.0 / 3.0, 123.456, 5e-324, 2.5e-8, 99_999.999, 1.7e300, 500_003.307_808_436_6] {
            for digits in [17, 18, 20, 25, 40, 60] {
                let [fixed, exponent] = [format!("{value:.digits$}"), format!("-{value:.digits$e}")];
                assert!(fixed.parse() != Ok(value) || !has_more_digits(&fixed, value), "{fixed}");
                assert!(!has_more_digits(&exponent, -value), "{exponent}");
                // Another last digit but one.
                let (start, end) = exponent.rsplit_once('e').unwrap();
                let (start, last) = start.split_at(start.len() - 2);
                let other =
                    format!("{start}{}{}e{end}", if last.starts_with('5') { 7 } else { 5 }, &last[1..]);
                let parsed = parse_float(&other).unwrap();
                assert!(digits < 18 || has_more_digits(&other, parsed), "{other} is {parsed:?}");
            }
        }
    }

    #[test]
    fn rounds_to_the_stored_type() {
        assert_eq!(ScalarType::U8.round(300.0), 255.0);
        assert_eq!(ScalarType::I16.round(-1.6), -2.0);
        assert_eq!(ScalarType::F32.round(0.1), f64::from(0.1_f32));
    }
}
