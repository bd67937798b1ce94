//! Grid against kd-tree on clouds of growing size.

use std::time::Instant;

use burn::tensor::Device;
use neighbors::{
    InstructionSet, KernelShape, NeighborError, PackedClouds, PointIndex, RadiusLists, Search, SubdomainLists,
};
use pointconv::Neighborhood;
use rayon::prelude::*;
use serde::Serialize;

use super::{Spread, peak_memory, surface};

/// Queries of a single point that are timed together, at most.
const QUERIES: usize = 10_000;

/// What runs longer than this, in seconds, is not repeated.
const SLOW: f64 = 10.0;

/// A search to be timed.
#[derive(Clone, Debug)]
pub struct SearchBench {
    /// Mean neighbours of a point, which choose the radius for every cloud; clouds have radius 1.
    pub neighbours: f64,
    /// The radius, in place of `neighbours`.
    pub radius: Option<f32>,
    /// Neighbours of a query for the nearest points.
    pub nearest: usize,
    /// A GPU that searches beside the CPU.
    pub device: Option<Device>,
    /// How often everything is timed.
    pub repetitions: usize,
}

/// Times of one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SearchTimes {
    /// Points of the cloud.
    pub points: usize,
    /// Radius of the ball.
    pub radius: f32,
    /// Edge of a cell of the 3x3x3 kernel, chosen for about as many neighbours.
    pub cell: f32,
    /// Neighbours per point within the ball.
    pub neighbours: f64,
    /// Neighbours per point in the kernel.
    pub kernel_neighbours: f64,
    /// The uniform grid.
    pub grid: StructureTimes,
    /// The kd-tree.
    pub kd_tree: StructureTimes,
    /// The device, where one was asked for.
    pub device: Option<DeviceTimes>,
    /// Threads of the pool.
    pub threads: usize,
    /// The vector instructions in use.
    pub instruction_set: String,
    /// The most memory that the process held so far; `None` where the system does not tell.
    pub peak_bytes: Option<u64>,
}

/// Times of one structure, the building included in all but `nearest`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StructureTimes {
    /// Building the structure for queries of single points.
    pub build: Spread,
    /// Lists of all points within the ball.
    pub lists: Spread,
    /// Sub-domain lists of the 3x3x3 kernel.
    pub kernel: Spread,
    /// Queries for the nearest points, of one point, built before.
    pub nearest: Spread,
    /// `lists` per pair found, shortest, in nanoseconds.
    pub lists_ns_per_pair: f64,
    /// `lists` per point, shortest, in nanoseconds.
    pub lists_ns_per_point: f64,
    /// `kernel` per pair found, shortest, in nanoseconds.
    pub kernel_ns_per_pair: f64,
}

/// Times of the search on a device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DeviceTimes {
    /// Sub-domain lists of the 3x3x3 kernel, from positions on the host to lists on the device.
    pub kernel: Spread,
    /// `kernel` per pair found, shortest, in nanoseconds.
    pub kernel_ns_per_pair: f64,
}

/// The size from which on the kd-tree is quicker at every larger size measured; `None`: at none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Crossover {
    /// For lists within a ball.
    pub lists: Option<usize>,
    /// For sub-domain lists.
    pub kernel: Option<usize>,
    /// For the nearest points.
    pub nearest: Option<usize>,
}

impl Crossover {
    /// Of sizes in ascending order, by the middle of the times.
    #[must_use]
    pub fn of(rows: &[SearchTimes]) -> Self {
        let from = |time: fn(&StructureTimes) -> f64| {
            let wins = rows.iter().rev().take_while(|row| time(&row.kd_tree) < time(&row.grid));
            wins.last().map(|row| row.points)
        };
        Self {
            lists: from(|times| times.lists.median_s),
            kernel: from(|times| times.kernel.median_s),
            nearest: from(|times| times.nearest.median_s),
        }
    }
}

