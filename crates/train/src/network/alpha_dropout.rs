//! Dropout for self-normalising networks.

use burn::module::Module;
use burn::tensor::{Distribution, Tensor};

/// The value that SELU takes at minus infinity: `-1.0507 · 1.6733`.
const SATURATION: f64 = -1.758_099_340_847_376_6;

/// Alpha dropout (Klambauer et al., *Self-Normalizing Neural Networks*, 2017): sets dropped values to the saturation of SELU and
/// corrects scale and shift, so that the outputs have mean 0 and variance 1 like the inputs.
///
/// `y = a · (x · m + α' · (1 - m)) + b` with `m ~ Bernoulli(q)`, `q = 1 - prob`, `a = (q + α'² · q · (1 - q))^(-1/2)`,
/// `b = -a · (1 - q) · α'`. Does nothing outside of training (on a device without autodiff).
#[derive(Module, Debug)]
pub struct AlphaDropout {
    /// Probability of dropping a value, in `[0, 1)`.
    pub prob: f64,
}

impl AlphaDropout {
    /// Drops with probability `prob`.
    ///
    /// # Panics
    /// When `prob` is not in `[0, 1)`.
    #[must_use]
    pub fn new(prob: f64) -> Self {
        assert!((0.0..1.0).contains(&prob), "AlphaDropout: expected a probability in [0, 1), found {prob}");
        Self { prob }
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - input and output: `[..]`, any
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        if self.prob == 0.0 || !input.device().is_autodiff() {
            return input;
        }
        let keep = 1.0 - self.prob;
        let scale = (keep + SATURATION * SATURATION * keep * self.prob).powf(-0.5);
        let shift = -scale * self.prob * SATURATION;

        let kept = input.random_like(Distribution::Bernoulli(keep));
        let dropped = (kept.clone().neg() + 1.0) * SATURATION;
        (input * kept + dropped) * scale + shift
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn keeps_mean_and_variance_in_training() {
        let device = Device::flex().autodiff();
        device.seed(3);
        let input = Tensor::<2>::random([400, 500], Distribution::Normal(0.0, 1.0), &device);
        let output = AlphaDropout::new(0.4).forward(input);
        let mean: f32 = output.clone().mean().into_scalar();
        let variance: f32 = output.powi_scalar(2).mean().into_scalar();
        // 200,000 draws: the standard error of both is below 0.005.
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.03, "variance {variance}");
    }

    #[test]
    fn does_nothing_in_evaluation() {
        let device = Device::flex();
        let input = Tensor::<1>::from_floats([1.0, -2.0, 3.0], &device);
        let output = AlphaDropout::new(0.9).forward(input.clone());
        output.into_data().assert_eq(&input.into_data(), true);
    }
}
