//! The sub-domain lists of a packed batch.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::error::NeighborError;
use crate::index::Search;
use crate::packed_clouds::PackedClouds;
use crate::search::{brute_force, search_all};
use crate::shape::KernelShape;
use crate::tables::{MAX_EDGES, Numbers, Tables, Totals, inverse};

/// The neighbours of every point of a packed batch, sorted into the sub-domains of a kernel.
///
/// Neighbours are searched within the same cloud only, and every point is its own neighbour. The lists are compressed
/// rows in two levels: every point is the centre of one row, a row has runs (one for each occupied sub-domain), and a
/// run has neighbour indices. Runs are sorted by sub-domain, their neighbours by index, so the row of a point does
/// not depend on the search or on the number of threads.
///
/// The rows of a small cloud are in the order of its points. The rows of a large cloud are in the order of the boxes in
/// which it was searched: whoever follows the rows then reads features that the rows before have just read.
/// [`Row::centre`] tells the point of a row. The same positions and shapes always give the same order.
///
/// A clone shares the lists. Two are equal when clouds, shape and neighbours are equal, whatever the order of the rows.
///
/// # Shapes
/// `P` points, `R` runs, `E` neighbour pairs: `centres [P]`, `run_offsets [P + 1]`, `edge_offsets [P + 1]`,
/// `run_subdomains [R]`, `run_ends [R]`, `indices [E]`. The last two count the points of a cloud, or where a cloud has more than
/// 65,535 points, the points in and near each box ([`row_blocks`](Self::row_blocks)). So two bytes hold each number
/// ([`narrow`](Self::narrow)). Only where too many points lie near a box, all count in their clouds, in four bytes
/// ([`wide`](Self::wide)).
///
/// ```
/// use neighbors::{KernelShape, PackedClouds, Search, SubdomainLists};
///
/// let clouds = PackedClouds::single([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.02, 0.0, 0.0]])?;
/// let lists = SubdomainLists::build(&clouds, &KernelShape::cells(0.1), Search::Auto)?;
/// assert_eq!(lists.edges(), 9);
/// // Around point 0: points 0 and 2 in the central cell (13), point 1 in the next one along x.
/// let runs: Vec<(usize, Vec<u32>)> = lists.row_of(0).runs().map(|(k, found)| (k, found.collect())).collect();
/// assert_eq!(runs, [(13, vec![0, 2]), (14, vec![1])]);
/// # Ok::<(), neighbors::NeighborError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SubdomainLists {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    centres: PackedClouds,
    clouds: PackedClouds,
    shape: KernelShape,
    tables: Tables,
    row_from_point: OnceLock<Vec<u32>>,
}

impl SubdomainLists {
    /// Builds the lists of one kernel shape.
    ///
    /// Takes time and memory in proportion to the points and the pairs, at an even density; while they are
    /// built, about twice the memory of the lists. [`ListSizes`](crate::ListSizes) tells how much that is.
    ///
    /// # Errors
    /// An invalid shape, or more than 2^32 - 1 neighbour pairs (found before the lists are allocated).
    pub fn build(clouds: &PackedClouds, shape: &KernelShape, search: Search) -> Result<Self, NeighborError> {
        let mut all = Self::build_all(clouds, std::slice::from_ref(shape), search)?;
        Ok(all.swap_remove(0))
    }