impl SearchBench {
    /// Times a synthetic cloud of `points` points.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_size(&self, points: usize) -> Result<SearchTimes, NeighborError> {
        // Without noise, which would make a volume of a dense surface.
        self.run(&surface(2, points, 0.0))
    }

    /// Times one cloud.
    ///
    /// # Errors
    /// A radius that finds more pairs than lists can hold.
    ///
    /// # Panics
    /// When the device finds other neighbours than the CPU, or cannot compute.
    pub fn run(&self, positions: &[[f32; 3]]) -> Result<SearchTimes, NeighborError> {
        let points = positions.len();
        let radius = match self.radius {
            Some(radius) => radius,
            None => radius_for(positions, self.neighbours)?,
        };
        // On a surface the kernel covers 9 cells, the ball a disc.
        let cell = radius * (std::f32::consts::PI / 9.0).sqrt();
        let shape = KernelShape::cells(cell);
        let clouds = PackedClouds::single(positions)?;
        let queries: Vec<[f32; 3]> = positions.iter().step_by(points.div_ceil(QUERIES)).copied().collect();

        let (mut pairs, mut edges) = (0, 0);
        let mut times = [Search::Grid, Search::KdTree].map(|search| (search, [const { Vec::new() }; 4]));
        let mut spent = [0.0; 2];
        // Taking turns, so that a change of the machine meets both.
        for _ in 0..self.repetitions {
            for (place, (search, [build, lists, kernel, nearest])) in times.iter_mut().enumerate() {
                if spent[place] > SLOW {
                    continue;
                }
                let begun = Instant::now();
                let started = Instant::now();
                let tree = PointIndex::build(positions, *search)?;
                build.push(started.elapsed().as_secs_f64());
                let started = Instant::now();
                let found: usize =
                    queries.par_iter().map(|&query| tree.nearest_n(query, self.nearest).len()).sum();
                nearest.push(started.elapsed().as_secs_f64() / queries.len() as f64);
                assert_eq!(found, queries.len() * self.nearest.min(points), "every query finds its points");
                drop(tree);
                let started = Instant::now();
                let found = RadiusLists::build(&clouds, radius, *search)?;
                lists.push(started.elapsed().as_secs_f64());
                pairs = found.indices().len();
                drop(found);
                let started = Instant::now();
                let found = SubdomainLists::build(&clouds, &shape, *search)?;
                kernel.push(started.elapsed().as_secs_f64());
                edges = found.edges();
                spent[place] = begun.elapsed().as_secs_f64();
            }
        }
        let device = self.device.as_ref().map(|device| self.on_device(&clouds, &shape, edges, device));
        let structure = |times: &[Vec<f64>; 4]| {
            let [build, lists, kernel, nearest] = [0, 1, 2, 3].map(|i| Spread::of(&times[i]));
            StructureTimes {
                build,
                lists,
                kernel,
                nearest,
                lists_ns_per_pair: 1e9 * lists.min_s / pairs as f64,
                lists_ns_per_point: 1e9 * lists.min_s / points as f64,
                kernel_ns_per_pair: 1e9 * kernel.min_s / edges as f64,
            }
        };
        Ok(SearchTimes {
            points,
            radius,
            cell,
            neighbours: pairs as f64 / points as f64,
            kernel_neighbours: edges as f64 / points as f64,
            grid: structure(&times[0].1),
            kd_tree: structure(&times[1].1),
            device: device.transpose()?,
            threads: rayon::current_num_threads(),
            instruction_set: InstructionSet::current().to_string(),
            peak_bytes: peak_memory(),
        })
    }
}

impl SearchBench {
    /// Times the search of a device, after one that compiles its kernels.
    fn on_device(
        &self,
        clouds: &PackedClouds,
        shape: &KernelShape,
        edges: usize,
        device: &Device,
    ) -> Result<DeviceTimes, NeighborError> {
        let mut times = Vec::new();
        for repetition in 0..=self.repetitions {
            let started = Instant::now();
            let found = Neighborhood::build(clouds, shape, device)?;
            device.sync().expect("the device computes");
            if repetition > 0 {
                times.push(started.elapsed().as_secs_f64());
            }
            assert_eq!(found.edges(), edges, "the device finds the neighbours that the CPU finds");
        }
        let kernel = Spread::of(&times);
        Ok(DeviceTimes { kernel, kernel_ns_per_pair: 1e9 * kernel.min_s / edges as f64 })
    }
}

/// A radius within which the points of a cloud of radius 1 have about `neighbours` points, themselves included, in the
/// mean over some of them.
fn radius_for(positions: &[[f32; 3]], neighbours: f64) -> Result<f32, NeighborError> {
    const SOME: usize = 1000;
    let tree = PointIndex::build(positions, Search::KdTree)?;
    let some: Vec<[f32; 3]> = positions.iter().step_by(positions.len().div_ceil(SOME)).copied().collect();
    let mean = |radius: f32| {
        some.iter().map(|&query| tree.within(query, radius).len()).sum::<usize>() as f64 / some.len() as f64
    };
    let (mut low, mut high) = (1e-6f32, 2.0f32);
    for _ in 0..40 {
        // From below, so that no list is much longer than wanted.
        let middle = low * (high / low).powf(0.25);
        if mean(middle) < neighbours { low = middle } else { high = middle }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_radius_gives_the_neighbours_and_both_structures_are_timed() {
        let bench = SearchBench { neighbours: 12.0, radius: None, nearest: 5, device: None, repetitions: 1 };
        let times = bench.run_size(700).unwrap();
        assert!((times.neighbours - 12.0).abs() < 1.5, "{times:?}");
        assert!(times.kernel_neighbours > 4.0, "{times:?}");
        assert!(times.grid.lists.min_s > 0.0 && times.kd_tree.nearest.min_s > 0.0);
    }

    #[test]
    fn the_crossover_is_where_the_kd_tree_begins_to_win_for_good() {
        let bench = SearchBench { neighbours: 5.0, radius: None, nearest: 3, device: None, repetitions: 1 };
        let row = |points, grid, kd_tree| {
            let mut row = bench.run_size(60).unwrap();
            row.points = points;
            row.grid.lists.median_s = grid;
            row.kd_tree.lists.median_s = kd_tree;
            row
        };
        let rows = [row(10, 2.0, 1.0), row(20, 1.0, 2.0), row(30, 2.0, 1.0), row(40, 2.0, 1.0)];
        assert_eq!(Crossover::of(&rows).lists, Some(30));
        assert_eq!(Crossover::of(&rows[..2]).lists, None);
    }
}
