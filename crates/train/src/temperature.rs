//! Temperature scaling (Guo, Pleiss, Sun, Weinberger, *On Calibration of Modern Neural Networks*, 2017): one number that makes
//! probabilities as high as the network is often right.

/// Temperatures that are looked for; beyond them a validation part is too small or too well known to say anything.
const RANGE: [f64; 2] = [0.1, 10.0];

/// Halvings of the range: 6 digits.
const STEPS: usize = 40;

/// The temperature `T` that makes the mean of `-log softmax(z / T)[target]` least over rows of `classes` logits; `None` without
/// rows.
///
/// # Panics
/// When rows and targets differ in number, or a target is no class.
pub(crate) fn fit(logits: &[f32], classes: usize, targets: &[usize]) -> Option<f64> {
    assert_eq!(logits.len(), classes * targets.len(), "temperature: logits and targets differ in number");
    if targets.is_empty() {
        return None;
    }
    // The loss is convex in 1/T; its derivative is the mean of the expected logit less that of the target.
    let derivative = |inverse: f64| -> f64 {
        let rows = logits.chunks_exact(classes).zip(targets);
        rows.map(|(row, &target)| {
            let top = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
            let (mut sum, mut weighted) = (0.0, 0.0);
            for &logit in row {
                let weight = ((f64::from(logit) - top) * inverse).exp();
                sum += weight;
                weighted += weight * f64::from(logit);
            }
            weighted / sum - f64::from(row[target])
        })
        .sum()
    };
    let [mut low, mut high] = RANGE.map(f64::ln);
    for _ in 0..STEPS {
        let middle = 0.5 * (low + high);
        // Where the loss still falls with 1/T, the temperature is lower.
        if derivative((-middle).exp()) < 0.0 { high = middle } else { low = middle }
    }
    let found = (0.5 * (low + high)).exp();
    Some((1e4 * found).round() / 1e4)
}

/// `p^(1/T)`, scaled to a sum of 1: the softmax of logits `z / T` for `p = softmax(z)`. The order of the classes stays.
pub(crate) fn apply(probabilities: &[f32], temperature: Option<f64>) -> Vec<f32> {
    let Some(temperature) = temperature else { return probabilities.to_vec() };
    let powers: Vec<f64> = probabilities.iter().map(|&p| f64::from(p).powf(1.0 / temperature)).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| (power / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::*;

    fn softmax(row: &[f32], temperature: f64) -> Vec<f64> {
        let powers: Vec<f64> = row.iter().map(|&z| (f64::from(z) / temperature).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / sum).collect()
    }

    /// Rows of logits, and targets drawn with the probabilities at `temperature`.
    fn sample(rows: usize, classes: usize, temperature: f64) -> (Vec<f32>, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let logits: Vec<f32> =
            (0..rows * classes).map(|_| 3.0 * rng.sample::<f32, _>(StandardNormal)).collect();
        let draw = |row: &[f32]| {
            let mut left = rng.random::<f64>();
            let probabilities = softmax(row, temperature);
            let found = probabilities.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            found.unwrap_or(classes - 1)
        };
        let targets = logits.chunks_exact(classes).map(draw).collect();
        (logits, targets)
    }

    #[test]
    fn the_temperature_of_the_targets_is_found() {
        for temperature in [0.5, 1.0, 2.5] {
            let (logits, targets) = sample(20_000, 5, temperature);
            let found = fit(&logits, 5, &targets).unwrap();
            // 20,000 targets: the standard error is about 1 %.
            assert!((found / temperature - 1.0).abs() < 0.04, "{found} for {temperature}");
        }
        assert_eq!(fit(&[], 5, &[]), None);
        // Every row right: as sure as the range allows.
        assert_eq!(fit(&[4.0, 1.0, 0.0, 2.0], 2, &[0, 1]), Some(RANGE[0]));
    }

    #[test]
    fn the_found_temperature_has_the_least_loss() {
        let (logits, targets) = sample(500, 4, 1.7);
        let loss = |temperature: f64| -> f64 {
            let rows = logits.chunks_exact(4).zip(&targets);
            rows.map(|(row, &target)| -softmax(row, temperature)[target].ln()).sum()
        };
        let found = fit(&logits, 4, &targets).unwrap();
        assert!(loss(found) <= loss(found * 1.01) && loss(found) <= loss(found / 1.01), "{found}");
    }

    #[test]
    fn scaled_probabilities_are_those_of_scaled_logits_in_the_same_order() {
        let row = [1.5_f32, -0.3, 0.2, 4.0];
        let plain: Vec<f32> = softmax(&row, 1.0).into_iter().map(|p| p as f32).collect();
        for temperature in [0.4, 3.0] {
            let scaled = apply(&plain, Some(temperature));
            for (found, expected) in scaled.iter().zip(softmax(&row, temperature)) {
                assert!((f64::from(*found) - expected).abs() < 1e-6, "{scaled:?}");
            }
        }
        assert_eq!(apply(&plain, None), plain);
        assert_eq!(apply(&[0.0, 1.0], Some(2.0)), [0.0, 1.0]);
    }
}
