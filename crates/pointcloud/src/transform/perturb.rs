//! Jitter, scale and translation.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use std::ops::RangeInclusive;

/// Adds to every coordinate its own draw from `N(0, sigma²)`, clipped to `[-clip, clip]`.
///
/// # Units
/// `sigma` and `clip` are in the unit of the positions.
///
/// # Panics
/// When `sigma` or `clip` is negative or NaN.
pub fn jitter(positions: &mut [[f32; 3]], sigma: f32, clip: f32, rng: &mut impl Rng) {
    assert!(sigma >= 0.0 && clip >= 0.0, "jitter with sigma {sigma} and clip {clip}, expected 0 or more");
    for value in positions.iter_mut().flatten() {
        *value += (sigma * rng.sample::<f32, _>(StandardNormal)).clamp(-clip, clip);
    }
}

/// Multiplies all positions by `factor`.
pub fn scale(positions: &mut [[f32; 3]], factor: f32) {
    positions.iter_mut().flatten().for_each(|value| *value *= factor);
}

/// Multiplies all positions by one factor drawn evenly from `range`, and returns it.
///
/// # Panics
/// When the range is empty or not finite.
pub fn scale_randomly(positions: &mut [[f32; 3]], range: RangeInclusive<f32>, rng: &mut impl Rng) -> f32 {
    let factor = rng.random_range(range);
    scale(positions, factor);
    factor
}

/// Adds `offset` to all positions.
pub fn translate(positions: &mut [[f32; 3]], offset: [f32; 3]) {
    for position in positions {
        *position = [0, 1, 2].map(|axis| position[axis] + offset[axis]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn jitter_has_its_deviation_and_stays_in_the_clip() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut positions = vec![[0.0; 3]; 10_000];
        jitter(&mut positions, 0.01, 0.05, &mut rng);
        let values: Vec<f64> = positions.iter().flatten().map(|&v| v.into()).collect();
        let variance = values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
        // 30,000 draws: the deviation is known to about 0.4 %.
        assert!((variance.sqrt() - 0.01).abs() < 2e-4, "{}", variance.sqrt());
        jitter(&mut positions, 10.0, 0.05, &mut rng);
        assert!(positions.iter().flatten().all(|v| v.abs() <= 0.12));
    }

    #[test]
    fn scale_and_translate() {
        let mut positions = [[1.0, -2.0, 4.0], [0.0, 1.0, 0.5]];
        let factor = scale_randomly(&mut positions, 2.0..=2.0, &mut ChaCha8Rng::seed_from_u64(0));
        assert_eq!(factor, 2.0);
        translate(&mut positions, [1.0, 0.0, -1.0]);
        assert_eq!(positions, [[3.0, -4.0, 7.0], [1.0, 2.0, 0.0]]);
    }
}
