//! The boxes of a kernel, as the threads compare with them.

use burn::tensor::DType;
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::Client;
use neighbors::KernelShape;

use crate::op::cube::lists::tensor;

/// Words of a step in [`Rule::steps`]: the least and the greatest difference that belong to it, and the same with a margin.
pub(super) const STEP: usize = 4;

/// Cells of a kernel that are searched on a device: one thread looks for the neighbours of one point in one of them.
const MAX_SUBDOMAINS: usize = 512;

/// Edges of a kernel's cell in the edge of a cell of the grid. With larger ones there are more candidates, with smaller ones
/// more cells to look into: on a surface of density ρ a thread looks into `(1 + 1/m)³` cells and meets `ρ (1 + m)²` candidates,
/// 4.6 and 6.3 here.
const EDGE: f32 = 1.5;

/// A kernel of cells: the differences of coordinates that belong to every step along x, y and z.
pub(super) struct Rule {
    /// Steps along x, y and z.
    pub(super) size: [usize; 3],
    /// Edge of the grid's cells that suits the kernel.
    pub(super) edge: f32,
    /// `[size_x + size_y + size_z, STEP]`.
    pub(super) steps: CubeTensor,
}

impl Rule {
    /// The rule of a kernel that can be searched on a device.
    pub(super) fn of(client: &Client, device: &CubeDevice, shape: &KernelShape) -> Option<Self> {
        let &KernelShape::Cells { size, cell, .. } = shape else { return None };
        if shape.subdomains() > MAX_SUBDOMAINS {
            return None;
        }
        let steps: Vec<f32> = shape.intervals()?.iter().flatten().copied().flat_map(step).collect();
        Some(Self { size, edge: EDGE * cell, steps: tensor(client, device, &steps, DType::F32) })
    }

    pub(super) fn subdomains(&self) -> usize {
        self.size.iter().product()
    }
}

/// One interval with and without margin. The difference of two positions is rounded: what lies in an interval may be a little
/// farther away.
fn step((low, high): (f32, f32)) -> [f32; STEP] {
    if low <= high {
        let margin = |bound: f32| bound.abs() * (4.0 * f32::EPSILON);
        [low, high, low - margin(low), high + margin(high)]
    } else {
        // No difference belongs to it.
        [1.0, 0.0, 0.0, 0.0]
    }
}
