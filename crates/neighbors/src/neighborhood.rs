//! The sub-domain lists of a packed batch.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, UnwindSafe};
use std::sync::{Arc, LazyLock, OnceLock};

use crate::attached::Attached;
use crate::batch::check_batch;
use crate::brute;
use crate::build;
use crate::edge_weights::edge_weights;
use crate::error::NeighborError;
use crate::search::Search;
use crate::shape::KernelShape;
use crate::tables::{Tables, inverse};

/// Largest number of neighbour pairs of one batch.
pub(crate) const MAX_EDGES: u64 = u32::MAX as u64;

/// The neighbours of every point of a packed batch, sorted into the sub-domains of a kernel.
///
/// A packed batch is `positions [P, 3]` with cloud `offsets [B + 1]`: cloud `b` holds the points
/// `offsets[b]..offsets[b + 1]`. Neighbours are looked for within the same cloud only, and every point is
/// its own neighbour. The lists are compressed rows in two levels: every point is the centre of one row, a row
/// has runs (one for each occupied sub-domain), the runs have neighbour indices. Runs are sorted by sub-domain,
/// their neighbours by index, so what a point has for neighbours does not depend on the search or on the number
/// of threads.
///
/// The rows of a small cloud are in the order of its points. Those of a large one are in the order of the boxes
/// in which it was searched, so that who follows the rows reads features that the last rows have just read, and
/// in the order of the points within a box; [`centres`](Self::centres) tells the point of a row. The same
/// positions and shapes always give the same order.
///
/// The lists may have been made elsewhere, in the memory of a GPU for example ([`elsewhere`](Self::elsewhere)). They are
/// brought here when one of the tables is first asked for; sizes and shape are known without.
///
/// A clone shares the lists and costs nothing. Two are equal when clouds, shape and neighbours are, whatever
/// the order of the rows.
///
/// # Shapes
/// `P` points, `R` runs, `E` neighbour pairs: `centres [P]`, `run_offsets [P + 1]`, `run_subdomains [R]`,
/// `run_starts [R + 1]`, `indices [E]`, `edge_weights [E]`.
///
/// ```
/// use neighbors::{KernelShape, Neighborhood, Search};
///
/// let positions = [[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.02, 0.0, 0.0]];
/// let lists = Neighborhood::build(&positions, &[0, 3], &KernelShape::cells(0.1), Search::Auto)?;
/// assert_eq!(lists.edges(), 9);
/// // Around point 0: points 0 and 2 in the central cell (13), point 1 in the next one along x.
/// let runs: Vec<(usize, &[u32])> = lists.runs(0).collect();
/// assert_eq!(runs, [(13, &[0, 2][..]), (14, &[1][..])]);
/// # Ok::<(), neighbors::NeighborError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Neighborhood {
    inner: Arc<Inner>,
}

struct Inner {
    offsets: Vec<usize>,
    shape: KernelShape,
    runs: usize,
    edges: usize,
    tables: LazyLock<Tables, Read>,
    row_from_point: OnceLock<Vec<u32>>,
    edge_weights: OnceLock<Vec<f32>>,
    attached: Attached,
}

/// Brings the tables here.
type Read = Box<dyn FnOnce() -> Tables + Send + UnwindSafe>;

impl Neighborhood {
    /// Builds the lists of one kernel shape.
    ///
    /// Takes time and memory in proportion to the points and the pairs, at an even density; while they are
    /// built, about twice the memory of the lists. [`ListSizes`](crate::ListSizes) tells how much that is.
    ///
    /// # Shapes
    /// `positions [P, 3]`, `offsets [B + 1]` from 0 to P, not decreasing; empty clouds are allowed.
    ///
    /// # Errors
    /// An invalid shape, offsets that do not fit, a position that is not finite, or more than 2^32 - 1
    /// neighbour pairs (found before the lists are allocated).
    pub fn build(
        positions: &[[f32; 3]],
        offsets: &[usize],
        shape: &KernelShape,
        search: Search,
    ) -> Result<Self, NeighborError> {
        let mut all = Self::build_all(positions, offsets, std::slice::from_ref(shape), search)?;
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
        positions: &[[f32; 3]],
        offsets: &[usize],
        shapes: &[KernelShape],
        search: Search,
    ) -> Result<Vec<Self>, NeighborError> {
        check_batch(positions, offsets, shapes)?;
        let tables = build::search_all(positions, offsets, shapes, search, MAX_EDGES)?;
        Ok(tables
            .into_iter()
            .zip(shapes)
            .map(|(tables, shape)| Self::from_tables(offsets, *shape, tables))
            .collect())
    }

