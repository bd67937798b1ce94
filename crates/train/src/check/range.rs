//! Range checks that name the key, the value and what would be accepted.

use std::fmt::Display;

use super::error::{ConfigError, KeySource};

/// `Ok` when `holds`, else the error that `key` has the value `found` where `expected` was wanted.
pub(crate) fn ensure(holds: bool, key: &str, found: impl Display, expected: &str) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Value {
        key: key.to_owned(),
        given: KeySource::Unknown,
        found: found.to_string(),
        expected: expected.to_owned(),
    })
}

/// Refuses NaN, the infinities and values below 0.
pub(crate) fn ensure_not_negative(value: f64, key: &str) -> Result<(), ConfigError> {
    ensure(value.is_finite() && value >= 0.0, key, value, "a number of at least 0")
}

/// The largest random change of the training clouds: twice as much is still a finite number in single precision.
const LARGEST_CHANGE: f64 = 1e6;

/// Refuses anything outside `[0, LARGEST_CHANGE]`.
pub(crate) fn ensure_change(value: f64, key: &str) -> Result<(), ConfigError> {
    ensure(
        (0.0..=LARGEST_CHANGE).contains(&value),
        key,
        value,
        &format!("a number from 0 to {LARGEST_CHANGE}"),
    )
}

/// Refuses NaN, the infinities, 0 and values below 0.
pub(crate) fn ensure_positive(value: f64, key: &str) -> Result<(), ConfigError> {
    ensure(value.is_finite() && value > 0.0, key, value, "a number above 0")
}

/// Refuses anything outside `[0, 1)`.
pub(crate) fn ensure_fraction(value: f64, key: &str) -> Result<(), ConfigError> {
    ensure((0.0..1.0).contains(&value), key, value, "a number of at least 0 and below 1")
}

/// Refuses 0 and numbers above `most`.
pub(crate) fn ensure_count(value: usize, most: usize, key: &str) -> Result<(), ConfigError> {
    ensure((1..=most).contains(&value), key, value, &format!("a number from 1 to {most}"))
}

/// Refuses 0.
pub(crate) fn ensure_some(value: usize, key: &str) -> Result<(), ConfigError> {
    ensure(value > 0, key, value, "at least 1")
}
