//! Synthetic clouds in memory: for estimates of memory before there is data, and for benches.

use pointcloud::derive_seed;
use pointcloud::synth::{Family, SynthConfig, shape};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// `clouds` synthetic shapes of `points` points, seeded: all families in turn.
#[must_use]
pub fn surfaces(clouds: usize, points: usize) -> Vec<Vec<[f32; 3]>> {
    (0..clouds).map(|cloud| surface(cloud, points, SynthConfig::default().noise)).collect()
}

/// One synthetic shape; `which` selects family and member.
#[must_use]
pub fn surface(which: usize, points: usize, noise: f32) -> Vec<[f32; 3]> {
    let config = SynthConfig { points, noise, ..SynthConfig::default() };
    let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(0, &[which as u64]));
    shape(Family::ALL[which % Family::ALL.len()], &config, &mut rng)
}