    /// Builds the lists by testing every pair: the definition that the searches are tested against.
    ///
    /// Quadratic in the size of the clouds.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn brute_force(
        positions: &[[f32; 3]],
        offsets: &[usize],
        shape: &KernelShape,
    ) -> Result<Self, NeighborError> {
        check_batch(positions, offsets, std::slice::from_ref(shape))?;
        let tables = brute::search(positions, offsets, shape, MAX_EDGES)?;
        Ok(Self::from_tables(offsets, *shape, tables))
    }

    /// Lists that were made elsewhere and stay there: `runs` and `edges` are their sizes, and `read` brings them here.
    ///
    /// Who works on them where they are keeps them with the neighbourhood as an [`attached`](Self::attached) value. `read` is
    /// called when one of the tables is first asked for, at most once; what it returns must be what
    /// [`build`](Self::build) gives, but for the order of the rows within a cloud.
    ///
    /// # Panics
    /// When the tables are asked for and do not have the sizes that were announced.
    ///
    /// ```
    /// use neighbors::{KernelShape, Neighborhood, Search, Tables};
    ///
    /// // One point, its own neighbour.
    /// let read = || Tables {
    ///     centres: vec![0],
    ///     run_offsets: vec![0, 1],
    ///     run_subdomains: vec![13],
    ///     run_starts: vec![0, 1],
    ///     indices: vec![0],
    /// };
    /// let shape = KernelShape::cells(0.1);
    /// let lists = Neighborhood::elsewhere(&[0, 1], &shape, 1, 1, read);
    /// assert_eq!(lists.edges(), 1); // nothing is read yet
    /// assert_eq!(lists, Neighborhood::build(&[[0.0; 3]], &[0, 1], &shape, Search::Auto)?);
    /// # Ok::<(), neighbors::NeighborError>(())
    /// ```
    pub fn elsewhere(
        offsets: &[usize],
        shape: &KernelShape,
        runs: usize,
        edges: usize,
        read: impl FnOnce() -> Tables + Send + 'static,
    ) -> Self {
        let points = offsets.last().copied().unwrap_or(0);
        // If reading panics, the tables stay out of reach, and nothing else is touched.
        let read = AssertUnwindSafe(move || {
            let tables = read();
            let sizes = [
                ("centres", tables.centres.len(), points),
                ("run_offsets", tables.run_offsets.len(), points + 1),
                ("run_subdomains", tables.run_subdomains.len(), runs),
                ("run_starts", tables.run_starts.len(), runs + 1),
                ("indices", tables.indices.len(), edges),
            ];
            for (name, found, expected) in sizes {
                assert_eq!(found, expected, "Neighborhood: {name} has {found} entries, expected {expected}");
            }
            tables
        });
        Self::with_sizes(offsets, *shape, runs, edges, Box::new(read))
    }

    fn from_tables(offsets: &[usize], shape: KernelShape, tables: Tables) -> Self {
        let (runs, edges) = (tables.run_subdomains.len(), tables.indices.len());
        let lists = Self::with_sizes(offsets, shape, runs, edges, Box::new(|| tables));
        LazyLock::force(&lists.inner.tables);
        lists
    }

    fn with_sizes(offsets: &[usize], shape: KernelShape, runs: usize, edges: usize, read: Read) -> Self {
        Self {
            inner: Arc::new(Inner {
                offsets: offsets.to_vec(),
                shape,
                runs,
                edges,
                tables: LazyLock::new(read),
                row_from_point: OnceLock::new(),
                edge_weights: OnceLock::new(),
                attached: Attached::default(),
            }),
        }
    }

    /// Number of points P.
    pub fn points(&self) -> usize {
        self.inner.offsets.last().copied().unwrap_or(0)
    }

    /// Number of clouds B.
    pub fn clouds(&self) -> usize {
        self.inner.offsets.len() - 1
    }

    /// Cloud offsets `[B + 1]` into the points.
    pub fn offsets(&self) -> &[usize] {
        &self.inner.offsets
    }

    /// The kernel shape.
    pub fn shape(&self) -> &KernelShape {
        &self.inner.shape
    }

    /// Number of neighbour pairs E, each point with itself included.
    pub fn edges(&self) -> usize {
        self.inner.edges
    }

    /// Number of runs R: the occupied sub-domains of all points.
    pub fn run_count(&self) -> usize {
        self.inner.runs
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

    /// Offsets `[P + 1]` into the runs: the occupied sub-domains of the centre of row `r` are the runs
    /// `run_offsets[r]..run_offsets[r + 1]`.
    pub fn run_offsets(&self) -> &[u32] {
        &self.inner.tables.run_offsets
    }

    /// Sub-domain `[R]` of each run, ascending within a row.
    pub fn run_subdomains(&self) -> &[u16] {
        &self.inner.tables.run_subdomains
    }

    /// Offsets `[R + 1]` into the indices: run `r` holds `indices[run_starts[r]..run_starts[r + 1]]`.
    pub fn run_starts(&self) -> &[u32] {
        &self.inner.tables.run_starts
    }

    /// Packed neighbour indices `[E]`, ascending within a run.
    pub fn indices(&self) -> &[u32] {
        &self.inner.tables.indices
    }

    /// The runs of one point: sub-domain and neighbour indices.
    ///
    /// # Panics
    /// When `centre` is not less than [`points`](Self::points).
    pub fn runs(&self, centre: usize) -> impl Iterator<Item = (usize, &[u32])> + '_ {
        let tables = &self.inner.tables;
        let runs = tables.runs(self.row_from_point()[centre] as usize);
        runs.map(move |run| (usize::from(tables.run_subdomains[run]), tables.indices(run)))
    }

    /// Weights `[E]` for gathering a gradient at the centres.
    ///
    /// For the edge with centre `j`, sub-domain `k` and neighbour `i` the weight is
    /// `1 / |Ω_i(mirror(k))|`, the reciprocal of the number of points in that sub-domain of `i` in which
    /// `j` lies. With it the gradient at `j` is a sum over the edges of `j` alone.
    ///
    /// Computed in parallel at the first call and kept.
    ///
    /// ```
    /// use neighbors::{KernelShape, Neighborhood, Search};
    ///
    /// let positions = [[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.02, 0.0, 0.0]];
    /// let lists = Neighborhood::build(&positions, &[0, 3], &KernelShape::cells(0.1), Search::Auto)?;
    /// // Seen from point 1, point 0 lies in a cell with point 2; seen from them, point 1 is alone.
    /// assert_eq!(lists.indices(), [0, 2, 1, 0, 2, 1, 0, 2, 1]);
    /// assert_eq!(lists.edge_weights(), [0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]);
    /// # Ok::<(), neighbors::NeighborError>(())
    /// ```
    pub fn edge_weights(&self) -> &[f32] {
        let inner = &*self.inner;
        inner.edge_weights.get_or_init(|| edge_weights(&inner.tables, &inner.offsets, &inner.shape))
    }

    /// The value of type `T` that is kept with these lists, made by `T::default()` at the first call.
    ///
    /// For what is derived from the lists and must not outlive them: a copy on a GPU, for example. All clones share it.
    /// It does not count in [`bytes`](Self::bytes), nor when two neighbourhoods are compared.
    pub fn attached<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        self.inner.attached.get()
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

    /// Memory of the lists in bytes, wherever they are; the edge weights included once they exist.
    pub fn bytes(&self) -> usize {
        let inner = &*self.inner;
        let weights = inner.edge_weights.get().map_or(0, Vec::len);
        // Centre and offset of each row, sub-domain and start of each run, an end of both; indices.
        let tables = 8 * self.points() + 4 + 6 * inner.runs + 4 + 4 * inner.edges;
        size_of_val(&*inner.offsets) + tables + weights * size_of::<f32>()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("offsets", &self.offsets)
            .field("shape", &self.shape)
            .field("runs", &self.runs)
            .field("edges", &self.edges)
            .field("attached", &self.attached)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Neighborhood {
    /// Same clouds, same shape, same neighbours.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
            || (self.inner.offsets == other.inner.offsets
                && self.inner.shape == other.inner.shape
                && self.inner.tables.lists_equal(&other.inner.tables))
    }
}

fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// One point, its own neighbour.
    fn tables() -> Tables {
        Tables {
            centres: vec![0],
            run_offsets: vec![0, 1],
            run_subdomains: vec![13],
            run_starts: vec![0, 1],
            indices: vec![0],
        }
    }

    #[test]
    fn lists_elsewhere_are_read_once_and_not_for_their_sizes() {
        let reads = Arc::new(AtomicUsize::new(0));
        let counter = reads.clone();
        let lists = Neighborhood::elsewhere(&[0, 0, 1], &KernelShape::cells(0.1), 1, 1, move || {
            counter.fetch_add(1, Ordering::Relaxed);
            tables()
        });
        assert_eq!((lists.points(), lists.clouds(), lists.edges(), lists.run_count()), (1, 2, 1, 1));
        assert_eq!(lists.edges_per_point(), 1.0);
        let bytes = lists.bytes();
        assert!(format!("{lists:?}").contains("edges: 1"));
        assert_eq!(reads.load(Ordering::Relaxed), 0);
        assert_eq!(lists.clone().indices(), [0]);
        assert_eq!(lists.edge_weights(), [1.0]);
        assert_eq!(reads.load(Ordering::Relaxed), 1);
        assert_eq!(lists.bytes(), bytes + 4);
    }

    #[test]
    #[should_panic(expected = "Neighborhood: indices has 1 entries, expected 2")]
    fn tables_of_other_sizes_are_refused() {
        Neighborhood::elsewhere(&[0, 1], &KernelShape::cells(0.1), 1, 2, tables).indices();
    }
}
