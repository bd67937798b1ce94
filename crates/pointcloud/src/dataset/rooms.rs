//! Joins overlapping blocks to rooms.

use std::collections::HashSet;
use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::hdf5::ROOM;

/// Largest accepted difference, in the unit of the blocks, between the offset of two points in the block and in the room.
const TOLERANCE: f64 = 1e-3;

/// Joins the blocks of a room, with every point once; `path` is their file, for errors.
///
/// A block of S3DIS has x and y relative to its own middle, and all coordinates as fractions of the largest coordinate of the
/// room. The factor between the two is the same in all blocks. A regression computes it, and with it the position of every
/// point in the room. z is already relative to the room. Blocks overlap, and blocks with too few points repeat some. So a point
/// with the same fractions and colour as an earlier one is left out.
pub(super) fn join_blocks(blocks: &[PointCloud], path: &Path) -> Result<PointCloud> {
    let refuse = |found: String| {
        Error::dataset(
            path,
            "data",
            found,
            "channels 7 to 9 that are the coordinates in the room, from 0 to 1",
        )
    };
    let mut factors = [0.0; 2];
    for (axis, factor) in factors.iter_mut().enumerate() {
        let (mut both, mut squares) = (0.0, 0.0);
        for block in blocks {
            let (shares, mean_share, mean) =
                columns(block, axis).ok_or_else(|| refuse("no such channels".into()))?;
            for (share, position) in shares.iter().zip(block.positions()) {
                both += (share - mean_share) * (f64::from(position[axis]) - mean);
                squares += (share - mean_share).powi(2);
            }
        }
        // A room without extent along an axis has nothing to scale.
        *factor = if squares > 0.0 { both / squares } else { 1.0 };
        for block in blocks {
            let Some((shares, mean_share, mean)) = columns(block, axis) else { continue };
            for (share, position) in shares.iter().zip(block.positions()) {
                let off = f64::from(position[axis]) - mean - *factor * (share - mean_share);
                if off.is_nan() || off.abs() > TOLERANCE {
                    return Err(refuse(format!("a point {off:.3} from where channel {} says", axis + 7)));
                }
            }
        }
    }

    let (mut seen, mut coordinates, mut colors, mut labels) =
        (HashSet::new(), Vec::new(), Vec::new(), Vec::new());
    for block in blocks {
        let shares = ROOM.map(|name| block.property(name).map_or(&[][..], |property| &property.values));
        for i in 0..block.len() {
            let share = shares.map(|values| values[i]);
            let color = block.colors().map_or([0; 3], |colors| colors[i]);
            if !seen.insert((share.map(f64::to_bits), color)) {
                continue;
            }
            coordinates.push([
                factors[0] * share[0],
                factors[1] * share[1],
                f64::from(block.positions()[i][2]),
            ]);
            colors.push(color);
            labels.extend(block.labels().map(|labels| labels[i]));
        }
    }
    let mut room = PointCloud::new(coordinates.iter().map(|point| point.map(|v| v as f32)).collect());
    room.set_colors(Some(colors))?;
    room.set_labels((labels.len() == room.len()).then_some(labels))?;
    if let Some((name, scalar_type)) =
        blocks.first().and_then(|block| block.label_name().zip(block.label_type()))
    {
        room.set_label_source(name, scalar_type);
    }
    Ok(room)
}

/// The fractions of a block along an axis, their mean, and the mean of the positions.
fn columns(block: &PointCloud, axis: usize) -> Option<(&[f64], f64, f64)> {
    let shares = &block.property(ROOM[axis])?.values;
    let count = block.len().max(1) as f64;
    let mean = block.positions().iter().map(|position| f64::from(position[axis])).sum::<f64>() / count;
    Some((shares, shares.iter().sum::<f64>() / count, mean))
}
