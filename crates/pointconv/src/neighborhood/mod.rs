//! The neighbour lists of a batch: found once, on the device that computes on them, and shared by all layers.

mod counts;
#[cfg(feature = "cube")]
pub(crate) mod cube;
mod options;

use std::fmt;
use std::sync::{Arc, OnceLock};

use burn::tensor::Device;
use neighbors::{KernelShape, NeighborError, PackedClouds, Search, SubdomainLists};

pub(crate) use counts::{Counts, Index};
pub use options::SearchOptions;

/// The neighbours of every point of a packed batch, sorted into the sub-domains of a kernel.
///
/// A neighbourhood is built once per batch and kernel shape. Forward and backward pass and every layer with the same
/// kernel share it. It holds the lists wherever they are needed: in the memory of this machine, on a GPU, or both. A
/// clone costs nothing.
///
/// Centres and points are the same in a neighbourhood that [`build`](Self::build) makes. [`between`](Self::between)
/// makes one whose centres are other points, for a convolution that changes the resolution.
///
/// ```
/// use burn::tensor::Device;
/// use pointconv::{KernelShape, Neighborhood, PackedClouds};
///
/// let clouds = PackedClouds::single([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.02, 0.0, 0.0]])?;
/// let neighborhood = Neighborhood::build(&clouds, &KernelShape::cells(0.1), &Device::flex())?;
/// assert_eq!(neighborhood.edges(), 9);
/// assert!(neighborhood.lists().row_of(0).subdomain(13).eq([0, 2]));
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
#[derive(Clone)]
pub struct Neighborhood {
    inner: Arc<Inner>,
}

struct Inner {
    clouds: PackedClouds,
    /// The centres, where they are not the points.
    centres: Option<PackedClouds>,
    shape: KernelShape,
    run_count: usize,
    edges: usize,
    lists: OnceLock<SubdomainLists>,
    /// The lists of the points with the centres as their neighbours, where the centres are not the points.
    transposed: Option<SubdomainLists>,
    counts: OnceLock<Counts>,
    #[cfg(feature = "cube")]
    copies: cube::Copies,
}

impl Neighborhood {
    /// Builds the lists of one kernel shape for an operator that computes on a device.
    ///
    /// A GPU finds the neighbours itself and keeps the lists: only the positions go there, and only the sizes of
    /// the lists come back. The CPU builds the lists for every other device, for an explicit [`Search`], for
    /// shells and custom kernels, for kernels of more than 512 cells, and for batches whose points do not fit into one
    /// table of the GPU (6.7 million where a table has 128 MiB); a GPU gets a copy when a layer first needs it. The
    /// neighbours are the same in any case.
    ///
    /// # Errors
    /// An invalid shape, more than 2^32 - 1 neighbour pairs, or on a GPU a point with more neighbours than one table
    /// holds.
    ///
    /// # Panics
    /// When a GPU has no memory for the lists.
    pub fn build(
        clouds: &PackedClouds,
        shape: &KernelShape,
        options: impl Into<SearchOptions>,
    ) -> Result<Self, NeighborError> {
        Ok(Self::build_all(clouds, std::slice::from_ref(shape), options)?.swap_remove(0))
    }

