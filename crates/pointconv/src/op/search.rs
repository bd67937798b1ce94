//! The search for neighbours, where the operator is going to read what it finds.

use burn::tensor::Device;
use neighbors::{KernelShape, NeighborError, Neighborhood, Search};

/// Builds the lists of several kernel shapes over the same points, for an operator that computes on `device`.
///
/// With [`Search::Auto`] a GPU finds the neighbours itself and keeps the lists: only the positions go there, and only the sizes
/// of the lists come back. They are the lists of [`Neighborhood::build_all`], rows in another order, and are copied to the host when
/// one of its tables is asked for. Kernels with the same cell edge share the grid.
///
/// The CPU builds the lists on every other device, for a search that is named ([`Search::Grid`], [`Search::KdTree`]), for
/// shells, for kernels of more than 512 cells, and for batches whose points do not fit into one table of the GPU (6.7 million
/// where that is 128 MiB); a GPU gets a copy when a layer first needs it.
///
/// # Shapes
/// `positions [P, 3]`, `offsets [B + 1]` from 0 to P, not decreasing; empty clouds are allowed.
///
/// # Errors
/// As [`Neighborhood::build`]; on a GPU also a point with more neighbours than fit into one table.
///
/// # Panics
/// When the device has no memory for the lists.
///
/// ```
/// use burn::tensor::Device;
/// use pointconv::{KernelShape, Search, search};
///
/// let positions = [[0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.2, 0.0]];
/// let layers = [1, 2].map(|dilation| KernelShape::cells(0.1).with_dilation([dilation; 3]));
/// let lists = search(&positions, &[0, 3], &layers, Search::Auto, &Device::flex())?;
/// assert_eq!([lists[0].edges(), lists[1].edges()], [5, 5]);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
pub fn search(
    positions: &[[f32; 3]],
    offsets: &[usize],
    shapes: &[KernelShape],
    search: Search,
    device: &Device,
) -> Result<Vec<Neighborhood>, NeighborError> {
    let mut found = match search {
        Search::Auto => on_gpu(positions, offsets, shapes, device)?,
        _ => vec![None; shapes.len()],
    };
    let missing: Vec<usize> = (0..shapes.len()).filter(|&place| found[place].is_none()).collect();
    let others: Vec<KernelShape> = missing.iter().map(|&place| shapes[place]).collect();
    // Where nothing is missing, the batch has been checked.
    if !missing.is_empty() || shapes.is_empty() {
        let built = Neighborhood::build_all(positions, offsets, &others, search)?;
        for (place, lists) in missing.into_iter().zip(built) {
            found[place] = Some(lists);
        }
    }
    Ok(found.into_iter().flatten().collect())
}

/// What `device` finds itself, if it is a GPU.
#[cfg(feature = "cube")]
fn on_gpu(
    positions: &[[f32; 3]],
    offsets: &[usize],
    shapes: &[KernelShape],
    device: &Device,
) -> Result<Vec<Option<Neighborhood>>, NeighborError> {
    use burn::backend::DispatchDevice;
    let device = device.clone().without_autodiff();
    match device.as_dispatch() {
        DispatchDevice::Cube(device) => {
            neighbors::check_batch(positions, offsets, shapes)?;
            super::cube::search(device, positions, offsets, shapes)
        }
        _ => Ok(vec![None; shapes.len()]),
    }
}

#[cfg(not(feature = "cube"))]
fn on_gpu(
    _positions: &[[f32; 3]],
    _offsets: &[usize],
    shapes: &[KernelShape],
    _device: &Device,
) -> Result<Vec<Option<Neighborhood>>, NeighborError> {
    Ok(vec![None; shapes.len()])
}
