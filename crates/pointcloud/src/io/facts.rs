//! [`Facts`]: what the numbers of a column have in common, which decides what the column is taken for.

/// `f64` holds all whole numbers up to this.
pub(crate) const LARGEST_WHOLE: u64 = 1 << 53;

/// Range and kind of the numbers of a column. Those of two parts of a column can be joined, so a file need not be in memory
/// as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Facts {
    /// The smallest number; infinite without numbers.
    pub(crate) least: f64,
    /// The largest number; negative infinite without numbers.
    pub(crate) most: f64,
    /// Whether a number is NaN.
    pub(crate) nan: bool,
    /// Whether all other numbers are whole.
    pub(crate) whole: bool,
    /// Whether singles hold all other numbers.
    pub(crate) single: bool,
}

/// Whether a number is whole or infinite. `f64::trunc` is a call of a function on processors without SSE 4.1.
fn is_whole(v: f64) -> bool {
    (v as i64) as f64 == v || v.abs() >= LARGEST_WHOLE as f64
}

impl Default for Facts {
    fn default() -> Self {
        Self { least: f64::INFINITY, most: f64::NEG_INFINITY, nan: false, whole: true, single: true }
    }
}

impl Facts {
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut facts = Self::default();
        for &v in values {
            facts.least = facts.least.min(v);
            facts.most = facts.most.max(v);
            facts.nan |= v.is_nan();
            // Most columns fail one of these at once, which saves the rest of the work.
            facts.whole = facts.whole && (is_whole(v) || v.is_nan());
            facts.single = facts.single && (f64::from(v as f32) == v || v.is_nan());
        }
        facts
    }

    /// Whole numbers from `least` to `most`.
    pub(crate) fn of_whole(least: f64, most: f64) -> Self {
        Self { least, most, nan: false, whole: true, single: false }
    }

    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            nan: self.nan | other.nan,
            whole: self.whole & other.whole,
            single: self.single & other.single,
        }
    }

    /// Whether every number is from `low` to `high`.
    pub(crate) fn within(&self, low: f64, high: f64) -> bool {
        !self.nan && self.least >= low && self.most <= high
    }

    /// Whether every number is whole and from `low` to `high`.
    pub(crate) fn whole_within(&self, low: f64, high: f64) -> bool {
        self.whole && self.within(low, high)
    }

    /// Whether every number is one of `i32`.
    pub(crate) fn is_i32(&self) -> bool {
        self.whole_within(i32::MIN.into(), i32::MAX.into())
    }

    /// Whether every number is one of `u8`.
    pub(crate) fn is_u8(&self) -> bool {
        self.whole_within(0.0, 255.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for v in [0.0, -0.0, -3.0, 9_007_199_254_740_993.0, 1e300, f64::NEG_INFINITY, -(2.0_f64.powi(63))] {
            assert!(is_whole(v), "{v}");
        }
        for v in [0.5, -0.1, 5e-324, 4_503_599_627_370_495.5, f64::NAN] {
            assert!(!is_whole(v), "{v}");
        }
    }

    #[test]
    fn parts_join_to_the_whole() {
        let values = [0.0, -1.0, 255.0, 0.5, f64::NAN, f64::INFINITY];
        for n in 0..=values.len() {
            let all = &values[..n];
            for cut in 0..=n {
                assert_eq!(Facts::of(&all[..cut]).join(Facts::of(&all[cut..])), Facts::of(all));
            }
        }
        assert!(Facts::of(&[]).is_u8() && Facts::of(&[3.0, 255.0]).is_u8());
        for other in [-1.0, 256.0, 0.5, f64::NAN, f64::INFINITY] {
            assert!(!Facts::of(&[3.0, other]).is_u8(), "{other}");
        }
    }
}
