//! The voxel of a point, and its number along a curve that visits neighbouring voxels soon after each other.

use neighbors::{NeighborError, PackedClouds};
use rayon::prelude::*;

/// Cell coordinates from here on are refused. Double precision holds every smaller integer and its half.
const FAR: f64 = (1u64 << 52) as f64;

/// Bits of the widest number.
const MAX_BITS: u32 = 128;

/// Points of one work item.
const CHUNK: usize = 1 << 14;

/// The grid of each cloud: `floor((p - origin) / voxel)` in `f64`, counted from the lowest cell of the cloud.
#[derive(Debug)]
pub(crate) struct VoxelCells {
    voxel: f64,
    grids: Vec<Grid>,
    /// Bits of a cell coordinate, the same for each axis.
    axis_bits: u32,
    cloud_bits: u32,
}

#[derive(Debug, Clone, Copy)]
struct Grid {
    origin: [f64; 3],
    low: [i64; 3],
}

impl VoxelCells {
    pub(crate) fn new(
        clouds: &PackedClouds,
        voxel: f32,
        origins: &[[f32; 3]],
    ) -> Result<Self, NeighborError> {
        let edge = f64::from(voxel);
        let too_many = NeighborError::TooManyVoxels { voxel, max: MAX_BITS };
        let mut axis_bits = 0;
        let mut grids = Vec::with_capacity(clouds.len());
        for (range, origin) in clouds.ranges().zip(origins) {
            let origin = origin.map(f64::from);
            let (low, high) = corners(&clouds.positions()[range]);
            let mut grid = Grid { origin, low: [0; 3] };
            for axis in 0..3 {
                let [first, last] = [low[axis], high[axis]].map(|v| cell(f64::from(v) - origin[axis], edge));
                if first.abs() >= FAR || last.abs() >= FAR {
                    return Err(too_many);
                }
                grid.low[axis] = first as i64;
                axis_bits = axis_bits.max(bits((last as i64).abs_diff(first as i64)));
            }
            grids.push(grid);
        }
        let cloud_bits = bits(clouds.len().saturating_sub(1) as u64);
        if 3 * axis_bits + cloud_bits > MAX_BITS {
            return Err(too_many);
        }
        Ok(Self { voxel: edge, grids, axis_bits, cloud_bits })
    }

    /// Bits of the largest number.
    pub(crate) fn bits(&self) -> u32 {
        3 * self.axis_bits + self.cloud_bits
    }

    /// `make(number, point)` for every point of the batch. Numbers ascend with the cloud, then along the Z-order curve.
    pub(crate) fn numbers<N: Number, T: Send>(
        &self,
        clouds: &PackedClouds,
        make: impl Fn(N, usize) -> T + Sync,
    ) -> Vec<T> {
        let items: Vec<(usize, usize, usize)> = clouds
            .ranges()
            .enumerate()
            .flat_map(|(cloud, range)| {
                let end = range.end;
                range.step_by(CHUNK).map(move |start| (cloud, start, end.min(start + CHUNK)))
            })
            .collect();
        let parts: Vec<Vec<T>> = items
            .into_par_iter()
            .map(|(cloud, start, end)| {
                let grid = self.grids[cloud];
                let cloud_part = N::from_cloud(cloud, 3 * self.axis_bits);
                let positions = &clouds.positions()[start..end];
                let number =
                    |p: &[f32; 3]| N::interleave(grid.cell(p, self.voxel), self.axis_bits).or(cloud_part);
                positions.iter().zip(start..).map(|(p, point)| make(number(p), point)).collect()
            })
            .collect();
        parts.concat_owned()
    }
}

/// Joins the vectors in their order.
trait ConcatOwned<T> {
    fn concat_owned(self) -> Vec<T>;
}

impl<T> ConcatOwned<T> for Vec<Vec<T>> {
    fn concat_owned(mut self) -> Vec<T> {
        if self.len() == 1 {
            return self.swap_remove(0);
        }
        let mut all = Vec::with_capacity(self.iter().map(Vec::len).sum());
        for mut part in self {
            all.append(&mut part);
        }
        all
    }
}

