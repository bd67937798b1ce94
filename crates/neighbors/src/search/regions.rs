//! A batch as regions to search.

use rayon::prelude::*;

use crate::packed_clouds::PackedClouds;
use crate::search::boxes::cut_into_boxes;
use crate::search::region::Outline;

/// The clouds of a batch one after the other, the large ones cut into boxes of about `box_points` for kernels that reach
/// no farther than `reach`. Every point is a centre of one region.
pub(crate) fn regions(clouds: &PackedClouds, reach: f64, box_points: usize) -> Vec<Outline<'_>> {
    let ranges: Vec<_> = clouds.ranges().filter(|cloud| !cloud.is_empty()).collect();
    ranges
        .into_par_iter()
        .flat_map_iter(|cloud| {
            let points = &clouds.positions()[cloud.clone()];
            let whole = || vec![Outline::whole(points, cloud.start)];
            cut_into_boxes(points, cloud.start, reach, box_points).unwrap_or_else(whole)
        })
        .collect()
}
