//! Random changes beyond the rigid ones: mirrors, missing points, colours.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::rotate::Axis;

/// Mirrors `vectors` (positions or normals, `[N, 3]`) along `axis`, at the plane through the origin.
pub fn mirror(vectors: &mut [[f32; 3]], axis: Axis) {
    let axis = match axis {
        Axis::X => 0,
        Axis::Y => 1,
        Axis::Z => 2,
    };
    for vector in vectors {
        vector[axis] = -vector[axis];
    }
}

/// The indices below `len` that stay when a share, drawn evenly from 0 to `most`, is taken away at random; in ascending order. At
/// least one stays where there is any.
///
/// # Panics
/// When `most` is not in `[0, 1]`.
#[must_use]
pub fn drop_randomly(len: usize, most: f32, rng: &mut impl Rng) -> Vec<usize> {
    assert!((0.0..=1.0).contains(&most), "drop_randomly: expected a share from 0 to 1, found {most}");
    let share = if most > 0.0 { rng.random_range(0.0..=most) } else { 0.0 };
    let kept: Vec<usize> = (0..len).filter(|_| rng.random::<f32>() >= share).collect();
    if kept.is_empty() && len > 0 { vec![rng.random_range(0..len)] } else { kept }
}

/// Adds to every channel of every colour its own draw from `N(0, sigma²)`, for colours in `[0, 1]`, which they stay in.
///
/// # Panics
/// When `sigma` is negative or NaN.
pub fn jitter_colors(colors: &mut [[f32; 3]], sigma: f32, rng: &mut impl Rng) {
    assert!(sigma >= 0.0, "jitter_colors: expected a sigma of 0 or more, found {sigma}");
    for value in colors.iter_mut().flatten() {
        *value = (*value + sigma * rng.sample::<f32, _>(StandardNormal)).clamp(0.0, 1.0);
    }
}

/// Stretches every channel so that it spans `[0, 1]`, and mixes this with what was there: `(1 - blend) · old + blend · new`.
/// A channel with one value only stays.
pub fn stretch_colors(colors: &mut [[f32; 3]], blend: f32) {
    for channel in 0..3 {
        let values = || colors.iter().map(|color| color[channel]);
        let (low, high) =
            (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max));
        if high > low {
            for color in colors.iter_mut() {
                let stretched = (color[channel] - low) / (high - low);
                color[channel] += blend * (stretched - color[channel]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn mirrors_one_axis() {
        let mut vectors = [[1.0, 2.0, 3.0]];
        mirror(&mut vectors, Axis::Y);
        assert_eq!(vectors, [[1.0, -2.0, 3.0]]);
        mirror(&mut vectors, Axis::X);
        mirror(&mut vectors, Axis::Z);
        assert_eq!(vectors, [[-1.0, -2.0, -3.0]]);
    }

    #[test]
    fn drops_up_to_its_share_and_never_all() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let left: Vec<usize> = (0..50).map(|_| drop_randomly(1000, 0.5, &mut rng).len()).collect();
        // The share is known to 1.6 %.
        assert!(left.iter().all(|&n| (420..=1000).contains(&n)), "{left:?}");
        assert!(left.iter().any(|&n| n < 650) && left.iter().any(|&n| n > 850), "{left:?}");
        assert!((0..50).all(|_| drop_randomly(1, 1.0, &mut rng) == [0]));
        assert!(drop_randomly(0, 1.0, &mut rng).is_empty());
        assert_eq!(drop_randomly(3, 0.0, &mut rng), [0, 1, 2]);
    }

    #[test]
    fn colours_stay_in_range_and_are_stretched() {
        let mut colors = vec![[0.0, 0.5, 1.0]; 500];
        jitter_colors(&mut colors, 0.1, &mut ChaCha8Rng::seed_from_u64(1));
        assert!(colors.iter().flatten().all(|v| (0.0..=1.0).contains(v)));
        assert!(colors.iter().any(|color| (color[1] - 0.5).abs() > 0.05));
        let mut colors = [[0.25, 0.5, 0.0], [0.5, 0.5, 1.0]];
        stretch_colors(&mut colors, 0.5);
        assert_eq!(colors, [[0.125, 0.5, 0.0], [0.75, 0.5, 1.0]]);
    }
}
