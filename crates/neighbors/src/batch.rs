//! Checks of packed batches.

use std::ops::Range;

use crate::error::NeighborError;
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

/// Rejects positions that are not finite, naming the first one, and counts that 32-bit indices cannot name.
pub(crate) fn check_positions(positions: &[[f32; 3]]) -> Result<(), NeighborError> {
    let max = u32::MAX as usize - 1;
    if positions.len() > max {
        return Err(NeighborError::TooManyPoints { points: positions.len(), max });
    }
    match positions.iter().position(|p| !(p[0].is_finite() && p[1].is_finite() && p[2].is_finite())) {
        Some(index) => Err(NeighborError::NonFinite { index, position: positions[index] }),
        None => Ok(()),
    }
}

/// Rejects offsets that do not cut `points` points into consecutive clouds.
pub(crate) fn check_offsets(offsets: &[usize], points: usize) -> Result<(), NeighborError> {
    match offsets.first() {
        Some(0) => {}
        found => {
            return Err(NeighborError::OffsetsStart { found: found.copied() });
        }
    }
    for (index, pair) in offsets.windows(2).enumerate() {
        if pair[1] < pair[0] {
            return Err(NeighborError::OffsetsDecrease {
                index: index + 1,
                found: pair[1],
                previous: pair[0],
            });
        }
    }
    match offsets.last() {
        Some(&found) if found != points => Err(NeighborError::OffsetsEnd { found, points }),
        _ => Ok(()),
    }
}

/// The index ranges of the clouds of checked offsets.
pub(crate) fn cloud_ranges(offsets: &[usize]) -> impl Iterator<Item = Range<usize>> + '_ {
    offsets.windows(2).map(|pair| pair[0]..pair[1])
}
