//! Synthetic clouds in memory: for estimates of memory before there is data, and for benches.

use pointcloud::derive_seed;
use pointcloud::synth::{Family, SynthConfig, shape};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::config::Attribute;
use crate::task::Columns;

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

/// `clouds` with a column for each of `attributes` that needs one; what the columns hold stands for nothing: normals along z,
/// and zeros.
#[must_use]
pub fn with_columns(clouds: Vec<Vec<[f32; 3]>>, attributes: &[Attribute]) -> Vec<Columns> {
    let filled = |positions: Vec<[f32; 3]>| {
        let len = positions.len();
        let mut columns = Columns::from(positions);
        for attribute in attributes {
            match attribute {
                Attribute::Normal => columns.normals = vec![[0.0, 0.0, 1.0]; len],
                Attribute::Color => columns.colors = vec![[0.0; 3]; len],
                Attribute::Property(name) => columns.properties.push((name.clone(), vec![0.0; len])),
                Attribute::Computed(computed) => {
                    let names = computed.column_names().into_iter();
                    columns.properties.extend(names.map(|name| (name, vec![0.0; len])));
                }
                Attribute::Xyz | Attribute::Room | Attribute::Height | Attribute::One => {}
            }
        }
        columns
    };
    clouds.into_iter().map(filled).collect()
}
