//! Seeded clouds, packed into batches, and the kernels that are laid over them.

use neighbors::{CustomKernel, KernelShape, Mirror, PackedClouds};
use pointconv::Neighborhood;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::device;

/// Clouds of the given sizes, uniform in a cube of edge 1. One point in eight repeats an earlier one of its cloud.
pub(crate) fn random_clouds(sizes: &[usize], seed: u64) -> PackedClouds {
    clouds_in_cube(sizes, 1.0, seed)
}

/// As [`random_clouds`], in a cube of the given edge.
pub(crate) fn clouds_in_cube(sizes: &[usize], edge: f32, seed: u64) -> PackedClouds {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut cloud = |size: usize| {
        let mut positions: Vec<[f32; 3]> = Vec::with_capacity(size);
        for i in 0..size {
            let fresh = [(); 3].map(|()| rng.random_range(0.0..edge));
            positions.push(if i % 8 == 7 { positions[i / 2] } else { fresh });
        }
        positions
    };
    let clouds: Vec<_> = sizes.iter().map(|&size| cloud(size)).collect();
    PackedClouds::from_clouds(&clouds).expect("finite positions")
}

/// A batch from positions and offsets that are sound.
pub(crate) fn packed(positions: impl Into<Vec<[f32; 3]>>, offsets: &[usize]) -> PackedClouds {
    PackedClouds::new(positions, offsets).expect("a sound batch")
}

/// The lists, made by the device under test.
pub(crate) fn lists(clouds: &PackedClouds, shape: &KernelShape) -> Neighborhood {
    Neighborhood::build(clouds, shape, &device()).expect("a sound shape")
}

/// A ball cut into a core and the halves around it, and the same without telling the halves apart.
#[derive(Debug)]
struct Halves {
    mirror: Mirror,
}

static HALVES: Halves = Halves { mirror: Mirror::Reversed };
static WHOLE: Halves = Halves { mirror: Mirror::Same };

impl CustomKernel for Halves {
    fn subdomains(&self) -> usize {
        match self.mirror {
            Mirror::Reversed => 3,
            Mirror::Same => 2,
        }
    }

    fn radius(&self) -> f32 {
        0.5
    }

    fn mirror(&self) -> Mirror {
        self.mirror
    }

    fn subdomain(&self, [x, y, z]: [f32; 3]) -> Option<usize> {
        let in_core = x * x + y * y + z * z < 0.04;
        Some(if in_core {
            1
        } else if self.mirror == Mirror::Reversed && x + y > 0.0 {
            2
        } else {
            0
        })
    }
}

/// Cells of all dilations and of unequal sizes, shells with and without gaps, and custom kernels, for clouds in a unit cube.
pub(crate) fn kernels() -> Vec<KernelShape> {
    let cells = KernelShape::cells(0.2);
    vec![
        cells,
        cells.with_dilation([2, 2, 2]),
        cells.with_dilation([1, 2, 3]),
        cells.with_size([5, 1, 3]),
        cells.with_size([5, 1, 3]).with_dilation([1, 2, 2]),
        KernelShape::shells(0.6, 3),
        KernelShape::shells(0.8, 3).with_dilation([2; 3]),
        KernelShape::shells(0.5, 1),
        KernelShape::Custom(&HALVES),
        KernelShape::Custom(&WHOLE),
    ]
}