    /// Builds the lists of several kernel shapes over the same points, in the order of `shapes`.
    ///
    /// Shapes with the same cell edge share the grid and the pass over the points, so a stack of layers
    /// with growing dilation is cheaper than its layers one by one.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_all(
        clouds: &PackedClouds,
        shapes: &[KernelShape],
        search: Search,
    ) -> Result<Vec<Self>, NeighborError> {
        shapes.iter().try_for_each(KernelShape::validate)?;
        let tables = search_all(clouds, shapes, search, MAX_EDGES)?;
        Ok(tables
            .into_iter()
            .zip(shapes)
            .map(|(tables, shape)| Self::from_tables([clouds; 2], *shape, tables))
            .collect())
    }

    /// Builds the lists by testing every pair: the definition that the searches are tested against.
    ///
    /// Quadratic in the size of the clouds.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn brute_force(clouds: &PackedClouds, shape: &KernelShape) -> Result<Self, NeighborError> {
        shape.validate()?;
        let tables = brute_force(clouds, shape, MAX_EDGES)?;
        Ok(Self::from_tables([clouds; 2], *shape, tables))
    }

    /// Lists of centres among clouds.
    pub(crate) fn from_tables(
        [centres, clouds]: [&PackedClouds; 2],
        shape: KernelShape,
        tables: Tables,
    ) -> Self {
        let (centres, clouds) = (centres.clone(), clouds.clone());
        let inner = Inner { centres, clouds, shape, tables, row_from_point: OnceLock::new() };
        Self { inner: Arc::new(inner) }
    }

    /// The clouds in which neighbours were searched.
    pub fn clouds(&self) -> &PackedClouds {
        &self.inner.clouds
    }

    /// The kernel shape.
    pub fn shape(&self) -> &KernelShape {
        &self.inner.shape
    }

    /// Number of rows: one for each point P, or for each centre of lists [between](Self::between) two sets.
    pub fn points(&self) -> usize {
        self.inner.tables.centres.len()
    }

    /// Number of neighbour pairs E, each point with itself included.
    pub fn edges(&self) -> usize {
        self.inner.tables.edges()
    }

    /// Number of runs R: the occupied sub-domains of all points.
    pub fn run_count(&self) -> usize {
        self.inner.tables.run_subdomains.len()
    }

    /// Mean number of neighbours of a point, itself included; 0 without points.
    pub fn edges_per_point(&self) -> f64 {
        ratio(self.edges(), self.points())
    }

    /// Mean number of occupied sub-domains of a point; 0 without points.
    pub fn occupied_per_point(&self) -> f64 {
        ratio(self.run_count(), self.points())
    }

    /// Mean number of neighbours in an occupied sub-domain; 0 without points.
    pub fn mean_occupancy(&self) -> f64 {
        ratio(self.edges(), self.run_count())
    }

    /// Row `row` of the lists.
    ///
    /// # Panics
    /// When `row` is not less than [`points`](Self::points).
    #[inline(always)]
    pub fn row(&self, row: usize) -> Row<'_> {
        let (tables, rows) = (&self.inner.tables, self.row_offsets());
        let centre = tables.centres[row] as usize;
        let cloud = rows.partition_point(|&start| start <= row) - 1;
        Row { tables, row, centre, first: self.clouds().offsets()[cloud] as u32 }
    }

    /// All rows, in the order in which the lists hold them.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> + '_ {
        (0..self.points()).map(|row| self.row(row))
    }

    /// The row whose centre is `point`.
    ///
    /// # Panics
    /// When `point` is not less than [`points`](Self::points).
    pub fn row_of(&self, point: usize) -> Row<'_> {
        self.row(self.row_from_point()[point] as usize)
    }

    /// The point `[P]` of each row; every point has one, and clouds do not mix.
    pub fn centres(&self) -> &[u32] {
        &self.inner.tables.centres
    }

    /// The row `[P]` of each point: `centres()[row_from_point()[i]] == i`.
    ///
    /// Computed at the first call and kept.
    pub fn row_from_point(&self) -> &[u32] {
        self.inner.row_from_point.get_or_init(|| inverse(self.centres(), 0))
    }

    /// Offsets `[B + 1]` of the clouds into the rows: those of the centres.
    pub fn row_offsets(&self) -> &[usize] {
        self.inner.centres.offsets()
    }

    /// Offsets `[P + 1]` into the runs: the occupied sub-domains of the centre of row `r` are the runs
    /// `run_offsets[r]..run_offsets[r + 1]`.
    pub fn run_offsets(&self) -> &[u32] {
        &self.inner.tables.run_offsets
    }

    /// Offsets `[P + 1]` into the indices: the neighbours of the centre of row `r` are
    /// `indices[edge_offsets[r]..edge_offsets[r + 1]]`.
    pub fn edge_offsets(&self) -> &[u32] {
        &self.inner.tables.edge_offsets
    }

    /// Sub-domain `[R]` of each run, ascending within a row.
    pub fn run_subdomains(&self) -> &[u16] {
        &self.inner.tables.run_subdomains
    }

    /// Some rows in blocks that count their neighbours among the same points: the rows of a cloud, or of a box.
    ///
    /// # Panics
    /// When a row is not less than [`points`](Self::points).
    ///
    /// ```
    /// use neighbors::{KernelShape, PackedClouds, Search, SubdomainLists};
    ///
    /// let clouds = PackedClouds::new([[0.0; 3], [0.0; 3], [0.1, 0.0, 0.0]], [0, 1, 3])?;
    /// let lists = SubdomainLists::build(&clouds, &KernelShape::cells(0.1), Search::Auto)?;
    /// let blocks: Vec<_> = lists.row_blocks(0..3).map(|block| (block.rows, block.first, block.points)).collect();
    /// assert_eq!(blocks, [(0..1, 0, None), (1..3, 1, None)]);
    /// # Ok::<(), neighbors::NeighborError>(())
    /// ```
    pub fn row_blocks(&self, rows: Range<usize>) -> impl Iterator<Item = RowBlock<'_>> {
        let (row_offsets, first_points) = (self.row_offsets(), self.clouds().offsets());
        let regions = self.inner.tables.regions.as_deref();
        let mut start = rows.start;
        std::iter::from_fn(move || {
            if start >= rows.end {
                return None;
            }
            let cloud = row_offsets.partition_point(|&first| first <= start) - 1;
            let region = regions.map(|regions| (regions, regions.of_row(start)));
            let end = region.map_or(row_offsets[cloud + 1], |(regions, region)| regions.rows(region).end);
            let points = region.map(|(regions, region)| regions.points(region));
            let block = RowBlock { rows: start..end.min(rows.end), first: first_points[cloud], points };
            start = block.rows.end;
            Some(block)
        })
    }

    /// `run_ends [R]` and `indices [E]` in two bytes each.
    ///
    /// A run ends so many neighbours after the beginning of its row, where the first run begins and each other run where the
    /// one before ends. Neighbours ascend within a run; [`row_blocks`](Self::row_blocks) tells what they count.
    /// [`Row::runs`] gives the same as packed indices.
    pub fn narrow(&self) -> Option<(&[u16], &[u16])> {
        match &self.inner.tables.numbers {
            Numbers::Narrow(columns) => Some((&columns.run_ends, &columns.indices)),
            Numbers::Wide(_) => None,
        }
    }

    /// What [`narrow`](Self::narrow) has, in four bytes each: where a cloud has more than 65,535 points that cannot be cut into
    /// boxes with fewer in and near each, and in lists [between](Self::between) two sets and of a
    /// [custom](crate::CustomKernel) kernel.
    pub fn wide(&self) -> Option<(&[u32], &[u32])> {
        match &self.inner.tables.numbers {
            Numbers::Narrow(_) => None,
            Numbers::Wide(columns) => Some((&columns.run_ends, &columns.indices)),
        }
    }

    /// Memory of the lists in bytes.
    pub fn bytes(&self) -> usize {
        let Totals { runs, edges } = self.inner.tables.totals();
        self.inner.tables.numbering().list_bytes([self.clouds().len(), self.points()], runs, edges) as usize
    }
}

