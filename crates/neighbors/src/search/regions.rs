//! A batch as pieces to search.

use rayon::prelude::*;

use crate::packed_clouds::cloud_ranges;
use crate::search::boxes::cut;
use crate::search::region::Piece;

/// The clouds of a batch one after the other, the large ones cut into boxes of about `box_points` for kernels that reach
/// no farther than `reach`. Every point is a centre of one piece.
pub(crate) fn pieces<'a>(
    positions: &'a [[f32; 3]],
    offsets: &[usize],
    reach: f64,
    box_points: usize,
) -> Vec<Piece<'a>> {
    let clouds: Vec<_> = cloud_ranges(offsets).filter(|cloud| !cloud.is_empty()).collect();
    clouds
        .into_par_iter()
        .flat_map_iter(|cloud| {
            let points = &positions[cloud.clone()];
            let whole = || vec![Piece::whole(points, cloud.start)];
            cut(points, cloud.start, reach, box_points).unwrap_or_else(whole)
        })
        .collect()
}
