//! Turns a surface into a cloud as a scanner might see it.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};

use super::config::SynthConfig;
use super::deform::deform;
use super::family::Family;
use super::solids::build;
use crate::cloud::PointCloud;
use crate::transform::{Axis, Normalizer, jitter, random_indices, rotate, sample_uniform};

/// Points that are drawn per point of the result; enough for the lowest density and the largest cut together.
const CANDIDATES: usize = 4;
/// Largest change of the density from the middle of a shape to its ends.
const UNEVENNESS: f32 = 0.4;
/// Largest tilt of the up axis, in radians (15 degrees).
const TILT: f32 = 0.262;
/// Largest elevation of the direction of a cut or a view, as a sine (30 degrees).
const ELEVATION: f32 = 0.5;
/// Fractions of the shapes that are cut by a plane and that are seen from one side; the others are complete.
const CUT_SHARE: f32 = 0.35;
const VIEW_SHARE: f32 = 0.3;

/// One random member of `family` as `config.points` positions in the unit sphere.
///
/// Uses `config.noise` and `config.cut`, but not its counts and its seed: the random numbers are those of `rng`.
///
/// ```
/// use pointcloud::synth::{Family, SynthConfig, shape};
/// use rand::SeedableRng;
///
/// let config = SynthConfig { points: 100, ..SynthConfig::default() };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
/// assert_eq!(shape(Family::Ring, &config, &mut rng).len(), 100);
/// ```
#[must_use]
pub fn shape(family: Family, config: &SynthConfig, rng: &mut impl Rng) -> Vec<[f32; 3]> {
    if config.points == 0 {
        return Vec::new();
    }
    let mut surface = build(family, rng);
    deform(&mut surface.vertices, rng);
    let candidates = sample_uniform(&surface.into_mesh(), CANDIDATES * config.points, rng)
        .unwrap_or_else(|error| panic!("{family}: every family has a surface, but {error}"));
    let dense = thin_unevenly(&candidates, rng);
    let mut seen = hide(dense, config, rng);
    rotate(&mut seen, Axis::Z, rng.random_range(0.0..std::f32::consts::TAU));
    rotate(&mut seen, Axis::X, rng.random_range(-TILT..TILT));
    rotate(&mut seen, Axis::Y, rng.random_range(-TILT..TILT));
    add_noise(&mut seen, config, rng);
    seen
}

/// Hides a part of a cloud, and selects the points of the result.
pub(super) fn hide(cloud: PointCloud, config: &SynthConfig, rng: &mut impl Rng) -> Vec<[f32; 3]> {
    let mut seen = hide_part(cloud, config.cut, rng).into_positions();

    // Candidates are in random order, so the first ones are a random sample.
    if seen.len() < config.points {
        seen = random_indices(seen.len(), config.points, rng).into_iter().map(|i| seen[i]).collect();
    }
    seen.truncate(config.points);
    seen
}

/// Moves a cloud into the unit sphere, with noise.
pub(super) fn add_noise(seen: &mut [[f32; 3]], config: &SynthConfig, rng: &mut impl Rng) {
    Normalizer::unit_sphere(seen).apply(seen);
    let sigma = config.noise * rng.random_range(0.25..=1.0);
    jitter(seen, sigma, 3.0 * sigma, rng);
    Normalizer::unit_sphere(seen).apply(seen);
}

/// Keeps points with a probability that grows linearly along a random direction.
fn thin_unevenly(cloud: &PointCloud, rng: &mut impl Rng) -> PointCloud {
    let direction = direction(1.0, rng);
    let slope = rng.random_range(0.0..UNEVENNESS);
    let kept: Vec<usize> = cloud
        .positions()
        .iter()
        .enumerate()
        .filter(|(_, position)| {
            // Shapes reach 1.73 from the origin at most.
            let density = (1.0 + slope * dot(position, &direction)) / (1.0 + 1.74 * slope);
            rng.random::<f32>() < density
        })
        .map(|(index, _)| index)
        .collect();
    cloud.select(&kept)
}

/// Removes up to a fraction `cut` of the points: those beyond a plane, or those that face away from a viewer, or none.
fn hide_part(cloud: PointCloud, cut: f32, rng: &mut impl Rng) -> PointCloud {
    let fraction = rng.random_range(0.0..=cut);
    let direction = direction(ELEVATION, rng);
    let kind: f32 = rng.random();
    let vectors = match cloud.normals() {
        _ if kind < CUT_SHARE => cloud.positions(),
        Some(normals) if kind < CUT_SHARE + VIEW_SHARE => normals,
        _ => return cloud,
    };
    let along: Vec<f32> = vectors.iter().map(|v| dot(v, &direction)).collect();
    let mut sorted = along.clone();
    sorted.sort_by(f32::total_cmp);
    let hidden = (fraction * along.len() as f32) as usize;
    let Some(limit) = sorted.get(along.len() - 1 - hidden.min(along.len().saturating_sub(1))) else {
        return cloud;
    };
    // All points of a flat side have the same normal. Their random order decides which of them are left out.
    let mut left = hidden;
    let kept: Vec<usize> = (0..along.len())
        .filter(|&i| {
            let goes = along[i] > *limit && left > 0;
            left -= usize::from(goes);
            !goes
        })
        .collect();
    cloud.select(&kept)
}

/// A unit vector of random azimuth and of an elevation whose sine is at most `steepest`.
fn direction(steepest: f32, rng: &mut impl Rng) -> [f32; 3] {
    let z = rng.random_range(-steepest..=steepest);
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    let level = (1.0 - z * z).sqrt();
    [level * cos as f32, level * sin as f32, z]
}

fn dot(a: &[f32; 3], b: &[f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_family_fills_the_unit_sphere() {
        let config = SynthConfig { points: 300, ..SynthConfig::default() };
        for family in Family::ALL {
            for seed in 0..30 {
                let points = shape(family, &config, &mut ChaCha8Rng::seed_from_u64(seed));
                assert_eq!(points.len(), 300);
                let squared = |p: &[f32; 3]| dot(p, p);
                let farthest = points.iter().map(squared).fold(0.0, f32::max).sqrt();
                assert!((farthest - 1.0).abs() < 1e-3, "{family} {seed}: {farthest}");
            }
        }
    }

    #[test]
    fn cuts_take_away_at_most_their_share() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mesh = build(Family::Block, &mut rng).into_mesh();
        let cloud = sample_uniform(&mesh, 1000, &mut rng).unwrap();
        let left: Vec<usize> = (0..200).map(|_| hide_part(cloud.clone(), 0.35, &mut rng).len()).collect();
        assert!(left.iter().all(|&n| (650..=1000).contains(&n)));
        assert!(left.iter().any(|&n| n < 800) && left.contains(&1000));
        assert_eq!(hide_part(cloud, 0.0, &mut rng).len(), 1000);
    }
}
