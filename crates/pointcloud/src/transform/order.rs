//! Orders of points that do not depend on the order of the file.

use crate::bounds::Bounds;

/// Bits per axis of a Morton key; three axes fill 63 of 64 bits.
const BITS: u32 = 21;

/// Indices that sort `positions` by x, then y, then z; equal points keep their order.
///
/// The order is total: -0 comes before +0 and NaN last.
///
/// ```
/// use pointcloud::transform::xyz_order;
///
/// assert_eq!(xyz_order(&[[1.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 2.0, 9.0]]), [2, 1, 0]);
/// ```
#[must_use]
pub fn xyz_order(positions: &[[f32; 3]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&positions[a], &positions[b]);
        a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).then(a[2].total_cmp(&b[2]))
    });
    order
}

/// Indices that sort `positions` along the Morton (Z-order) curve; equal cells keep their order.
///
/// The curve runs over the cube of 2²¹ cells per edge that starts at the smallest corner of the
/// bounds and has the largest extent as its edge, so neighbours on the curve are near in space.
/// Keys interleave the bits of the cell as `.. z₀ y₀ x₀`. Non-finite coordinates count as the
/// smallest cell.
#[must_use]
pub fn morton_order(positions: &[[f32; 3]]) -> Vec<usize> {
    let Some(bounds) = Bounds::of(positions) else {
        return (0..positions.len()).collect();
    };
    let edge = bounds.extent().into_iter().fold(0.0, f64::max);
    let factor = if edge > 0.0 { f64::from((1_u32 << BITS) - 1) / edge } else { 0.0 };
    let keys: Vec<u64> = positions
        .iter()
        .map(|p| {
            let cell = |axis: usize| ((f64::from(p[axis]) - bounds.min[axis]) * factor) as u64;
            spread(cell(0)) | spread(cell(1)) << 1 | spread(cell(2)) << 2
        })
        .collect();
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by_key(|&i| keys[i]);
    order
}

/// Moves bit `i` of a 21-bit number to bit `3i`.
pub(crate) fn spread(cell: u64) -> u64 {
    let mut x = cell & 0x1f_ffff;
    x = (x | x << 32) & 0x001f_0000_0000_ffff;
    x = (x | x << 16) & 0x001f_0000_ff00_00ff;
    x = (x | x << 8) & 0x100f_00f0_0f00_f00f;
    x = (x | x << 4) & 0x10c3_0c30_c30c_30c3;
    (x | x << 2) & 0x1249_2492_4924_9249
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_are_spread_by_three() {
        for cell in [0, 1, 0b101, 0x1f_ffff, 0x12_3456] {
            let slow: u64 = (0..BITS).map(|bit| (cell >> bit & 1) << (3 * bit)).sum();
            assert_eq!(spread(cell), slow);
        }
    }

    #[test]
    fn the_cube_is_walked_in_z_order() {
        let corners: Vec<[f32; 3]> =
            (0..8).rev().map(|key| [0, 1, 2].map(|axis| 5.0 + (key >> axis & 1) as f32)).collect();
        assert_eq!(morton_order(&corners), [7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(morton_order(&[[2.0; 3]; 3]), [0, 1, 2]);
        assert_eq!(morton_order(&[[f32::NAN; 3]; 2]), [0, 1]);
        assert!(morton_order(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn orders_do_not_depend_on_the_input_order(
            positions in prop::collection::vec(prop::array::uniform3((-3_i8..3).prop_map(f32::from)), 0..50)
        ) {
            let mut reversed = positions.clone();
            reversed.reverse();
            for order in [xyz_order, morton_order] {
                let pick = |p: &[[f32; 3]]| order(p).into_iter().map(|i| p[i]).collect::<Vec<_>>();
                prop_assert_eq!(pick(&positions), pick(&reversed));
            }
            let sorted: Vec<_> = xyz_order(&positions).into_iter().map(|i| positions[i]).collect();
            prop_assert!(sorted.windows(2).all(|w| w[0] <= w[1]));
        }
    }
}
