//! The spacing of points, from which `"auto"` sizes of kernels and voxels are computed.

use neighbors::{NeighborError, PointIndex, Search};
use pointcloud::transform::random_indices;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::{Config, Scale};
use crate::error::RunError;

/// Number of points per cloud whose neighbours are searched.
const QUERIES: usize = 256;

/// The index of the neighbour whose distance is used. On a surface, this distance is about the spacing of an even grid of the
/// same density, while the distance of the nearest neighbour depends on how evenly the points are drawn.
const RANK: usize = 4;

/// The edge of a kernel cell in spacings, chosen on validation files: see the page "Experiments" of the guide.
const SPACINGS_PER_CELL: f32 = 1.5;

/// The median over all clouds of the median distance of a point to its fourth neighbour; `None` if no cloud has two
/// different points.
///
/// # Errors
/// A position that is not finite.
fn spacing<'a>(
    clouds: impl IntoParallelIterator<Item = &'a [[f32; 3]]>,
) -> Result<Option<f32>, NeighborError> {
    let of_cloud = |cloud: &[[f32; 3]]| -> Result<Option<f32>, NeighborError> {
        let index = PointIndex::build(cloud, Search::Auto)?;
        // Always the same points for the same cloud.
        let queries =
            random_indices(cloud.len(), QUERIES.min(cloud.len()), &mut ChaCha8Rng::seed_from_u64(0));
        let distance = |point: usize| {
            // The first one is the point itself.
            let found = index.nearest_n(cloud[point], RANK + 1);
            found.last().map_or(0.0, |neighbor| neighbor.squared_distance.sqrt())
        };
        Ok(median(queries.into_iter().map(distance).filter(|&distance| distance > 0.0).collect()))
    };
    let found: Result<Vec<Option<f32>>, NeighborError> = clouds.into_par_iter().map(of_cloud).collect();
    Ok(median(found?.into_iter().flatten().collect()))
}

/// The edge of a kernel cell for points that lie `spacing` apart, rounded to two digits.
fn cell_for(spacing: f32) -> f32 {
    rounded(SPACINGS_PER_CELL * spacing)
}

/// `value` to two significant digits: the size is an estimate, and a config is read by people.
pub(crate) fn rounded(value: f32) -> f32 {
    format!("{value:.1e}").parse().expect("a number that was just written")
}

impl Config {
    /// This config with the lengths that it leaves open, `"auto"`, taken from `clouds`, as the network is given them.
    ///
    /// # Errors
    /// [`RunError::Scale`] when the clouds have no two different points, or a position that is not finite.
    pub(crate) fn scaled<'a>(
        &self,
        clouds: impl IntoParallelIterator<Item = &'a [[f32; 3]]>,
    ) -> Result<Self, RunError> {
        let mut config = self.clone();
        let key = config.model.kernel_key();
        if let Some(scale) = config.model.scale().filter(|scale| **scale == Scale::Auto) {
            let found = spacing(clouds)?.ok_or(RunError::Scale { key })?;
            *scale = Scale::Value(cell_for(found));
        }
        Ok(config)
    }
}

/// Approximate number of voxels per scene.
const VOXELS: usize = 60_000;

/// The largest voxel edge, in spacings. It preserves the shape of objects that are several spacings wide.
const SPACINGS_PER_VOXEL: f32 = 6.0;

/// The edge of voxels for `scenes`, as [`ScenesConfig::voxel`](crate::config::ScenesConfig::voxel) says, rounded to two
/// digits: the median over the scenes. `None` where no scene has two different points.
///
/// # Errors
/// A position that is not finite.
pub(crate) fn voxel_for(scenes: &[Vec<[f32; 3]>]) -> Result<Option<f32>, NeighborError> {
    let of_scene = |scene: &Vec<[f32; 3]>| -> Result<Option<f32>, NeighborError> {
        let Some(least) = spacing([scene.as_slice()])? else { return Ok(None) };
        // Bisection on a logarithmic scale; 3 % is accurate enough for two digits.
        let (mut low, mut high) = (least, SPACINGS_PER_VOXEL * least);
        while high > 1.03 * low {
            let middle = (low * high).sqrt();
            if voxels(scene, middle) > VOXELS {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(Some(low))
    };
    let found: Result<Vec<Option<f32>>, NeighborError> = scenes.par_iter().map(of_scene).collect();
    Ok(median(found?.into_iter().flatten().collect()).map(rounded))
}

/// Occupied voxels of a scene.
fn voxels(scene: &[[f32; 3]], edge: f32) -> usize {
    let mut keys: Vec<[i64; 3]> =
        scene.iter().map(|point| point.map(|value| (value / edge).floor() as i64)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len()
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_unstable_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(step: f32) -> Vec<[f32; 3]> {
        (0..900).map(|i| [(i % 30) as f32 * step, (i / 30) as f32 * step, 0.0]).collect()
    }

    #[test]
    fn the_spacing_of_a_grid_is_its_step_in_any_unit() {
        for step in [0.05, 1.0, 40.0] {
            let clouds = [grid(step), grid(step)];
            let found = spacing(clouds.par_iter().map(Vec::as_slice)).unwrap().unwrap();
            assert!((found / step - 1.0).abs() < 1e-3, "{found} for {step}");
        }
    }

    #[test]
    fn voxels_follow_the_unit_and_stay_between_their_bounds() {
        // 900 points, far fewer than 60,000 voxels: the spacing of the points limits the edge.
        for step in [0.05, 40.0] {
            assert_eq!(voxel_for(&[grid(step)]).unwrap(), Some(rounded(step)), "{step}");
        }
        // 90,000 points on a plane: 60,000 voxels have an edge of 1.2 steps.
        let plane: Vec<[f32; 3]> = (0..90_000).map(|i| [(i % 300) as f32, (i / 300) as f32, 0.0]).collect();
        let edge = voxel_for(&[plane]).unwrap().unwrap();
        assert!((1.15..=1.35).contains(&edge), "{edge}");
    }

    #[test]
    fn clouds_without_two_different_points_have_no_spacing() {
        let clouds = [vec![[1.0; 3]; 5], vec![[0.0; 3]]];
        assert_eq!(spacing(clouds.par_iter().map(Vec::as_slice)).unwrap(), None);
    }

    #[test]
    fn lengths_are_rounded_to_two_digits() {
        assert_eq!([0.11649, 1234.0, 0.9951].map(rounded), [0.12, 1200.0, 1.0]);
    }
}
