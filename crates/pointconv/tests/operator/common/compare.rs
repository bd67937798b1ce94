//! Comparison up to round-off.

use burn::tensor::{DType, Device};
use pointconv::Neighborhood;

use super::{Inputs, Pass, Tracked, pass};

/// Largest error of a sum relative to the sum of the absolute values of its terms.
///
/// A sum of `n` terms is off by at most `n/2` epsilon of that, and since roundings go both ways by about
/// `sqrt(n)/2`. The sums of the tests have up to a few thousand terms.
pub(crate) fn round_off(dtype: DType) -> f64 {
    const ROUNDINGS: f64 = 16.0;
    match dtype {
        DType::F32 => ROUNDINGS * f64::from(f32::EPSILON),
        DType::F64 => ROUNDINGS * f64::EPSILON,
        other => panic!("no tolerance for {other:?}"),
    }
}

/// The sums of the absolute values of the terms of every output and gradient.
///
/// The operators are sums of products of their arguments with positive factors, so these are what the reference gives
/// for the absolute values of the arguments. In double precision whatever the device under test.
pub(crate) fn magnitudes(inputs: &Inputs, neighborhood: &Neighborhood) -> Pass {
    let absolute = inputs.absolute();
    pass(inputs.kind.reference(), &absolute, neighborhood, DType::F64, &Device::flex(), Tracked::ALL)
}

/// Panics with the worst element where `|got - expected| > tolerance · magnitude`.
pub(crate) fn assert_close(what: &str, got: &[f64], expected: &[f64], magnitude: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}: number of elements");
    assert_eq!(got.len(), magnitude.len(), "{what}: number of magnitudes");
    let excess = |i: usize| {
        let error = (got[i] - expected[i]).abs();
        // A magnitude of zero allows no error, and what is not a number is never close.
        if error == 0.0 {
            0.0
        } else if error.is_nan() {
            f64::INFINITY
        } else {
            error / magnitude[i]
        }
    };
    if let Some(worst) = (0..got.len()).max_by(|&a, &b| excess(a).total_cmp(&excess(b))) {
        assert!(
            excess(worst) <= tolerance,
            "{what}: element {worst} is {}, expected {}; off by {:.2e} of its magnitude, tolerance {tolerance:.2e}",
            got[worst],
            expected[worst],
            excess(worst),
        );
    }
}

/// Panics with the first element whose bits differ.
pub(crate) fn assert_same_bits(what: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len(), "{what}: number of elements");
    let different = got.iter().zip(expected).position(|(a, b)| a.to_bits() != b.to_bits());
    if let Some(i) = different {
        panic!("{what}: element {i} is {:?}, expected exactly {:?}", got[i], expected[i]);
    }
}

impl Pass {
    /// Every output and gradient against those of `expected`; one that is missing must be missing there too.
    pub(crate) fn assert_close(&self, what: &str, expected: &Self, magnitude: &Self, tolerance: f64) {
        self.pairs(what, expected, |what, i, got, expected| {
            let magnitude = magnitude.parts()[i].1.unwrap_or_else(|| panic!("{what}: no magnitude"));
            assert_close(what, got, expected, magnitude, tolerance);
        });
    }

    /// Every output and gradient has the bits of that of `expected`.
    pub(crate) fn assert_same_bits(&self, what: &str, expected: &Self) {
        self.pairs(what, expected, |what, _, got, expected| assert_same_bits(what, got, expected));
    }

    fn parts(&self) -> [(&'static str, Option<&[f64]>); 4] {
        [
            ("output", Some(&self.output)),
            ("gradient of the features", self.features.as_deref()),
            ("gradient of the weight", self.weight.as_deref()),
            ("gradient of the bias", self.bias.as_deref()),
        ]
    }

    fn pairs(&self, what: &str, expected: &Self, check: impl Fn(&str, usize, &[f64], &[f64])) {
        for (i, ((name, got), (_, expected))) in self.parts().into_iter().zip(expected.parts()).enumerate() {
            match (got, expected) {
                (Some(got), Some(expected)) => check(&format!("{what}: {name}"), i, got, expected),
                (None, None) => {}
                _ => panic!("{what}: {name}: exists {}, expected {}", got.is_some(), expected.is_some()),
            }
        }
    }
}
