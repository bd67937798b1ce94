//! The boxes of a kernel, as the threads compare with them.

use burn::tensor::DType;
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::Client;
use neighbors::KernelShape;

use crate::gpu::launch::tensor;

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
        let axes = intervals(shape)?;
        let steps: Vec<f32> = axes.iter().flatten().copied().flat_map(step).collect();
        Some(Self { size, edge: EDGE * cell, steps: tensor(client, device, &steps, DType::F32) })
    }

    pub(super) fn subdomains(&self) -> usize {
        self.size.iter().product()
    }
}

/// The differences of coordinates that belong to every step along x, y and z, as closed intervals; `None` for kernels
/// that are not cells.
///
/// Comparing with them gives bit for bit the answer of the rule, which divides and rounds: a division is not exact on every
/// device. The rule is monotone along an axis, so the borders are found by bisection over the representable values. An
/// interval that no finite difference reaches is empty: its lower bound exceeds the upper one.
fn intervals(shape: &KernelShape) -> Option<[Vec<(f32, f32)>; 3]> {
    let &KernelShape::Cells { size, cell, dilation } = shape else { return None };
    Some([0, 1, 2].map(|axis| {
        let half = (size[axis] / 2) as i64;
        let steps = (-half..=half).map(|n| n * dilation[axis] as i64);
        steps.map(|n| (least(cell, n as f32), -least(cell, -n as f32))).collect()
    }))
}

/// The least finite difference `d` with `(d / cell).round() >= n`; infinity when there is none.
fn least(cell: f32, n: f32) -> f32 {
    let (mut fails, mut holds) = (f32::NEG_INFINITY, f32::INFINITY);
    // Bisect the bits: the floats between two bounds of one sign are as many as the integers between their bits.
    while fails.next_up() < holds {
        let middle = from_order((order(fails) + order(holds)).div_euclid(2));
        if (middle / cell).round() >= n { holds = middle } else { fails = middle }
    }
    holds
}

/// Index of a value among all values in ascending order, 0 for zero.
fn order(value: f32) -> i64 {
    let magnitude = i64::from(value.abs().to_bits());
    if value < 0.0 { -magnitude } else { magnitude }
}

fn from_order(order: i64) -> f32 {
    let magnitude = f32::from_bits(order.unsigned_abs() as u32);
    if order < 0 { -magnitude } else { magnitude }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_the_rule() {
        for cell in [0.1f32, 0.3, 1.0 / 3.0, 7.7e-5, 1e9, f32::MIN_POSITIVE, 1e-44] {
            let shape = KernelShape::cells(cell).with_size([5, 1, 3]).with_dilation([2, 1, 3]);
            let axes = intervals(&shape).expect("a kernel of cells");
            assert_eq!(axes.each_ref().map(Vec::len), [5, 1, 3]);
            for (axis, steps) in axes.iter().enumerate() {
                let inside = |difference: f32| {
                    let mut point = [0.0; 3];
                    point[axis] = difference;
                    shape.subdomain([0.0; 3], point).is_some()
                };
                for &(low, high) in steps {
                    assert!(low <= high && inside(low) && inside(high), "{cell} {low} {high}");
                    // With a dilation, the next cell on either side belongs to no step.
                    if steps.len() > 1 {
                        assert!(!inside(low.next_down()) && !inside(high.next_up()), "{cell} {low} {high}");
                    }
                }
            }
        }
        assert!(intervals(&KernelShape::shells(1.0, 2)).is_none());
    }

    #[test]
    fn steps_out_of_reach_are_empty() {
        let axes = intervals(&KernelShape::cells(f32::MAX).with_dilation([2; 3])).expect("a kernel of cells");
        let (low, high) = axes[0][2];
        assert!(low > high);
        assert_eq!(step((low, high)), [1.0, 0.0, 0.0, 0.0]);
    }
}
