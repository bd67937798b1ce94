//! Seeded clouds, packed into batches, and the kernels that are laid over them.

use neighbors::{CustomKernel, KernelShape, Mirror, Neighborhood, Search};
use pointconv::search;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::device;

/// A packed batch of clouds.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) positions: Vec<[f32; 3]>,
    pub(crate) offsets: Vec<usize>,
}

impl Batch {
    /// Clouds of the given sizes, uniform in a cube of edge 1. One point in eight repeats an earlier one of its cloud.
    pub(crate) fn random(sizes: &[usize], seed: u64) -> Self {
        Self::in_cube(sizes, 1.0, seed)
    }

    /// As [`random`](Self::random), in a cube of the given edge.
    pub(crate) fn in_cube(sizes: &[usize], edge: f32, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut positions, mut offsets) = (Vec::new(), vec![0]);
        for &size in sizes {
            let first = positions.len();
            for i in 0..size {
                let fresh = [(); 3].map(|()| rng.random_range(0.0..edge));
                positions.push(if i % 8 == 7 { positions[first + i / 2] } else { fresh });
            }
            offsets.push(positions.len());
        }
        Self { positions, offsets }
    }

    /// The lists, made by the device under test.
    pub(crate) fn neighborhood(&self, shape: &KernelShape) -> Neighborhood {
        let found = search(&self.positions, &self.offsets, &[*shape], Search::Auto, &device());
        found.expect("the batch is sound").swap_remove(0)
    }
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