    /// Builds the lists of several kernel shapes over the same points, in the order of `shapes`.
    ///
    /// Shapes with the same cell edge share the grid and the pass over the points, so a stack of layers with growing
    /// dilation is cheaper than its layers one by one.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    ///
    /// # Panics
    /// As [`build`](Self::build).
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use pointconv::{KernelShape, Neighborhood, PackedClouds};
    ///
    /// let clouds = PackedClouds::single([[0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.2, 0.0]])?;
    /// let layers = [1, 2].map(|dilation| KernelShape::cells(0.1).with_dilation([dilation; 3]));
    /// let lists = Neighborhood::build_all(&clouds, &layers, &Device::flex())?;
    /// assert_eq!([lists[0].edges(), lists[1].edges()], [5, 5]);
    /// # Ok::<(), pointconv::NeighborError>(())
    /// ```
    pub fn build_all(
        clouds: &PackedClouds,
        shapes: &[KernelShape],
        options: impl Into<SearchOptions>,
    ) -> Result<Vec<Self>, NeighborError> {
        shapes.iter().try_for_each(KernelShape::validate)?;
        let SearchOptions { device, search } = options.into();
        let mut found = match search {
            Search::Auto => on_gpu(clouds, shapes, &device)?,
            _ => vec![None; shapes.len()],
        };
        let missing: Vec<usize> = (0..shapes.len()).filter(|&index| found[index].is_none()).collect();
        let others: Vec<KernelShape> = missing.iter().map(|&index| shapes[index]).collect();
        for (index, lists) in missing.into_iter().zip(SubdomainLists::build_all(clouds, &others, search)?) {
            found[index] = Some(Self::from_lists(lists));
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// Builds the lists of centres that are not the points: cloud `b` of `centres` has its neighbours in cloud `b` of
    /// `clouds`.
    ///
    /// A convolution with such a neighbourhood reads the features of `clouds` and gives one output for each centre. It
    /// stands for the strided convolution of images where the centres are fewer than the points. A centre without
    /// neighbours gets the bias alone. The CPU searches, whatever the device, and a GPU gets a copy of the lists.
    ///
    /// # Errors
    /// As [`build`](Self::build), and different numbers of clouds.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use pointconv::{KernelShape, Neighborhood, PackedClouds, PointwiseConvConfig};
    ///
    /// let device = Device::flex();
    /// let points = PackedClouds::single([[0.0; 3], [0.1, 0.0, 0.0], [0.02, 0.0, 0.0]])?;
    /// let centres = PackedClouds::single([[0.01, 0.0, 0.0]])?;
    /// let shape = KernelShape::cells(0.1);
    /// let neighborhood = Neighborhood::between(&centres, &points, &shape, &device)?;
    /// let conv = PointwiseConvConfig::for_shape(4, 8, &shape).init(&device);
    /// assert_eq!(conv.forward(Tensor::ones([3, 4], &device), &neighborhood).dims(), [1, 8]);
    /// # Ok::<(), pointconv::NeighborError>(())
    /// ```
    pub fn between(
        centres: &PackedClouds,
        clouds: &PackedClouds,
        shape: &KernelShape,
        options: impl Into<SearchOptions>,
    ) -> Result<Self, NeighborError> {
        let search = options.into().search;
        let [lists, transposed] = SubdomainLists::between(centres, clouds, shape, search)?;
        let mut inner = Inner::new(clouds.clone(), *shape, lists.run_count(), lists.edges());
        inner.centres = Some(centres.clone());
        inner.transposed = Some(transposed);
        inner.lists = OnceLock::from(lists);
        Ok(Self { inner: Arc::new(inner) })
    }

    fn from_lists(lists: SubdomainLists) -> Self {
        let mut inner = Inner::new(lists.clouds().clone(), *lists.shape(), lists.run_count(), lists.edges());
        inner.lists = OnceLock::from(lists);
        Self { inner: Arc::new(inner) }
    }

    /// Makes now what a layer on `device` would make at its first use: the copy of the lists on a GPU, and the
    /// counts `|Ω_i(k)|` for the backward pass.
    ///
    /// Called in the thread that loads the data, it takes this work off the thread that trains.
    ///
    /// # Panics
    /// When a GPU has no memory for the lists.
    pub fn prepare(&self, device: &Device) {
        #[cfg(feature = "cube")]
        if let Some(device) = gpu(device) {
            self.on(&device).inverse_counts();
            return;
        }
        let _ = device;
        self.counts();
    }

    /// Number of points P whose features a layer reads.
    pub fn points(&self) -> usize {
        self.inner.clouds.points()
    }

    /// The clouds whose features a layer reads.
    pub fn clouds(&self) -> &PackedClouds {
        &self.inner.clouds
    }

    /// The clouds for whose points a layer gives outputs: [`clouds`](Self::clouds), unless the neighbourhood lies
    /// [between](Self::between) two sets.
    pub fn centres(&self) -> &PackedClouds {
        self.inner.centres.as_ref().unwrap_or(&self.inner.clouds)
    }

    /// Whether the centres are the points.
    pub(crate) fn centres_are_points(&self) -> bool {
        self.inner.centres.is_none()
    }

    /// The kernel shape.
    pub fn shape(&self) -> &KernelShape {
        &self.inner.shape
    }

    /// Number of neighbour pairs E, each point with itself included.
    pub fn edges(&self) -> usize {
        self.inner.edges
    }

    /// Number of runs R: the occupied sub-domains of all centres.
    pub fn run_count(&self) -> usize {
        self.inner.run_count
    }

    /// Mean number of neighbours of a centre; 0 without centres.
    pub fn edges_per_point(&self) -> f64 {
        ratio(self.edges(), self.centres().points())
    }

    /// Mean number of occupied sub-domains of a centre; 0 without centres.
    pub fn occupied_per_point(&self) -> f64 {
        ratio(self.run_count(), self.centres().points())
    }

    /// Mean number of neighbours in an occupied sub-domain; 0 without runs.
    pub fn mean_occupancy(&self) -> f64 {
        ratio(self.edges(), self.run_count())
    }

    /// The lists in the memory of this machine: one row for each centre, to walk or to read as slices.
    ///
    /// The first call builds them where only a GPU has the lists so far.
    pub fn lists(&self) -> &SubdomainLists {
        self.inner.lists.get_or_init(|| {
            SubdomainLists::build(&self.inner.clouds, &self.inner.shape, Search::Auto)
                .expect("a device has built the same lists")
        })
    }

    /// The lists whose rows are the points and whose neighbours are centres, sub-domains mirrored: by symmetry the
    /// [`lists`](Self::lists) themselves where centres and points are the same.
    pub(crate) fn transposed_lists(&self) -> &SubdomainLists {
        self.inner.transposed.as_ref().unwrap_or_else(|| self.lists())
    }

    /// The count `[E]` of every edge of the [transposed lists](Self::transposed_lists): for the edge with point `j`,
    /// sub-domain `k` and centre `i` it is `|Ω_i(mirror(k))|`. With it the gradient at `j` is a sum over the edges of `j`
    /// alone. Computed in parallel at the first call and kept.
    pub(crate) fn counts(&self) -> &Counts {
        self.inner.counts.get_or_init(|| {
            let clouds: Vec<_> = self.inner.clouds.ranges().zip(self.centres().ranges()).collect();
            Counts::new(self.transposed_lists(), self.lists(), &clouds)
        })
    }

    /// The lists on a GPU, copied there at the first call.
    #[cfg(feature = "cube")]
    pub(crate) fn on(&self, device: &burn_cubecl::CubeDevice) -> Arc<cube::DeviceLists> {
        self.inner.copies.on(device, || (self.lists(), self.inner.transposed.as_ref()))
    }
}

impl Inner {
    fn new(clouds: PackedClouds, shape: KernelShape, run_count: usize, edges: usize) -> Self {
        Self {
            clouds,
            centres: None,
            shape,
            run_count,
            edges,
            lists: OnceLock::new(),
            transposed: None,
            counts: OnceLock::new(),
            #[cfg(feature = "cube")]
            copies: cube::Copies::default(),
        }
    }
}

impl fmt::Debug for Neighborhood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighborhood")
            .field("offsets", &self.inner.clouds.offsets())
            .field("shape", &self.inner.shape)
            .field("edges", &self.inner.edges)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Neighborhood {
    /// Same clouds, same shape, same neighbours.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
            || (self.centres().offsets() == other.centres().offsets() && self.lists() == other.lists())
    }
}

fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// The neighbourhoods that `device` finds itself, if it is a GPU.
#[cfg(feature = "cube")]
fn on_gpu(
    clouds: &PackedClouds,
    shapes: &[KernelShape],
    device: &Device,
) -> Result<Vec<Option<Neighborhood>>, NeighborError> {
    let Some(device) = gpu(device) else { return Ok(vec![None; shapes.len()]) };
    let found = cube::search(&device, clouds, shapes)?;
    let neighborhood = |(lists, shape): (Option<Arc<cube::DeviceLists>>, &KernelShape)| {
        lists.map(|lists| {
            let inner = Inner::new(clouds.clone(), *shape, lists.run_count(), lists.edges());
            inner.copies.insert(lists);
            Neighborhood { inner: Arc::new(inner) }
        })
    };
    Ok(found.into_iter().zip(shapes).map(neighborhood).collect())
}

#[cfg(not(feature = "cube"))]
fn on_gpu(
    _clouds: &PackedClouds,
    shapes: &[KernelShape],
    _device: &Device,
) -> Result<Vec<Option<Neighborhood>>, NeighborError> {
    Ok(vec![None; shapes.len()])
}

/// The GPU behind a device, if it is one.
#[cfg(feature = "cube")]
fn gpu(device: &Device) -> Option<burn_cubecl::CubeDevice> {
    use burn::backend::DispatchDevice;
    match device.clone().without_autodiff().as_dispatch() {
        DispatchDevice::Cube(device) => Some(device.clone()),
        _ => None,
    }
}