impl Grid {
    #[inline(always)]
    fn cell(&self, point: &[f32; 3], voxel: f64) -> [u64; 3] {
        [0, 1, 2].map(|axis| {
            let index = cell(f64::from(point[axis]) - self.origin[axis], voxel) as i64;
            (index - self.low[axis]) as u64
        })
    }
}

#[inline(always)]
fn cell(distance: f64, voxel: f64) -> f64 {
    (distance / voxel).floor()
}

/// Bits of the largest of the numbers `0..=last`.
fn bits(last: u64) -> u32 {
    u64::BITS - last.leading_zeros()
}

/// The lowest and the highest coordinates; zeros without points.
fn corners(positions: &[[f32; 3]]) -> ([f32; 3], [f32; 3]) {
    let Some(&first) = positions.first() else { return ([0.0; 3], [0.0; 3]) };
    let wider = |(mut low, mut high): ([f32; 3], [f32; 3]), (a, b): ([f32; 3], [f32; 3])| {
        for axis in 0..3 {
            low[axis] = low[axis].min(a[axis]);
            high[axis] = high[axis].max(b[axis]);
        }
        (low, high)
    };
    positions
        .par_chunks(CHUNK)
        .map(|chunk| chunk.iter().fold((first, first), |corners, &p| wider(corners, (p, p))))
        .reduce(|| (first, first), wider)
}

/// The number of a voxel, in 64 or 128 bits.
pub(crate) trait Number: Copy + Ord + Send + Sync {
    /// The bits of the coordinates in turns, x lowest; each coordinate has `bits` bits.
    fn interleave(cell: [u64; 3], bits: u32) -> Self;

    /// The part of the number that tells the cloud.
    fn from_cloud(cloud: usize, shift: u32) -> Self;

    fn or(self, other: Self) -> Self;
}

impl Number for u64 {
    #[inline(always)]
    fn interleave([x, y, z]: [u64; 3], _bits: u32) -> Self {
        spread(x) | spread(y) << 1 | spread(z) << 2
    }

    #[inline(always)]
    fn from_cloud(cloud: usize, shift: u32) -> Self {
        (cloud as u64).checked_shl(shift).unwrap_or(0)
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }
}

/// Puts two zeros between the lowest 21 bits.
#[inline(always)]
fn spread(mut v: u64) -> u64 {
    v = (v | v << 32) & 0x001f_0000_0000_ffff;
    v = (v | v << 16) & 0x001f_0000_ff00_00ff;
    v = (v | v << 8) & 0x100f_00f0_0f00_f00f;
    v = (v | v << 4) & 0x10c3_0c30_c30c_30c3;
    (v | v << 2) & 0x1249_2492_4924_9249
}

impl Number for u128 {
    fn interleave(cell: [u64; 3], bits: u32) -> Self {
        let mut number = 0;
        for bit in 0..bits {
            for (axis, coordinate) in cell.into_iter().enumerate() {
                number |= u128::from(coordinate >> bit & 1) << (3 * bit + axis as u32);
            }
        }
        number
    }

    fn from_cloud(cloud: usize, shift: u32) -> Self {
        (cloud as u128).checked_shl(shift).unwrap_or(0)
    }

    fn or(self, other: Self) -> Self {
        self | other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_give_the_same_number() {
        for cell in
            [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [5, 1000, 77], [(1 << 21) - 1, 12_345, 1 << 20]]
        {
            let wide = <u128 as Number>::interleave(cell, 21);
            assert_eq!(u128::from(<u64 as Number>::interleave(cell, 21)), wide, "{cell:?}");
        }
        assert_eq!(<u64 as Number>::interleave([3, 0, 1], 2), 0b001_101);
    }

    #[test]
    fn bits_of_a_range() {
        assert_eq!([0, 1, 2, 3, 4].map(bits), [0, 1, 2, 2, 3]);
    }
}
