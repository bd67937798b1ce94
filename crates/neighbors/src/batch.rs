//! Checks of packed batches.

use std::ops::Range;

use crate::error::NeighborError;
use crate::packed_clouds::{check_offsets, check_positions};
use crate::shape::KernelShape;

/// Checks what [`Neighborhood::build_all`](crate::Neighborhood::build_all) checks before it searches; for searches elsewhere.
///
/// # Errors
/// An invalid shape, offsets that do not fit, or a position that is not finite.
///
/// ```
/// use neighbors::{KernelShape, NeighborError, check_batch};
///
/// let found = check_batch(&[[0.0; 3]], &[0, 2], &[KernelShape::cells(0.1)]);
/// assert_eq!(found, Err(NeighborError::OffsetsEnd { found: 2, points: 1 }));
/// ```
pub fn check_batch(
    positions: &[[f32; 3]],
    offsets: &[usize],
    shapes: &[KernelShape],
) -> Result<(), NeighborError> {
    for shape in shapes {
        shape.validate()?;
    }
    check_offsets(offsets, positions.len())?;
    check_positions(positions)
}

/// The index ranges of the clouds of checked offsets.
pub(crate) fn cloud_ranges(offsets: &[usize]) -> impl Iterator<Item = Range<usize>> + '_ {
    offsets.windows(2).map(|pair| pair[0]..pair[1])
}