impl PartialEq for SubdomainLists {
    /// Same clouds, same shape, same neighbours.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
            || (self.clouds().offsets() == other.clouds().offsets()
                && self.inner.shape == other.inner.shape
                && self.inner.tables.lists_equal(&other.inner.tables))
    }
}

fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// Consecutive rows of [`SubdomainLists`] that count their neighbours among the same points.
#[derive(Debug, Clone)]
pub struct RowBlock<'a> {
    /// The rows.
    pub rows: Range<usize>,
    /// The first point of their cloud.
    pub first: usize,
    /// The points among which the rows count, themselves counted from `first`: neighbour `n` is the point
    /// `first + points[n]`. `None` where they are all points of the cloud: neighbour `n` is the point `first + n`.
    pub points: Option<&'a [u32]>,
}

/// The neighbours of one point: a row of [`SubdomainLists`].
#[derive(Debug, Clone)]
pub struct Row<'a> {
    tables: &'a Tables,
    row: usize,
    centre: usize,
    /// The first point of the cloud.
    first: u32,
}

impl<'a> Row<'a> {
    /// The point whose neighbours these are.
    #[inline(always)]
    pub fn centre(&self) -> usize {
        self.centre
    }

    /// The occupied sub-domains in ascending order, each with the packed indices of the neighbours in it, also in ascending
    /// order.
    #[inline(always)]
    pub fn runs(
        &self,
    ) -> impl ExactSizeIterator<Item = (usize, impl ExactSizeIterator<Item = u32> + Clone + use<'a>)> + use<'a>
    {
        self.tables.runs(self.row, self.first)
    }

    /// The neighbours in one sub-domain; none where it is not occupied.
    pub fn subdomain(&self, subdomain: usize) -> impl Iterator<Item = u32> + Clone + use<'a> {
        let mut runs = self.runs();
        runs.find(|(found, _)| *found == subdomain).into_iter().flat_map(|(_, neighbours)| neighbours)
    }
}
