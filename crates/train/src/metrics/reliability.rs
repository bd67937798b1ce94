//! How far the probabilities of predictions can be trusted.

/// Bins of equal width that confidences are sorted into.
const BINS: usize = 15;

/// Counts of predictions by their confidence, the probability of the predicted class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reliability {
    bins: [Bin; BINS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bin {
    count: u64,
    right: u64,
    confidence: f64,
}

impl Reliability {
    /// Adds a prediction made with `confidence`, from 0 to 1.
    pub fn record(&mut self, confidence: f32, is_right: bool) {
        // The bins are open at their lower end.
        let bin = (f64::from(confidence) * BINS as f64).ceil() as usize;
        let bin = &mut self.bins[bin.clamp(1, BINS) - 1];
        bin.count += 1;
        bin.right += u64::from(is_right);
        bin.confidence += f64::from(confidence);
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.count += other.count;
            bin.right += other.right;
            bin.confidence += other.confidence;
        }
    }

    /// The expected calibration error over 15 bins of equal width (Guo, Pleiss, Sun, Weinberger, *On Calibration of Modern
    /// Neural Networks*, 2017): `sum_m |B_m| / n · |acc(B_m) - conf(B_m)|`; `None` without predictions.
    ///
    /// ```
    /// use train::metrics::Reliability;
    ///
    /// let mut reliability = Reliability::default();
    /// for is_right in [true, true, true, false] {
    ///     reliability.record(0.95, is_right);
    /// }
    /// assert!((reliability.calibration_error().unwrap() - 0.2).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn calibration_error(&self) -> Option<f64> {
        let all: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let gaps = self.bins.iter().map(|bin| (bin.right as f64 - bin.confidence).abs());
        (all > 0).then(|| gaps.sum::<f64>() / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_by_hand() {
        let mut first = Reliability::default();
        // One bin with accuracy 1/2 and confidence 0.62, another with 1 and 0.9.
        first.record(0.61, true);
        first.record(0.63, false);
        let mut second = Reliability::default();
        second.record(0.9, true);
        first.merge(&second);
        let expected = (2.0 / 3.0) * 0.12 + (1.0 / 3.0) * 0.1;
        assert!((first.calibration_error().unwrap() - expected).abs() < 1e-6);
        assert_eq!(Reliability::default().calibration_error(), None);
    }

    #[test]
    fn confidences_at_both_ends_have_a_bin() {
        let mut reliability = Reliability::default();
        for confidence in [0.0, 1.0, 1.000_001] {
            reliability.record(confidence, confidence > 0.5);
        }
        assert!(reliability.calibration_error().unwrap() < 1e-5);
    }
}
