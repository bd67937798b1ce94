//! The kernels, prepared for testing sixteen candidates at a time.

use crate::distance::{conservative_radius, squared_distance};
use crate::shape::bounds::{box_bounds, squared_interval, steps};
use crate::shape::kernel_shape::KernelShape;
use crate::simd::{BoxBounds, Coordinates, Lanes};

/// Edge of the cells for a ball, in radii.
const BALL_CELL: f64 = 2.0;

/// The cells in which candidates are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells {
    /// Edge of a cell.
    pub(crate) edge: f32,
    /// How far the lists reach beyond their cell, in cells.
    pub(crate) widening: f64,
    /// Whether only the lists of cells with centres are needed.
    pub(crate) own_only: bool,
    /// How far a neighbour can be from its centre along an axis.
    pub(crate) reach: f64,
}

/// Where the neighbours of a centre are, up to rounding, which is included.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach {
    /// No farther than this along any axis.
    Cube(f64),
    /// No farther than this.
    Ball(f64),
}

/// Which points belong to which sub-domain.
pub(crate) trait Rule: Sync {
    /// For each sub-domain, how many cells from the centre's cell its candidates are listed.
    fn steps(&self) -> &[[i64; 3]];

    /// How far a neighbour can be from its centre.
    fn reach(&self) -> Reach;

    /// The sub-domain of the centre in which a point lies; [`mask`](Self::mask) for one point.
    fn subdomain(&self, centre: [f32; 3], point: [f32; 3]) -> Option<u16>;

    /// Bit `l` is set when candidate `l` lies in sub-domain `k` of the centre.
    fn mask<L: Lanes>(&self, lanes: L, candidates: Coordinates<'_>, centre: [f32; 3], k: u16) -> u16;
}

/// A kernel of cells.
#[derive(Debug)]
pub(crate) struct CellRule {
    bounds: Vec<BoxBounds>,
    steps: Vec<[i64; 3]>,
    half_width: usize,
    shape: KernelShape,
}

impl CellRule {
    pub(crate) fn new(size: [usize; 3], cell: f32, dilation: [usize; 3]) -> Self {
        let [x, y, z] = [0, 1, 2].map(|axis| steps(size[axis], dilation[axis]));
        let steps = z
            .flat_map(|z| {
                let (x, y) = (x.clone(), y.clone());
                y.flat_map(move |y| x.clone().map(move |x| [x, y, z]))
            })
            .collect();
        let half_width = (0..3).map(|axis| size[axis] / 2 * dilation[axis]).max();
        Self {
            bounds: box_bounds(size, cell, dilation),
            steps,
            half_width: half_width.unwrap_or(0),
            shape: KernelShape::Cells { size, cell, dilation },
        }
    }

    /// Cells that serve several kernels of one cell edge.
    pub(crate) fn cells(rules: &[Self], cell: f32) -> Cells {
        let half_width = rules.iter().map(|rule| rule.half_width).max().unwrap_or(0);
        // The rule rounds the difference and the quotient, by 2^-24 of the quotient each.
        let rounding = (half_width + 1) as f64 * f64::from(f32::EPSILON) * 2.0;
        Cells {
            edge: cell,
            widening: 0.5 + rounding,
            own_only: false,
            reach: conservative_radius(((half_width as f64 + 0.5) * f64::from(cell)) as f32),
        }
    }
}

impl Rule for CellRule {
    #[inline(always)]
    fn steps(&self) -> &[[i64; 3]] {
        &self.steps
    }

    fn reach(&self) -> Reach {
        Reach::Cube(conservative_radius(self.shape.reach().into_iter().fold(0.0, f32::max)))
    }

    fn subdomain(&self, centre: [f32; 3], point: [f32; 3]) -> Option<u16> {
        self.shape.subdomain(centre, point).map(|k| k as u16)
    }

    #[inline(always)]
    fn mask<L: Lanes>(&self, lanes: L, candidates: Coordinates<'_>, centre: [f32; 3], k: u16) -> u16 {
        lanes.box_mask(candidates, centre, &self.bounds[usize::from(k)])
    }
}

/// Intervals of the squared distance.
#[derive(Debug)]
pub(crate) struct BallRule {
    intervals: Vec<(f32, f32)>,
    steps: Vec<[i64; 3]>,
    reach: f64,
}

impl BallRule {
    /// Shells with bounds `[lower, upper)` of the distance.
    pub(crate) fn shells(bounds: impl Iterator<Item = (f32, f32)>) -> Self {
        let intervals = bounds.map(|(low, high)| squared_interval(low, high));
        Self::new(intervals.collect())
    }

    /// The closed ball: `squared_distance <= radius * radius`. The square must be finite.
    pub(crate) fn closed(radius: f32) -> Self {
        Self::new(vec![(0.0, radius * radius)])
    }

    fn new(intervals: Vec<(f32, f32)>) -> Self {
        let largest = intervals.iter().fold(0.0f32, |a, b| a.max(b.1));
        Self {
            steps: vec![[0; 3]; intervals.len()],
            intervals,
            reach: conservative_radius(largest.sqrt().next_up()),
        }
    }

    /// Cells that list all candidates of a cell's centres.
    pub(crate) fn cells(&self) -> Cells {
        // The square of the reach may overflow, the reach itself does not.
        let reach = self.reach.min(f64::from(f32::MAX.sqrt()) * 1.001);
        // Wide cells: a point is in fewer lists, and testing more candidates is cheap.
        let edge = ((BALL_CELL * reach) as f32).next_up();
        Cells { edge, widening: 1.0 / BALL_CELL, own_only: true, reach: self.reach }
    }
}

impl Rule for BallRule {
    #[inline(always)]
    fn steps(&self) -> &[[i64; 3]] {
        &self.steps
    }

    fn reach(&self) -> Reach {
        Reach::Ball(self.reach)
    }

    fn subdomain(&self, centre: [f32; 3], point: [f32; 3]) -> Option<u16> {
        let squared = squared_distance(centre, point);
        let holds = |&(low, high): &(f32, f32)| low <= squared && squared <= high;
        self.intervals.iter().position(holds).map(|k| k as u16)
    }

    #[inline(always)]
    fn mask<L: Lanes>(&self, lanes: L, candidates: Coordinates<'_>, centre: [f32; 3], k: u16) -> u16 {
        let (low, high) = self.intervals[usize::from(k)];
        lanes.range_mask(&lanes.squared_distances(candidates, centre), low, high)
    }
}
